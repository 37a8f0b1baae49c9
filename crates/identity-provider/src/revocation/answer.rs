//! Telling what has become of a revocation.

use vouchsafe_model::{Connection, ConnectionState, RevocationState, UpstreamRevocation};
use vouchsafe_store::{Tx, connections, upstream_revocations};

use super::{RevokeAnswer, RevokeError, exposure};
use crate::identity_provider::IdentityProvider;
use crate::provider::load_any;

impl IdentityProvider {
    /// What has become of the revocation of a dead connection.
    pub(crate) async fn revocation_as_it_stands(
        &self,
        connection: &Connection,
    ) -> Result<RevokeAnswer, RevokeError> {
        self.revocation_answer(connection, exposure::Bounds::unknown())
            .await
    }

    pub(super) async fn revocation_answer(
        &self,
        connection: &Connection,
        bounds: exposure::Bounds,
    ) -> Result<RevokeAnswer, RevokeError> {
        let (this, connection) = (self.clone(), connection.clone());
        self.inner()
            .store
            .read(move |tx| this.answer_in(tx, &connection, bounds))
            .await
    }

    fn answer_in(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        bounds: exposure::Bounds,
    ) -> Result<RevokeAnswer, RevokeError> {
        let revocations = upstream_revocations::of_connection(tx, &connection.id)?;
        // With everything of somebody, and its turn has not come yet.
        let waits = connections::stored(tx, &connection.id)?
            .is_some_and(|stored| !matches!(stored.state, ConnectionState::Revoked { .. }));
        // The one of the connection is the last: replaced secrets went before it.
        let last: Option<&UpstreamRevocation> = revocations.last().filter(|_| !waits);
        let state = match last {
            Some(revocation) => revocation.state,
            None if waits => RevocationState::PendingUpstream,
            None => RevocationState::Abandoned,
        };
        let ended = state == RevocationState::RevokedUpstream && self.ends_access_tokens(tx, connection);
        let raw_releases_alive = if ended {
            Vec::new()
        } else {
            exposure::alive(tx, &connection.id, bounds, self.inner().clock.now())?
        };
        let unbounded = raw_releases_alive
            .iter()
            .any(|release| release.expires_at.is_none());
        let latest = raw_releases_alive
            .iter()
            .filter_map(|release| release.expires_at)
            .max();
        Ok(RevokeAnswer {
            connection_id: connection.id.clone(),
            state,
            reason: last.and_then(|revocation| revocation.reason.clone()),
            forgotten: !waits
                && revocations
                    .iter()
                    .all(|revocation| revocation.forgotten_at.is_some()),
            exposed_until: if unbounded { None } else { latest },
            raw_releases_alive,
        })
    }

    /// Whether a confirmed revocation ends tokens that are out, as far as the entry tells.
    fn ends_access_tokens(&self, tx: &mut Tx<'_>, connection: &Connection) -> bool {
        let provider = load_any(tx, &self.inner().vault, &connection.provider_id);
        provider
            .ok()
            .flatten()
            .is_some_and(|provider| provider.entry.revocable())
    }
}
