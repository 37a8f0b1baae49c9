//! The runner: takes what is due, sleeps by the clock, wakes when work is added, stops when told.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vouchsafe_model::{Job, UnixMillis};
use vouchsafe_store::{StoreError, Tx, jobs};

use super::Outcome;
use crate::connect::recover::SETTLE_JOB;
use crate::erasure::ERASE_JOB;
use crate::identity_provider::IdentityProvider;
use crate::revocation::left_over::LEFT_OVER_JOB;
use crate::revocation::sweep::SWEEP_JOB;
use crate::revocation::worker::REVOKE_JOB;

impl IdentityProvider {
    /// Runs durable jobs until `shutdown` becomes true (or its sender is gone). Jobs that are running then are finished;
    /// what a killed process leaves is taken again when its lease ends.
    pub async fn run_jobs(&self, mut shutdown: watch::Receiver<bool>) {
        let inner = self.inner();
        let mut purge_at = inner.clock.now();
        while !*shutdown.borrow() {
            if inner.clock.now() >= purge_at {
                self.purge().await;
                purge_at = inner.clock.now() + PURGE_EVERY;
            }
            let pause = match self.run_due_jobs().await {
                Ok(next) => next.map_or(PURGE_EVERY, |next| inner.clock.now().until(next)),
                Err(error) => {
                    tracing::warn!(error = %error, "the jobs cannot be read");
                    AFTER_ERROR
                }
            };
            // What another process of this database leaves tells nobody here.
            let pause = pause.min(LOOK_EVERY).min(inner.clock.now().until(purge_at));
            tokio::select! {
                () = inner.clock.sleep(pause) => {}
                () = inner.new_job.notified() => {}
                changed = shutdown.changed() => if changed.is_err() { break },
            }
        }
    }

    /// Runs everything that is due, and says when the next job will be.
    pub(crate) async fn run_due_jobs(&self) -> Result<Option<UnixMillis>, StoreError> {
        while self.run_some_jobs().await? {}
        self.inner().store.read(jobs::next_due).await
    }

    /// For a process that will not stay: runs what is due, but begins nothing any more after this long. Whether everything
    /// that is revoked is written down and every provider has been told: what waits for another attempt has not been.
    pub async fn run_jobs_for(&self, long: Duration) -> Result<bool, StoreError> {
        let clock = &self.inner().clock;
        let until = clock.now() + long;
        while clock.now() < until && self.run_some_jobs().await? {}
        let left = |tx: &mut Tx<'_>| jobs::any_waiting(tx, &[REVOKE_JOB, SWEEP_JOB, LEFT_OVER_JOB]);
        Ok(!self.inner().store.read(left).await?)
    }

    /// Runs some of what is due to its end; whether there was anything.
    async fn run_some_jobs(&self) -> Result<bool, StoreError> {
        let inner = self.inner();
        let now = inner.clock.now();
        let lease = now + self.job_lease();
        let due = inner
            .store
            .write(move |tx| jobs::take_due(tx, now, lease, AT_ONCE))
            .await?;
        let mut running = JoinSet::new();
        for job in due {
            let this = self.clone();
            running.spawn_on(async move { this.run_job(job).await }, &inner.handle);
        }
        let any = !running.is_empty();
        while running.join_next().await.is_some() {}
        Ok(any)
    }

    /// Longer than a job can take: a few calls of a provider.
    pub(crate) fn job_lease(&self) -> Duration {
        self.inner().egress.timeout() * 8
    }

    /// Runs a job whose lease is held, and writes down how it ended.
    pub(crate) async fn run_job(&self, job: Job) {
        let outcome = match job.kind.as_str() {
            REVOKE_JOB => self.revoke_upstream(&job.payload, job.attempts).await,
            SWEEP_JOB => self.sweep(&job.payload, job.attempts).await,
            LEFT_OVER_JOB => self.sweep_left_over(&job.payload, job.attempts).await,
            ERASE_JOB => self.go_on_erasing(&job.payload, job.attempts).await,
            SETTLE_JOB => self.settle_quarantined(&job.payload, job.attempts).await,
            kind => {
                tracing::error!(job.kind = kind, "a job of an unknown kind");
                Outcome::Dead
            }
        };
        let (id, run_at) = (job.id.clone(), self.run_at(outcome));
        let written = self
            .persist(move |tx| match outcome {
                Outcome::Done => jobs::done(tx, &id),
                Outcome::Dead => jobs::dead(tx, &id),
                Outcome::Retry(_) => jobs::retry(tx, &id, run_at),
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(job.id = %job.id, error = %error, "the end of a job could not be written down");
        }
    }

    /// With up to a fifth more, so that what failed together does not come back together.
    fn run_at(&self, outcome: Outcome) -> UnixMillis {
        let now = self.inner().clock.now();
        match outcome {
            Outcome::Retry(pause) => {
                let [random] = self.inner().ids.bytes::<1>();
                now + pause + pause / 5 * u32::from(random) / 255
            }
            Outcome::Done | Outcome::Dead => now,
        }
    }
}

const AT_ONCE: i64 = 8;
/// How soon work is seen that another process leaves, or a command that has ended.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const PURGE_EVERY: Duration = Duration::from_secs(3600);
const AFTER_ERROR: Duration = Duration::from_secs(5);
