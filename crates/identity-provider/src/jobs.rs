//! Durable background work: run at least once, by lease, until it is done.

mod purge;
mod runner;

use std::time::Duration;

use vouchsafe_model::{Job, JobState};

use crate::identity_provider::Inner;

/// How a run of a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Finished.
    Done,
    /// Again, after this long.
    Retry(Duration),
    /// Of no use.
    Dead,
}

impl Outcome {
    /// Again, after a pause that doubles with each attempt; not before the provider wants it.
    pub(crate) fn retry(attempts: i32, after: Option<Duration>) -> Self {
        let doublings = u32::try_from(attempts).unwrap_or(0).min(16);
        let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
        Self::Retry(pause.max(after.unwrap_or(Duration::ZERO)))
    }
}

/// A job that is due now. `payload` is an id.
pub(crate) fn new_job(inner: &Inner, kind: &str, payload: &str) -> Job {
    let now = inner.clock.now();
    Job {
        id: inner.ids.next(),
        kind: kind.to_owned(),
        payload: payload.to_owned(),
        state: JobState::Waiting,
        run_at: now,
        attempts: 0,
        lease_until: None,
        created_at: now,
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_respect_the_provider() {
        assert_eq!(Outcome::retry(0, None), Outcome::Retry(FIRST_PAUSE));
        assert_eq!(Outcome::retry(3, None), Outcome::Retry(FIRST_PAUSE * 8));
        assert_eq!(Outcome::retry(i32::MAX, None), Outcome::Retry(LONGEST_PAUSE));
        assert_eq!(
            Outcome::retry(0, Some(Duration::from_secs(60))),
            Outcome::Retry(Duration::from_secs(60))
        );
    }
}
