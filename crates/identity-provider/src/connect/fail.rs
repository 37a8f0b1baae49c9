//! Ending a flow without a connection.

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{ClientId, ConnectAttempt, ConnectAttemptState};
use vouchsafe_store::{StoreError, Tx, connect_attempts};

use super::ConnectError;
use super::redeem::Redeemed;
use crate::identity_provider::{IdentityProvider, pseudonym};

impl IdentityProvider {
    /// Ends an attempt that has brought no tokens.
    pub(super) async fn fail(
        &self,
        attempt: ConnectAttempt,
        error: ConnectError,
        origin: Origin,
    ) -> ConnectError {
        let (this, reason) = (self.clone(), error.reason());
        let written = self
            .persist(move |tx| this.end_in(tx, &attempt, reason, &origin))
            .await;
        if let Err(failure) = written {
            tracing::error!(error = %failure, "a failed connect attempt could not be written down");
        }
        error
    }

    /// Ends an attempt whose tokens nobody may use: they are revoked upstream where that kills nothing else (AR-13),
    /// and destroyed here.
    pub(super) async fn fail_unclaimed(&self, redeemed: Redeemed, error: ConnectError) -> ConnectError {
        let (this, reason) = (self.clone(), error.reason());
        let written = self
            .persist(move |tx| {
                let now = this.inner().clock.now();
                if !connect_attempts::finish(tx, &redeemed.attempt.id, ConnectAttemptState::Failed, now)? {
                    return Ok(());
                }
                this.revoke_unclaimed(tx, &redeemed)?;
                let event = failed(tx, &redeemed.attempt, reason)?;
                this.inner().ledger.append(tx, redeemed.origin.note(event))?;
                Ok::<_, StoreError>(())
            })
            .await;
        if let Err(failure) = written {
            tracing::error!(error = %failure, "a failed connect attempt could not be written down");
        }
        self.inner().new_job.notify_one();
        error
    }

    /// As [`IdentityProvider::fail`], within a transaction.
    pub(super) fn fail_in(
        &self,
        tx: &mut Tx<'_>,
        attempt: &ConnectAttempt,
        error: &ConnectError,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        self.end_in(tx, attempt, error.reason(), origin)
    }

    fn end_in(
        &self,
        tx: &mut Tx<'_>,
        attempt: &ConnectAttempt,
        reason: &'static str,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let now = self.inner().clock.now();
        if connect_attempts::finish(tx, &attempt.id, ConnectAttemptState::Failed, now)? {
            let event = failed(tx, attempt, reason)?;
            self.inner().ledger.append(tx, origin.note(event))?;
        }
        Ok(())
    }
}

/// What the record says of an attempt without a connection.
pub(super) fn failed(
    tx: &mut Tx<'_>,
    attempt: &ConnectAttempt,
    reason: &'static str,
) -> Result<Event, StoreError> {
    Ok(Event::new(EventKind::ConnectFailed)
        .user(&pseudonym(tx, &attempt.user_id)?)
        .fact("attempt_id", attempt.id.as_str())
        .fact("provider_id", attempt.provider_id.as_str())
        .fact("session_id", attempt.session_id.as_str())
        .fact("reason", reason)
        .fact_if("client_id", attempt.client_id.as_ref().map(ClientId::as_str)))
}
