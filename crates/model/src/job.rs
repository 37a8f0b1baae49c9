//! Durable background work.

use crate::clock::UnixMillis;
use crate::id::JobId;
use crate::text::text_enum;

text_enum!(/// Where a job is.
JobState {
    /// Waits for its time.
    Waiting = "waiting",
    /// Finished.
    Done = "done",
    /// Given up.
    Dead = "dead",
});

/// One unit of work. Run at least once; a worker takes it by lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Id.
    pub id: JobId,
    /// What to do, e.g. `upstream_revocation`.
    pub kind: String,
    /// With what: ids only, never secrets.
    pub payload: String,
    /// Where it is.
    pub state: JobState,
    /// Not before.
    pub run_at: UnixMillis,
    /// How often it was tried.
    pub attempts: i32,
    /// Held by a worker until.
    pub lease_until: Option<UnixMillis>,
    /// Creation.
    pub created_at: UnixMillis,
}
