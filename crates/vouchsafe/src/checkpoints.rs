//! Signs checkpoints of the record while the server runs, and keeps the last one outside the database.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use vouchsafe_audit::{Checkpoint, SignError, Signer};
use vouchsafe_model::Clock;
use vouchsafe_vault::VerificationKey;

use crate::checkpoint_file::{self, CheckpointError};

/// Signs, and writes the file, whenever the record has advanced.
pub(crate) struct Checkpoints {
    pub(crate) signer: Signer,
    /// Where the last one is kept.
    pub(crate) file: Option<PathBuf>,
    pub(crate) keys: Vec<VerificationKey>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long what is new may wait.
    pub(crate) every: Duration,
    /// Told when the database contradicts what was signed.
    pub(crate) contradicted: watch::Sender<bool>,
    /// What the log says already.
    pub(crate) told: Option<String>,
}

/// Why there is no new checkpoint.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    File(#[from] CheckpointError),
    #[error(transparent)]
    Sign(#[from] SignError),
    #[error("its code panicked")]
    Panicked,
}

impl Problem {
    fn is_contradiction(&self) -> bool {
        match self {
            Self::File(error) => error.is_contradiction(),
            Self::Sign(error) => error.is_contradiction(),
            Self::Panicked => false,
        }
    }
}

impl Checkpoints {
    /// Goes on until told to stop; the last time is the caller's, after everything else.
    pub(crate) async fn run(mut self, mut shutdown: watch::Receiver<bool>) -> Self {
        while !*shutdown.borrow() {
            self.advance().await;
            tokio::select! {
                () = self.clock.sleep(self.every) => {}
                changed = shutdown.changed() => if changed.is_err() { break },
            }
        }
        self
    }

    /// Signs what is new. Where that cannot be, the last checkpoint stays as it is, and the log says why, once.
    pub(crate) async fn advance(&mut self) {
        match self.try_advance().await {
            Ok(()) => {
                if self.told.take().is_some() {
                    tracing::info!("checkpoints of the record are signed and kept again");
                }
            }
            Err(problem) => {
                let error = problem.to_string();
                let is_news = self.told.as_ref() != Some(&error);
                if problem.is_contradiction() {
                    if is_news {
                        tracing::error!(%error, "the database is not the one that was signed: nothing more is served from it");
                    }
                    self.contradicted.send_replace(true);
                } else if is_news {
                    tracing::error!(%error, "no checkpoint of the record is signed or kept");
                }
                self.told = Some(error);
            }
        }
    }

    /// The database may be rolled back, or exchanged for another, under a running server. So the file is read each time,
    /// before the record: what it names must still be there, and only a later checkpoint takes its place.
    async fn try_advance(&mut self) -> Result<(), Problem> {
        let kept = match &self.file {
            Some(path) => {
                let (path, keys) = (path.clone(), self.keys.clone());
                let read = tokio::task::spawn_blocking(move || checkpoint_file::read(&path, &keys));
                read.await.map_err(|_| Problem::Panicked)??
            }
            None => None,
        };
        let Some(next) = self.signer.advance(kept.as_ref()).await? else {
            return Ok(());
        };
        match &self.file {
            Some(path) if kept.is_none_or(|kept| kept.size < next.size) => put(path.clone(), next).await,
            _ => Ok(()),
        }
    }
}

async fn put(path: PathBuf, next: Checkpoint) -> Result<(), Problem> {
    let put = tokio::task::spawn_blocking(move || {
        let written = checkpoint_file::put(&path, &next);
        written.map_err(|source| CheckpointError::Unwritable { path, source })
    });
    Ok(put.await.map_err(|_| Problem::Panicked)??)
}

#[cfg(test)]
mod tests;
