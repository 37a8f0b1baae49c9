//! Refreshing: never twice, never lost.
//!
//! 1. One flight per wanted token in this process; flights of one grant go one after the other; between processes the
//!    lease in the grant's row decides.
//! 2. A short transaction: is it still to be done, and with what (`prepare`). Keys are opened before the call.
//! 3. The provider is called with no database connection held (`call`).
//! 4. One transaction: the rotated refresh token by compare-and-set, the access token, the record (`commit`); or what
//!    the failure means (`failure`). A dead grant is believed only when the row still is the one that was sent. The
//!    refresh token of an answer that cannot be used otherwise is kept (`keep`).
//!
//! All of it runs in a task on the main runtime: a waiter that goes away cancels nothing.

mod call;
mod commit;
mod failure;
pub(crate) mod flight;
mod keep;
mod prepare;

use std::time::Duration;

use vouchsafe_model::{ConnectionId, ReconnectReason};
use vouchsafe_store::StoreError;

use crate::holdings::Want;
use crate::identity_provider::IdentityProvider;

/// Why there is no fresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// The user must connect again.
    #[error("the user must connect again")]
    NeedsConsent(ReconnectReason),
    /// It will pass; the grant is as good as before.
    #[error("the provider or the database could not answer")]
    Unavailable {
        /// How long the provider asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The operator must act; the grant is as good as before.
    #[error("the provider refuses this server, or its configuration cannot be used")]
    Misconfigured,
    /// The connection or the grant is not there any more.
    #[error("the connection is gone")]
    Gone,
    /// The provider cannot give less than the grant.
    #[error("the provider cannot give a narrower token")]
    CannotNarrow,
}

impl RefreshError {
    pub(crate) const fn unavailable() -> Self {
        Self::Unavailable { retry_after: None }
    }
}

impl From<StoreError> for RefreshError {
    fn from(_: StoreError) -> Self {
        Self::unavailable()
    }
}

impl IdentityProvider {
    /// Makes the wanted token fresh. Afterwards the caller reads again, and finds it warm. Callers that want the same
    /// share one call upstream.
    #[tracing::instrument(name = "refresh", skip_all, fields(connection.id = %connection))]
    pub async fn refresh(&self, connection: &ConnectionId, want: Want) -> Result<(), RefreshError> {
        let this = self.clone();
        let flight = self.inner().flights.join(&want, || {
            let (connection, want) = (connection.clone(), want.clone());
            async move { this.fly(&connection, &want).await }
        });
        flight.landed(&self.inner().tasks, &self.inner().handle).await
    }

    async fn fly(&self, connection: &ConnectionId, want: &Want) -> Result<(), RefreshError> {
        let turn = self.inner().flights.turn(&want.grant_id);
        let _turn = turn.lock().await;
        // A second pass when another replica, or the provider's grace, has changed what there is to do.
        for _ in 0..PASSES {
            let Some(ready) = self.prepare(connection, want).await? else {
                return Ok(());
            };
            match self.call(&ready).await {
                Ok(answered) => return self.commit(ready, answered).await,
                Err(refused) => {
                    if let failure::Next::End(error) = self.weigh(ready, refused).await? {
                        return Err(error);
                    }
                }
            }
        }
        Err(RefreshError::unavailable())
    }
}

const PASSES: usize = 2;
