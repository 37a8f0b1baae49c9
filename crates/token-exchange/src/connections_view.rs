//! What a person sees of everything that may be done in their name.

use vouchsafe_identity_provider::{LoadedProvider, ProviderError, load_provider};
use vouchsafe_model::{
    Client, ClientId, ClientStatus, Connection, ConnectionState, DelegationDecision, DelegationId,
    ProviderId, ScopeBound, UnixMillis, User,
};
use vouchsafe_sign_in::SignedIn;
use vouchsafe_store::{
    StoreError, Tx, access_tokens, clients, connections, delegations, interactions, providers,
};
use vouchsafe_vault::Vault;

use crate::authorization_server::AuthorizationServer;
use crate::interaction::InteractionView;
use crate::interaction_view;

/// How an agent stands with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentStanding {
    /// The person gave leave.
    Granted,
    /// An admin trusts it; the person may deny it.
    Trusted,
    /// The person denied it.
    Denied,
    /// The person took leave back.
    Withdrawn,
}

/// An agent beside a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a view: each field is what its name says")]
pub struct AgentView {
    pub delegation_id: Option<DelegationId>,
    pub client_id: ClientId,
    pub client_name: String,
    pub scope: ScopeBound,
    pub standing: AgentStanding,
    pub expires_at: Option<UnixMillis>,
}

/// A connection with its agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionView {
    /// The connection.
    pub connection: Connection,
    /// Name of the provider.
    pub provider_name: String,
    /// Last exchange.
    pub last_used: Option<UnixMillis>,
    /// Who may use it, or may no longer.
    pub agents: Vec<AgentView>,
    /// Until when tokens that were handed out may still work, whatever is done here.
    pub exposed_until: Option<UnixMillis>,
}

/// The whole page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionsView {
    /// Live connections.
    pub connections: Vec<ConnectionView>,
    /// Requests that wait.
    pub pending: Vec<InteractionView>,
    /// Providers that can be connected.
    pub connectable: Vec<(ProviderId, String)>,
}

impl AuthorizationServer {
    /// Everything that is connected, allowed and pending for this person.
    pub async fn connections_view(&self, signed_in: &SignedIn) -> Result<ConnectionsView, StoreError> {
        let (vault, user, now) = (self.vault.clone(), signed_in.user.clone(), self.clock.now());
        self.store.read(move |tx| page(tx, &vault, &user, now)).await
    }
}

fn page(tx: &mut Tx<'_>, vault: &Vault, user: &User, now: UnixMillis) -> Result<ConnectionsView, StoreError> {
    let clients: Vec<Client> = clients::all(tx)?
        .into_iter()
        .filter_map(|row| vault.verify(row).ok())
        .collect();
    let mut live = Vec::new();
    for connection in connections::of_user(tx, &user.id)? {
        if !matches!(connection.state, ConnectionState::Revoked { .. }) {
            live.push(connection_view(tx, vault, connection, (&clients, now))?);
        }
    }
    let mut pending = Vec::new();
    for interaction in interactions::pending_of_user(tx, &user.id, now)? {
        pending.extend(interaction_view::view(tx, vault, interaction).ok());
    }
    let mut connectable = Vec::new();
    for row in providers::all(tx)? {
        let id = row.unverified().id.clone();
        connectable
            .extend(usable(tx, vault, &id)?.map(|provider| (id, provider.entry.display_name().to_owned())));
    }
    Ok(ConnectionsView {
        connections: live,
        pending,
        connectable,
    })
}

fn connection_view(
    tx: &mut Tx<'_>,
    vault: &Vault,
    connection: Connection,
    (clients, now): (&[Client], UnixMillis),
) -> Result<ConnectionView, StoreError> {
    let mut agents = Vec::new();
    let rows = delegations::of_connection(tx, &connection.id)?;
    for row in rows {
        let Ok(delegation) = vault.verify(row) else {
            continue;
        };
        let name = clients.iter().find(|client| client.id == delegation.client_id);
        agents.push(AgentView {
            client_name: name.map_or_else(|| delegation.client_id.to_string(), |client| client.name.clone()),
            client_id: delegation.client_id,
            scope: delegation.scope,
            standing: match delegation.decision {
                DelegationDecision::Granted => AgentStanding::Granted,
                DelegationDecision::Denied => AgentStanding::Denied,
                DelegationDecision::Withdrawn => AgentStanding::Withdrawn,
            },
            expires_at: delegation.expires_at,
            delegation_id: Some(delegation.id),
        });
    }
    for client in clients
        .iter()
        .filter(|client| client.status == ClientStatus::Active)
    {
        let trusted = client
            .ceiling(&connection.provider_id)
            .and_then(|ceiling| ceiling.trusted.clone());
        if let Some(scope) = trusted
            && agents.iter().all(|agent| agent.client_id != client.id)
        {
            agents.push(AgentView {
                delegation_id: None,
                client_id: client.id.clone(),
                client_name: client.name.clone(),
                scope,
                standing: AgentStanding::Trusted,
                expires_at: None,
            });
        }
    }
    let tokens = access_tokens::of_connection(tx, &connection.id)?;
    let exposed_until = tokens
        .iter()
        .filter_map(|token| token.expires_at)
        .filter(|at| *at > now)
        .max();
    let last_used = connections::last_used(tx, &connection.id)?;
    let provider = usable(tx, vault, &connection.provider_id)?;
    Ok(ConnectionView {
        provider_name: provider.map_or_else(
            || connection.provider_id.to_string(),
            |provider| provider.entry.display_name().to_owned(),
        ),
        last_used,
        agents,
        // What was never handed out exposes nothing.
        exposed_until: last_used.and(exposed_until),
        connection,
    })
}

fn usable(tx: &mut Tx<'_>, vault: &Vault, id: &ProviderId) -> Result<Option<LoadedProvider>, StoreError> {
    match load_provider(tx, vault, id) {
        Ok(provider) => Ok(provider),
        Err(ProviderError::Store(error)) => Err(error),
        Err(_) => Ok(None),
    }
}
