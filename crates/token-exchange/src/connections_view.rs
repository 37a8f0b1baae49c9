//! What a person sees of everything that may be done in their name.

mod agents;
mod ended;

use vouchsafe_identity_provider::LoadedProvider;
use vouchsafe_model::{
    Client, ClientId, Connection, ConnectionId, ConnectionState, DelegationId, EffectiveScope, ProviderId,
    RevocationState, ScopeBound, UnixMillis, User,
};
use vouchsafe_oauth_types::Scope;
use vouchsafe_sign_in::SignedIn;
use vouchsafe_store::providers;
use vouchsafe_store::{
    Each, StoreError, Tx, access_tokens, clients, connections, interactions, upstream_grants,
};
use vouchsafe_vault::Vault;

use crate::authorization_server::AuthorizationServer;
use crate::interaction::InteractionView;
use crate::interaction_view;
use crate::usability::{ConnectionStanding, provider_in_use, standing};

/// How an agent stands with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentStanding {
    /// The person gave leave.
    Granted,
    /// An admin trusts it; the person may deny it.
    Trusted,
    /// The person gave leave, and an admin has since taken the agent or this provider away from it.
    Suspended,
    /// The leave has run out.
    Expired,
    /// The person denied it.
    Denied,
    /// The person took leave back.
    Withdrawn,
    /// The operator took it back.
    Revoked,
}

/// An agent beside a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentView {
    /// The person's decision, if there is one.
    pub delegation_id: Option<DelegationId>,
    /// `client_id`.
    pub client_id: ClientId,
    /// Its registered name.
    pub client_name: String,
    /// How much it may do: what the person allowed, within what the admin allows.
    pub scope: ScopeBound,
    /// How it stands.
    pub standing: AgentStanding,
    /// When the person decided.
    pub decided_at: Option<UnixMillis>,
    /// When the leave ends.
    pub expires_at: Option<UnixMillis>,
}

/// What tokens that were handed out may still do, whatever is done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Nothing.
    None,
    /// They end by themselves.
    Until(UnixMillis),
    /// Only the provider can end them.
    WithoutEnd,
}

/// A connection with its agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionView {
    /// The connection.
    pub connection: Connection,
    /// Name of the provider.
    pub provider_name: String,
    /// Whether it can be used.
    pub standing: ConnectionStanding,
    /// What the provider granted.
    pub held: ScopeBound,
    /// Last exchange.
    pub last_used: Option<UnixMillis>,
    /// Who may use it, or may no longer.
    pub agents: Vec<AgentView>,
    /// What tokens that were handed out may still do.
    pub exposure: Exposure,
}

/// A connection that is dead here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedView {
    /// Its id.
    pub id: ConnectionId,
    /// Name of the provider.
    pub provider_name: String,
    /// What the person called the account.
    pub account_label: Option<String>,
    /// When it ended here.
    pub at: UnixMillis,
    /// What the provider has done.
    pub state: RevocationState,
    /// Until when the provider is asked again.
    pub deadline_at: Option<UnixMillis>,
}

/// The whole page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionsView {
    /// Live connections.
    pub connections: Vec<ConnectionView>,
    /// Requests that wait.
    pub pending: Vec<InteractionView>,
    /// Connections that ended lately, or whose end the provider has not confirmed; newest first.
    pub ended: Vec<EndedView>,
    /// Providers that can be connected.
    pub connectable: Vec<(ProviderId, String)>,
    /// Whether something is left out because what is stored of it cannot be read. The log names each row.
    pub incomplete: bool,
}

impl AuthorizationServer {
    /// Everything that is connected, allowed and pending for this person.
    pub async fn connections_view(&self, signed_in: &SignedIn) -> Result<ConnectionsView, StoreError> {
        let (vault, user, now) = (self.vault.clone(), signed_in.user.clone(), self.clock.now());
        let mut look = Look {
            vault,
            user,
            now,
            incomplete: false,
        };
        self.store.read(move |tx| look.page(tx)).await
    }
}

/// One look at everything of a person.
struct Look {
    vault: Vault,
    user: User,
    now: UnixMillis,
    incomplete: bool,
}

