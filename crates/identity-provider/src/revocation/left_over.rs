//! What a sweep came to and could not write down: a row that is damaged, as a rule. It hides no other, so the sweep goes
//! on, and each such row is tried again by itself until somebody has put it right. Dead it is meanwhile, too.

use std::error::Error;
use std::fmt::Display;

use vouchsafe_model::{ConnectionId, DelegationId};
use vouchsafe_store::{StoreError, Tx, jobs};

use super::RevokeError;
use crate::identity_provider::IdentityProvider;
use crate::jobs::{Outcome, new_job};

/// `kind` of the job; its payload is the id of a connection or of a delegation.
pub(crate) const LEFT_OVER_JOB: &str = "sweep_left_over";

impl IdentityProvider {
    /// One try of one row.
    pub(crate) async fn sweep_left_over(&self, id: &str, attempts: i32) -> Outcome {
        let swept = if let Ok(connection) = id.parse::<ConnectionId>() {
            self.revoke_with_all(connection).await
        } else if let Ok(delegation) = id.parse::<DelegationId>() {
            self.take_back(delegation).await
        } else {
            return Outcome::Dead;
        };
        match swept {
            // What is gone needs nothing any more.
            Ok(()) | Err(RevokeError::NotFound) => Outcome::Done,
            Err(error) => {
                log(&id, &error);
                Outcome::retry(attempts, None)
            }
        }
    }

    /// Says which row it is, and lets a job of its own wait for it.
    pub(super) async fn leave_over(&self, id: impl Display, error: &RevokeError) -> Result<(), StoreError> {
        log(&id, error);
        let (this, id) = (self.clone(), id.to_string());
        self.persist(move |tx| this.leave_over_in(tx, &id)).await
    }

    /// The same for a row of which the log knows already.
    pub(super) fn leave_over_in(&self, tx: &mut Tx<'_>, id: &str) -> Result<(), StoreError> {
        let mut job = new_job(self.inner(), LEFT_OVER_JOB, id);
        // It has had its first attempt.
        if let Outcome::Retry(pause) = Outcome::retry(0, None) {
            job.run_at = job.run_at + pause;
        }
        jobs::insert(tx, &job)
    }
}

fn log(id: &impl Display, error: &(dyn Error + 'static)) {
    tracing::error!(
        row.id = %id,
        error,
        "what is revoked could not be written down for one row; it stays dead, and is tried again"
    );
}
