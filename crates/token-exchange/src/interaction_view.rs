//! What a person sees behind an interaction link.

use vouchsafe_identity_provider::{
    IdentityProvider, InterstitialView, LoadedProvider, ProviderError, load_provider,
};
use vouchsafe_model::{
    Client, ClientStatus, Connection, EffectiveScope, Interaction, InteractionState, ProviderId, ScopeBound,
    UnixMillis, User,
};
use vouchsafe_oauth_types::InteractionReason;
use vouchsafe_sign_in::SignedIn;
use vouchsafe_store::{
    StoreError, Tx, clients, connections, interactions, revoked_access, upstream_grants, users,
};
use vouchsafe_vault::Vault;

use crate::authorization_server::AuthorizationServer;
use crate::interaction::{AnsweredView, ConnectionChoice, InteractionRefusal, InteractionView};
use crate::leave::{self, Question, stands};

impl AuthorizationServer {
    /// The view of one interaction, for the user it was made for and nobody else. Looking changes nothing.
    pub async fn interaction(
        &self,
        id: &str,
        signed_in: &SignedIn,
    ) -> Result<InteractionView, InteractionRefusal> {
        let (vault, user, now) = (self.vault.clone(), signed_in.user.clone(), self.clock.now());
        let (id, identity_provider) = (id.to_owned(), self.identity_provider.clone());
        let mut view = self
            .store
            .read(move |tx| {
                let interaction = pending(tx, &id, &user, now)?;
                let view = view(tx, &vault, interaction)?;
                let provider = provider(tx, &vault, &view.provider_id)?;
                view.with_journeys(tx, &identity_provider, &provider)
            })
            .await?;
        view.sign_in_again = !self.sign_in.is_recent(&signed_in.session);
        Ok(view)
    }

    /// What this user answered; `None` when there is no such answer of theirs.
    pub async fn answered_interaction(
        &self,
        id: &str,
        signed_in: &SignedIn,
    ) -> Result<Option<AnsweredView>, StoreError> {
        let (vault, user) = (self.vault.clone(), signed_in.user.id.clone());
        let Ok(id) = id.parse() else { return Ok(None) };
        self.store
            .read(move |tx| {
                let interaction = interactions::by_id(tx, &id)?.filter(|found| found.user_id == user);
                let Some(interaction) = interaction.filter(|found| found.state != InteractionState::Pending)
                else {
                    return Ok(None);
                };
                // What has gone since is named by its id.
                let client = clients::by_id(tx, &interaction.client_id)?;
                let client = client.and_then(|row| vault.verify(row).ok());
                let provider = load_provider(tx, &vault, &interaction.provider_id).ok().flatten();
                Ok(Some(AnsweredView {
                    client_name: client
                        .map_or_else(|| interaction.client_id.to_string(), |client| client.name),
                    provider_name: provider.map_or_else(
                        || interaction.provider_id.to_string(),
                        |provider| provider.entry.display_name().to_owned(),
                    ),
                    approved: interaction.state == InteractionState::Approved,
                }))
            })
            .await
    }
}

