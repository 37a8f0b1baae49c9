//! What one try of a revocation has brought, and writing it down.

use std::time::Duration;

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{RevocationState, UpstreamRevocation};
use vouchsafe_store::{StoreError, Tx, upstream_revocations};

use crate::identity_provider::{IdentityProvider, Transient as _, pseudonym};

/// What one try has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The provider says that everything is dead.
    Revoked,
    /// Not yet.
    Pending {
        reason: &'static str,
        after: Option<Duration>,
    },
    /// Never.
    Abandoned { reason: &'static str },
}

impl IdentityProvider {
    pub(super) async fn write_verdict(
        &self,
        revocation: UpstreamRevocation,
        verdict: Verdict,
    ) -> Result<(), StoreError> {
        let this = self.clone();
        let written = self
            .persist(move |tx| this.write_in(tx, &revocation, verdict))
            .await;
        if let Err(error) = &written {
            tracing::error!(error = %error, transient = error.is_transient(), "a revocation could not be written down");
        }
        written
    }

    /// The secrets and their key go in the same transaction as the state that ends them.
    fn write_in(
        &self,
        tx: &mut Tx<'_>,
        old: &UpstreamRevocation,
        verdict: Verdict,
    ) -> Result<(), StoreError> {
        let now = self.inner().clock.now();
        // Two workers may run the same job when a lease has run out: one of them says what became of it.
        let current = upstream_revocations::by_id(tx, &old.id)?;
        if current.is_none_or(|current| current.forgotten_at.is_some()) {
            return Ok(());
        }
        let (state, reason) = match verdict {
            Verdict::Revoked => (RevocationState::RevokedUpstream, None),
            Verdict::Pending { reason, .. } => (RevocationState::PendingUpstream, Some(reason)),
            Verdict::Abandoned { reason } => (RevocationState::Abandoned, Some(reason)),
        };
        let revocation = UpstreamRevocation {
            state,
            reason: reason.map(str::to_owned),
            attempts: old.attempts + 1,
            ..old.clone()
        };
        upstream_revocations::update(tx, &revocation)?;
        if state == RevocationState::PendingUpstream {
            return Ok(());
        }
        upstream_revocations::forget(tx, &revocation.id, now)?;
        let event = Event::new(EventKind::UpstreamRevocation)
            .user(&pseudonym(tx, &revocation.user_id)?)
            .fact("revocation_id", revocation.id.as_str())
            .fact("connection_id", revocation.connection_id.as_str())
            .fact("provider_id", revocation.provider_id.as_str())
            .fact("state", state.as_str())
            .fact("attempts", revocation.attempts)
            .fact("forgotten", true)
            .fact_if("reason", reason)
            .upstream_revocation(&revocation);
        self.inner().ledger.append(tx, event)?;
        Ok(())
    }
}
