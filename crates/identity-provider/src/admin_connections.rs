//! What an administrator sees of connections. Never a token: no API returns one that is stored.

use vouchsafe_model::{Connection, ConnectionId, ConnectionState, EffectiveScope, ScopeBound, UnixMillis};
use vouchsafe_store::connections::ConnectionFilter;
use vouchsafe_store::{Page, StoreError, Tx, connections, upstream_grants};

use crate::identity_provider::IdentityProvider;
use crate::revocation::{RevokeAnswer, RevokeError};

/// One connection, as far as it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionDetail {
    /// The connection.
    pub connection: Connection,
    /// When it was last used, as far as that was noted.
    pub last_used: Option<UnixMillis>,
    /// What the provider granted; `None` when nothing is held of it any more.
    pub held: Option<ScopeBound>,
    /// What has become of it, once it is revoked.
    pub revocation: Option<RevokeAnswer>,
}

impl IdentityProvider {
    /// Up to `limit` connections in order of id, beginning behind `after`, each with its last use; a page may be short
    /// and still go on.
    pub async fn connections(
        &self,
        filter: ConnectionFilter,
        after: Option<ConnectionId>,
        limit: i64,
    ) -> Result<Page<(Connection, Option<UnixMillis>)>, StoreError> {
        let page = move |tx: &mut Tx<'_>| connections::page(tx, &filter, after.as_ref(), limit);
        self.inner().store.read(page).await
    }

    /// The connection of this id, whoever owns it.
    pub async fn connection(&self, id: &ConnectionId) -> Result<ConnectionDetail, RevokeError> {
        let id = id.clone();
        let find = move |tx: &mut Tx<'_>| -> Result<_, RevokeError> {
            let connection = connections::by_id(tx, &id)?.ok_or(RevokeError::NotFound)?;
            let last_used = connections::last_used(tx, &id)?;
            let grants = upstream_grants::of_connection(tx, &id)?;
            let scopes = grants.into_iter().map(|grant| bound(grant.scope));
            Ok((connection, last_used, scopes.reduce(|a, b| a.widen(&b))))
        };
        let (connection, last_used, held) = self.inner().store.read(find).await?;
        let revocation = match connection.state {
            ConnectionState::Revoked { .. } => Some(self.revocation_as_it_stands(&connection).await?),
            _ => None,
        };
        Ok(ConnectionDetail {
            connection,
            last_used,
            held,
            revocation,
        })
    }
}

/// What nobody knows counts as everything (AR-10).
fn bound(scope: EffectiveScope) -> ScopeBound {
    match scope {
        EffectiveScope::Known(scope) => ScopeBound::Scopes(scope),
        EffectiveScope::Unknown => ScopeBound::Everything,
    }
}