impl InteractionView {
    /// Where each choice leads: what the provider will be asked for, and whom that gives more besides the agent that
    /// asks.
    fn with_journeys(
        mut self,
        tx: &mut Tx<'_>,
        identity_provider: &IdentityProvider,
        provider: &LoadedProvider,
    ) -> Result<Self, InteractionRefusal> {
        let scope = match &self.scope {
            ScopeBound::Everything => None,
            ScopeBound::Scopes(scope) => Some(scope),
        };
        let asks = &self.client_id;
        let others = |mut journey: InterstitialView| {
            journey.widens.retain(|client| client.client_id != *asks);
            journey
        };
        for choice in self.connections.iter_mut().filter(|choice| !choice.sufficient) {
            let connection = connections::by_id(tx, &choice.id)?;
            let journey = identity_provider.journey(tx, provider, scope, connection.as_ref())?;
            choice.journey = Some(others(journey));
        }
        self.new_account = Some(others(identity_provider.journey(tx, provider, scope, None)?));
        Ok(self)
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
    if interaction.expires_at <= now || is_over(tx, &interaction)? {
        return Err(InteractionRefusal::Expired);
    }
    Ok(interaction)
}

/// Whether the client asked before everything of it was revoked: what it wanted then counts no more.
fn is_over(tx: &mut Tx<'_>, interaction: &Interaction) -> Result<bool, StoreError> {
    let revoked = revoked_access::of_client(tx, &interaction.client_id)?;
    Ok(revoked_access::covers(revoked, interaction.created_at))
}

/// Fills in names and choices.
pub(crate) fn view(
    tx: &mut Tx<'_>,
    vault: &Vault,
    interaction: Interaction,
) -> Result<InteractionView, InteractionRefusal> {
    let client = client(tx, vault, &interaction)?;
    let provider = provider(tx, vault, &interaction.provider_id)?;
    let user = user(tx, vault, &interaction)?;
    let mut choices = Vec::new();
    for connection in connections::live_of_user_provider(tx, &interaction.user_id, &interaction.provider_id)?
    {
        choices.push(ConnectionChoice {
            label: connection
                .account_label
                .clone()
                .unwrap_or_else(|| connection.account_id.clone()),
            sufficient: stands(&connection, &provider, &user) && can_do(tx, &connection, &interaction.scope)?,
            journey: None,
            id: connection.id,
        });
    }
    // False comes first; the sort keeps the rest in order.
    choices.sort_by_key(|choice| {
        let named = interaction
            .account
            .as_ref()
            .is_some_and(|account| choice.label == *account);
        (interaction.connection_id.as_ref() != Some(&choice.id), !named)
    });
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
        new_account: None,
        expires_at: interaction.expires_at,
        sign_in_again: false,
    })
}

fn provider(tx: &mut Tx<'_>, vault: &Vault, id: &ProviderId) -> Result<LoadedProvider, InteractionRefusal> {
    match load_provider(tx, vault, id) {
        Ok(provider) => provider.ok_or(InteractionRefusal::NotFound),
        Err(ProviderError::Store(error)) => Err(error.into()),
        Err(_) => Err(InteractionRefusal::NotFound),
    }
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

/// Whether nothing is left to decide: what is asked for was allowed meanwhile, or the client may not have it any more.
pub(crate) fn is_moot(
    tx: &mut Tx<'_>,
    vault: &Vault,
    (interaction, user): (&Interaction, &User),
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let client = clients::by_id(tx, &interaction.client_id)?.and_then(|row| vault.verify(row).ok());
    let ceiling = client
        .filter(|client| client.status == ClientStatus::Active)
        .and_then(|client| client.ceiling(&interaction.provider_id).cloned())
        .filter(|ceiling| ceiling.scope.includes(&interaction.scope));
    let Some(ceiling) = ceiling else {
        return Ok(true);
    };
    if is_over(tx, interaction)? {
        return Ok(true);
    }
    let Ok(Some(provider)) = load_provider(tx, vault, &interaction.provider_id) else {
        return Ok(false);
    };
    let leaves = leave::of(
        tx,
        vault,
        &Question {
            user_id: &interaction.user_id,
            client_id: &interaction.client_id,
            provider_id: &interaction.provider_id,
            ceiling: &ceiling,
            now,
        },
    )?;
    let several = interaction.reason == InteractionReason::AccountSelection && leaves.len() > 1;
    for leave in leaves.iter().filter(|_| !several) {
        let connection = interaction.connection_id.as_ref();
        let named = connection.is_none_or(|id| *id == leave.connection.id);
        if named
            && leave.scope.includes(&interaction.scope)
            && stands(&leave.connection, &provider, user)
            && can_do(tx, &leave.connection, &interaction.scope)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a connection holds a grant that can do what is asked.
fn can_do(tx: &mut Tx<'_>, connection: &Connection, asked: &ScopeBound) -> Result<bool, StoreError> {
    let grants = upstream_grants::of_connection(tx, &connection.id)?;
    Ok(grants.iter().any(|grant| match (asked, &grant.scope) {
        (ScopeBound::Everything, _) => true,
        (ScopeBound::Scopes(asked), EffectiveScope::Known(power)) => asked.is_subset(power),
        (ScopeBound::Scopes(_), EffectiveScope::Unknown) => false,
    }))
}
