//! Whether a connection can be used as it is: the same word on the person's page and in the admin API, found as an exchange
//! finds it ([`stands`]).

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use vouchsafe_identity_provider::{LoadedProvider, ProviderError, load_provider};
use vouchsafe_model::{
    Connection, ConnectionId, ConnectionState, ProviderId, ReconnectReason, User, UserId, UserStatus,
};
use vouchsafe_store::{StoreError, Tx, users};
use vouchsafe_vault::Vault;

use crate::authorization_server::AuthorizationServer;
use crate::leave::{is_locked, stands};

/// Whether a connection that is not revoked can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionStanding {
    /// It can.
    Usable,
    /// The person has to connect it again.
    NeedsConsent(ReconnectReason),
    /// The operator has switched the provider off.
    ProviderOff,
}

/// Why nothing is released from a connection, whoever has leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It is over.
    Revoked,
    /// Its user is disabled, or cannot be read.
    UserOff,
    /// Its provider is switched off, or cannot be read.
    ProviderOff,
    /// Its user has to connect it again.
    Reconnect(ReconnectReason),
}

impl Obstacle {
    /// As the admin API says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::UserOff => "user_off",
            Self::ProviderOff => "provider_off",
            Self::Reconnect(reason) => reason.as_str(),
        }
    }

    fn of(connection: &Connection, user: Option<&User>, provider: Option<&LoadedProvider>) -> Option<Self> {
        if matches!(connection.state, ConnectionState::Revoked { .. }) {
            return Some(Self::Revoked);
        }
        let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
            return Some(Self::UserOff);
        };
        match standing(provider, connection, user) {
            ConnectionStanding::Usable => None,
            ConnectionStanding::ProviderOff => Some(Self::ProviderOff),
            ConnectionStanding::NeedsConsent(reason) => Some(Self::Reconnect(reason)),
        }
    }
}

impl AuthorizationServer {
    /// What is in the way of each of these connections, by its id; one that can be used is not there.
    pub async fn obstacles(
        &self,
        connections: Vec<Connection>,
    ) -> Result<BTreeMap<ConnectionId, Obstacle>, StoreError> {
        let vault = self.vault.clone();
        let look = move |tx: &mut Tx<'_>| {
            let owners: BTreeSet<UserId> = connections.iter().map(|row| row.user_id.clone()).collect();
            let rows = users::by_ids(tx, &owners)?.into_iter();
            let users: Vec<User> = rows.filter_map(|row| vault.verify(row).ok()).collect();
            let ids: BTreeSet<&ProviderId> = connections.iter().map(|row| &row.provider_id).collect();
            let mut providers = Vec::new();
            for id in ids {
                providers.extend(provider_in_use(tx, &vault, id)?);
            }
            let obstacles = connections.iter().filter_map(|connection| {
                let user = users.iter().find(|user| user.id == connection.user_id);
                let provider = providers
                    .iter()
                    .find(|found| found.row.id == connection.provider_id);
                let obstacle = Obstacle::of(connection, user, provider)?;
                Some((connection.id.clone(), obstacle))
            });
            Ok(obstacles.collect())
        };
        self.store.read(look).await
    }
}

/// The same as an exchange would find, with the reason.
pub(crate) fn standing(
    provider: Option<&LoadedProvider>,
    connection: &Connection,
    user: &User,
) -> ConnectionStanding {
    let Some(provider) = provider else {
        return ConnectionStanding::ProviderOff;
    };
    match connection.state {
        ConnectionState::NeedsConsent { reason, .. } => ConnectionStanding::NeedsConsent(reason),
        _ if stands(connection, provider, user) => ConnectionStanding::Usable,
        _ if is_locked(connection, user) => {
            ConnectionStanding::NeedsConsent(ReconnectReason::CredentialsReset)
        }
        _ => ConnectionStanding::NeedsConsent(ReconnectReason::HostsChanged),
    }
}

/// The provider, if it is there, genuine, readable and switched on. What is connected there can be seen and ended in any
/// case.
pub(crate) fn provider_in_use(
    tx: &mut Tx<'_>,
    vault: &Vault,
    id: &ProviderId,
) -> Result<Option<LoadedProvider>, StoreError> {
    match load_provider(tx, vault, id) {
        Ok(provider) => Ok(provider),
        Err(ProviderError::Store(error)) if !matches!(error, StoreError::Corrupt { .. }) => Err(error),
        Err(error) => {
            tracing::error!(provider.id = %id, error = &error as &dyn Error, "a provider cannot be used");
            Ok(None)
        }
    }
}