impl Look {
    fn page(&mut self, tx: &mut Tx<'_>) -> Result<ConnectionsView, StoreError> {
        let clients = clients::all_readable(tx)?.into_iter();
        let clients: Vec<Client> = clients.filter_map(|row| self.vault.verify(row).ok()).collect();
        let all = self.readable(connections::each_of_user(tx, &self.user.id)?)?;
        let ended = self.ended(tx, &all)?;
        let mut live = Vec::new();
        for connection in all {
            if !matches!(connection.state, ConnectionState::Revoked { .. }) {
                let view = self.connection(tx, connection, &clients);
                live.extend(self.or_left_out(view)?);
            }
        }
        let mut pending = Vec::new();
        for interaction in self.readable(interactions::each_pending_of_user(tx, &self.user.id, self.now)?)? {
            // What cannot be read of one request hides no other.
            let moot = interaction_view::is_moot(tx, &self.vault, (&interaction, &self.user), self.now);
            if moot.unwrap_or(false) {
                continue;
            }
            pending.extend(interaction_view::view(tx, &self.vault, interaction).ok());
        }
        let mut connectable = Vec::new();
        for row in providers::all_readable(tx)? {
            let id = row.unverified().id.clone();
            let provider = provider_in_use(tx, &self.vault, &id)?;
            connectable.extend(provider.map(|provider| (id, provider.entry.display_name().to_owned())));
        }
        Ok(ConnectionsView {
            connections: live,
            pending,
            ended,
            connectable,
            incomplete: self.incomplete,
        })
    }

    /// What cannot be read hides nothing else, and trying again does not help: the page says that it is not all. Any
    /// other failure is one of the whole page.
    fn or_left_out<T>(&mut self, read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(error = %error, "something is left out of a person's page");
                self.incomplete = true;
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    fn readable<T>(&mut self, rows: Each<T>) -> Result<Vec<T>, StoreError> {
        let rows = rows.into_iter().map(|row| self.or_left_out(row));
        rows.filter_map(Result::transpose).collect()
    }

    fn connection(
        &mut self,
        tx: &mut Tx<'_>,
        connection: Connection,
        clients: &[Client],
    ) -> Result<ConnectionView, StoreError> {
        let provider = provider_in_use(tx, &self.vault, &connection.provider_id)?;
        let last_used = connections::last_used(tx, &connection.id)?;
        Ok(ConnectionView {
            provider_name: name_of(provider.as_ref(), &connection.provider_id),
            standing: standing(provider.as_ref(), &connection, &self.user),
            held: held(tx, &connection)?,
            agents: self.agents(tx, &connection, clients)?,
            // What was never handed out exposes nothing.
            exposure: match last_used {
                Some(_) => self.exposure(tx, &connection)?,
                None => Exposure::None,
            },
            last_used,
            connection,
        })
    }

    fn exposure(&self, tx: &mut Tx<'_>, connection: &Connection) -> Result<Exposure, StoreError> {
        let tokens = access_tokens::of_connection(tx, &connection.id)?;
        if tokens.iter().any(|token| token.expires_at.is_none()) {
            return Ok(Exposure::WithoutEnd);
        }
        let latest = tokens.iter().filter_map(|token| token.expires_at).max();
        let alive = latest.filter(|end| *end > self.now);
        Ok(alive.map_or(Exposure::None, Exposure::Until))
    }
}

/// What the provider granted, all grants together; what it did not tell counts as everything (AR-10).
fn held(tx: &mut Tx<'_>, connection: &Connection) -> Result<ScopeBound, StoreError> {
    let mut held = Scope::empty();
    for grant in upstream_grants::of_connection(tx, &connection.id)? {
        match grant.scope {
            EffectiveScope::Known(scope) => held = held.union(&scope),
            EffectiveScope::Unknown => return Ok(ScopeBound::Everything),
        }
    }
    Ok(ScopeBound::Scopes(held))
}

/// What has gone is named by its id.
fn name_of(provider: Option<&LoadedProvider>, id: &ProviderId) -> String {
    provider.map_or_else(
        || id.to_string(),
        |provider| provider.entry.display_name().to_owned(),
    )
}
