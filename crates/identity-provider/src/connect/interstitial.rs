//! What the page before leaving shows (CL-06).

use vouchsafe_model::{
    Client, ClientId, ClientStatus, Connection, ConnectionId, DelegationDecision, EffectiveScope, ProviderId,
    ScopeBound, User,
};
use vouchsafe_oauth_types::Scope;
use vouchsafe_store::{Tx, clients, connections, delegations, revoked_access, upstream_grants};

use super::ConnectError;
use super::begin::{own_connection, scope_to_ask};
use crate::identity_provider::IdentityProvider;
use crate::provider::{LoadedProvider, load_provider};

/// What a person sees before leaving for a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterstitialView {
    /// The provider, for people.
    pub provider_name: String,
    /// Everything that will be asked for, technical scopes included.
    pub scopes: Scope,
    /// Clients that can do more once this is granted; for a new account, those that an admin trusts.
    pub widens: Vec<WidenedClient>,
    /// The account being renewed. It is the provider's text: escape it.
    pub account_label: Option<String>,
}

/// A client whose power grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WidenedClient {
    /// `client_id`
    pub client_id: ClientId,
    /// `client_name`
    pub client_name: String,
}

impl From<Client> for WidenedClient {
    fn from(client: Client) -> Self {
        Self {
            client_id: client.id,
            client_name: client.name,
        }
    }
}

impl IdentityProvider {
    /// Describes the flow that [`IdentityProvider::begin`] would start with the same arguments.
    pub async fn interstitial(
        &self,
        user: &User,
        provider_id: &ProviderId,
        scope: Option<&Scope>,
        reconnect: Option<&ConnectionId>,
    ) -> Result<InterstitialView, ConnectError> {
        let (this, user, provider_id) = (self.clone(), user.clone(), provider_id.clone());
        let (scope, reconnect) = (scope.cloned(), reconnect.cloned());
        let view = move |tx: &mut Tx<'_>| {
            let vault = &this.inner().vault;
            let provider = load_provider(tx, vault, &provider_id)?.ok_or(ConnectError::ProviderNotFound)?;
            let renewed = match &reconnect {
                Some(id) => Some(own_connection(tx, &user.id, &provider_id, id)?),
                None => None,
            };
            let held = match &renewed {
                Some(connection) => vec![connection.clone()],
                None => connections::live_of_user_provider(tx, &user.id, &provider_id)?,
            };
            let asked = scope_to_ask(tx, &provider, scope.as_ref(), &held)?;
            this.described(tx, &provider, &asked, renewed.as_ref())
        };
        self.inner().store.read(view).await
    }

    /// The same in the caller's transaction: what connecting a new account, or renewing this one, would ask for, and
    /// whom it gives more.
    pub fn journey(
        &self,
        tx: &mut Tx<'_>,
        provider: &LoadedProvider,
        scope: Option<&Scope>,
        renewed: Option<&Connection>,
    ) -> Result<InterstitialView, ConnectError> {
        let held = renewed.map(std::slice::from_ref).unwrap_or_default();
        let asked = scope_to_ask(tx, provider, scope, held)?;
        self.described(tx, provider, &asked, renewed)
    }

    fn described(
        &self,
        tx: &mut Tx<'_>,
        provider: &LoadedProvider,
        asked: &Scope,
        renewed: Option<&Connection>,
    ) -> Result<InterstitialView, ConnectError> {
        let widens = match renewed {
            Some(connection) => self.widened(tx, connection, asked)?,
            None => self.trusted(tx, &provider.row.id)?,
        };
        Ok(InterstitialView {
            provider_name: provider.entry.display_name().to_owned(),
            scopes: provider.entry.requested_scope(asked),
            widens,
            account_label: renewed.and_then(|connection| connection.account_label.clone()),
        })
    }

    /// Clients with an admin's trusted mark: a new account is theirs to use without another question.
    fn trusted(&self, tx: &mut Tx<'_>, provider_id: &ProviderId) -> Result<Vec<WidenedClient>, ConnectError> {
        let mut trusted = self.active_clients(tx)?;
        trusted.retain(|client| {
            client
                .ceiling(provider_id)
                .is_some_and(|ceiling| ceiling.trusted.is_some())
        });
        Ok(trusted.into_iter().map(WidenedClient::from).collect())
    }

    fn active_clients(&self, tx: &mut Tx<'_>) -> Result<Vec<Client>, ConnectError> {
        let all = clients::all_readable(tx)?.into_iter();
        let genuine = all.filter_map(|tagged| self.inner().vault.verify(tagged).ok());
        Ok(genuine
            .filter(|client| client.status == ClientStatus::Active)
            .collect())
    }

    /// Clients that may use the connection now.
    pub(super) fn may_use(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
    ) -> Result<Vec<WidenedClient>, ConnectError> {
        self.with_power(tx, connection, |_| true)
    }

    /// Clients that may use the connection now and are not held back by the scopes they were given.
    fn widened(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        asked: &Scope,
    ) -> Result<Vec<WidenedClient>, ConnectError> {
        let added = added(tx, connection, asked)?;
        let grows = |bound: ScopeBound| match &bound {
            ScopeBound::Everything => !added.is_empty(),
            ScopeBound::Scopes(scope) => !scope.intersection(&added).is_empty(),
        };
        self.with_power(tx, connection, grows)
    }

    /// Clients whose power over the connection is as wanted: what its user allowed, and an admin's trusted mark.
    fn with_power(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        wanted: impl Fn(ScopeBound) -> bool,
    ) -> Result<Vec<WidenedClient>, ConnectError> {
        let (vault, now) = (&self.inner().vault, self.inner().clock.now());
        let decided = delegations::of_connection(tx, &connection.id)?;
        let mut widened = Vec::new();
        for client in self.active_clients(tx)? {
            let revoked = revoked_access::of_client(tx, &client.id)?;
            let own = decided
                .iter()
                .find(|row| row.unverified().client_id == client.id)
                .map(|row| vault.verify(row.clone()));
            let trusted = client
                .ceiling(&connection.provider_id)
                .and_then(|ceiling| ceiling.trusted.as_ref())
                .filter(|_| !revoked_access::covers(revoked, connection.created_at));
            // As the exchange has it: a decision beats a mark, also when its time is over or its row is not genuine.
            let power = match &own {
                Some(Ok(own)) => Some(&own.scope)
                    .filter(|_| {
                        own.decision == DelegationDecision::Granted
                            && own.expires_at.is_none_or(|end| end > now)
                            && !revoked_access::covers(revoked, own.decided_at)
                    })
                    .map(|scope| trusted.map_or_else(|| scope.clone(), |trusted| scope.widen(trusted))),
                Some(Err(_)) => None,
                None => trusted.cloned(),
            };
            if power.is_some_and(&wanted) {
                widened.push(client.into());
            }
        }
        Ok(widened)
    }
}

/// What is asked for and not yet held.
fn added(tx: &mut Tx<'_>, connection: &Connection, asked: &Scope) -> Result<Scope, ConnectError> {
    let mut held = Scope::empty();
    for grant in upstream_grants::of_connection(tx, &connection.id)? {
        if let EffectiveScope::Known(scope) = grant.scope {
            held = held.union(&scope);
        }
    }
    Ok(asked.difference(&held))
}
