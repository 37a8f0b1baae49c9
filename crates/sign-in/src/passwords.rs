//! argon2id beside the asynchronous threads, a bounded number at a time (`architecture` sections 7 and 12).

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vouchsafe_model::{Clock, Ids, Secret};
use vouchsafe_vault::password;

use crate::error::SignInError;

/// Checks and makes password hashes.
pub(crate) struct Passwords {
    handle: Handle,
    permits: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl Passwords {
    pub(crate) fn new(handle: Handle, clock: Arc<dyn Clock>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            handle,
            permits: Arc::new(Semaphore::new(cores.min(MOST_AT_ONCE))),
            clock,
        }
    }

    /// Whether `password` has this hash. Without a hash: `false`, after the same work (TOK-5.2-04, ATK-17).
    pub(crate) async fn matches(
        &self,
        password: Secret<String>,
        hash: Option<String>,
    ) -> Result<bool, SignInError> {
        self.run(move || match hash {
            Some(hash) => password::verify(&password, &hash),
            None => password::verify_nobody(&password),
        })
        .await
    }

    pub(crate) async fn hash(&self, password: Secret<String>, ids: Ids) -> Result<String, SignInError> {
        Ok(self.run(move || password::hash(&password, &ids)).await??)
    }

    /// The permit goes with the work: a caller that goes away does not make room before the thread is free.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SignInError> {
        let permit = self.permit().await?;
        let task = self.handle.spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        task.await.map_err(|_| SignInError::Interrupted)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, SignInError> {
        tokio::select! {
            biased;
            permit = Arc::clone(&self.permits).acquire_owned() => permit.map_err(|_| SignInError::Interrupted),
            () = self.clock.sleep(PATIENCE) => Err(SignInError::Overloaded),
        }
    }
}

/// 19 MiB and some 16 ms each: enough for a few hundred sign-ins a second.
const MOST_AT_ONCE: usize = 8;
/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);
