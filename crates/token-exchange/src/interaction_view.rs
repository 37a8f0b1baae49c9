//! What a person sees behind an interaction link.

use vouchsafe_identity_provider::{ProviderError, load_provider};
use vouchsafe_model::{
    Client, ClientStatus, Connection, ConnectionState, EffectiveScope, Interaction, InteractionState,
    ScopeBound, UnixMillis, User,
};
use vouchsafe_sign_in::SignedIn;
use vouchsafe_store::{Tx, clients, connections, interactions, upstream_grants, users};
use vouchsafe_vault::Vault;

use crate::authorization_server::AuthorizationServer;
use crate::interaction::{ConnectionChoice, InteractionRefusal, InteractionView};
use crate::leave::stands;

impl AuthorizationServer {
    /// The view of one interaction, for the user it was made for and nobody else. Looking changes nothing.
    pub async fn interaction(
        &self,
        id: &str,
        signed_in: &SignedIn,
    ) -> Result<InteractionView, InteractionRefusal> {
        let (vault, user, now) = (self.vault.clone(), signed_in.user.clone(), self.clock.now());
        let id = id.to_owned();
        let mut view = self
            .store
            .read(move |tx| {
                let interaction = pending(tx, &id, &user, now)?;
                view(tx, &vault, interaction)
            })
            .await?;
        view.sign_in_again = !self.sign_in.is_recent(&signed_in.session);
        Ok(view)
    }
}

/// The interaction, if it is this user's and still waits.
pub(crate) fn pending(
    tx: &mut Tx<'_>,
    id: &str,
    user: &User,
    now: UnixMillis,
) -> Result<Interaction, InteractionRefusal> {
    let id = id.parse().map_err(|_| InteractionRefusal::NotFound)?;
    let interaction = interactions::by_id(tx, &id)?
        .filter(|interaction| interaction.user_id == user.id)
        .ok_or(InteractionRefusal::NotFound)?;
    if interaction.state != InteractionState::Pending {
        return Err(InteractionRefusal::Decided);
    }
    if interaction.expires_at <= now {
        return Err(InteractionRefusal::Expired);
    }
    Ok(interaction)
}

/// Fills in names and choices.
pub(crate) fn view(
    tx: &mut Tx<'_>,
    vault: &Vault,
    interaction: Interaction,
) -> Result<InteractionView, InteractionRefusal> {
    let client = client(tx, vault, &interaction)?;
    let provider = match load_provider(tx, vault, &interaction.provider_id) {
        Ok(provider) => provider.ok_or(InteractionRefusal::NotFound)?,
        Err(ProviderError::Store(error)) => return Err(error.into()),
        Err(_) => return Err(InteractionRefusal::NotFound),
    };
    let user = user(tx, vault, &interaction)?;
    let mut choices = Vec::new();
    for connection in connections::of_user_provider(tx, &interaction.user_id, &interaction.provider_id)? {
        if matches!(connection.state, ConnectionState::Revoked { .. }) {
            continue;
        }
        choices.push(ConnectionChoice {
            label: connection
                .account_label
                .clone()
                .unwrap_or_else(|| connection.account_id.clone()),
            sufficient: stands(&connection, &provider, &user) && can_do(tx, &connection, &interaction.scope)?,
            id: connection.id,
        });
    }
    Ok(InteractionView {
        client_name: client.name,
        provider_name: provider.entry.display_name().to_owned(),
        id: interaction.id,
        client_id: interaction.client_id,
        provider_id: interaction.provider_id,
        scope: interaction.scope,
        reason: interaction.reason,
        account: interaction.account,
        connections: choices,
        expires_at: interaction.expires_at,
        sign_in_again: false,
    })
}

/// The client of an interaction, if it is genuine and may do anything.
fn client(tx: &mut Tx<'_>, vault: &Vault, interaction: &Interaction) -> Result<Client, InteractionRefusal> {
    let row = clients::by_id(tx, &interaction.client_id)?.ok_or(InteractionRefusal::NotFound)?;
    let client = vault.verify(row).map_err(|_| InteractionRefusal::NotFound)?;
    if client.status == ClientStatus::Active {
        Ok(client)
    } else {
        Err(InteractionRefusal::NotFound)
    }
}

fn user(tx: &mut Tx<'_>, vault: &Vault, interaction: &Interaction) -> Result<User, InteractionRefusal> {
    let row = users::by_id(tx, &interaction.user_id)?.ok_or(InteractionRefusal::NotFound)?;
    vault.verify(row).map_err(|_| InteractionRefusal::NotFound)
}

/// Whether a connection holds a grant that can do what is asked.
fn can_do(tx: &mut Tx<'_>, connection: &Connection, asked: &ScopeBound) -> Result<bool, InteractionRefusal> {
    let grants = upstream_grants::of_connection(tx, &connection.id)?;
    Ok(grants.iter().any(|grant| match (asked, &grant.scope) {
        (ScopeBound::Everything, _) => true,
        (ScopeBound::Scopes(asked), EffectiveScope::Known(power)) => asked.is_subset(power),
        (ScopeBound::Scopes(_), EffectiveScope::Unknown) => false,
    }))
}
