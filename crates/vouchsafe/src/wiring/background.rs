//! What runs beside the HTTP server: attempts that a crash left half-way, durable jobs, the memory of what is in the
//! database, the checkpoint file.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchsafe_identity_provider::IdentityProvider;

use super::Instance;
use crate::checkpoint_file::CheckpointWriter;

/// Running background work. Dropping it leaves the work running until the runtime ends.
pub struct Background {
    identity_provider: IdentityProvider,
    jobs: JoinHandle<()>,
    memory: JoinHandle<()>,
    checkpoints: Option<JoinHandle<CheckpointWriter>>,
}

impl Instance {
    /// Ends what a crash left half-way, and then starts the work on the main runtime; it ends when `shutdown` says
    /// `true`. Then wait for [`Background::finish`]. Serve only afterwards: what a request begins is not left over.
    pub async fn background(&self, shutdown: &watch::Receiver<bool>) -> Background {
        let (identity_provider, until) = (self.identity_provider.clone(), shutdown.clone());
        identity_provider.recover_attempts().await;
        let jobs = self.handle.spawn(async move {
            identity_provider.run_jobs(until).await;
        });
        let server = self.authorization_server.clone();
        let memory = self.handle.spawn(server.keep_memory_fresh(shutdown.clone()));
        let checkpoints = self
            .checkpoint_writer()
            .map(|writer| self.handle.spawn(writer.run(shutdown.clone())));
        Background {
            identity_provider: self.identity_provider.clone(),
            jobs,
            memory,
            checkpoints,
        }
    }

    /// Writes the checkpoint now, where there is a file for it.
    pub async fn checkpoint(&self) {
        if let Some(writer) = self.checkpoint_writer() {
            writer.write(0).await;
        }
    }

    fn checkpoint_writer(&self) -> Option<CheckpointWriter> {
        Some(CheckpointWriter {
            path: self.checkpoint_file.clone()?,
            store: self.store.clone(),
            instance: self.vault.instance().clone(),
            keys: self.vault.head_keys(),
            clock: self.clock.clone(),
        })
    }
}

impl Background {
    /// Waits until the jobs and what requests left behind have ended, then writes the last checkpoint: nothing comes after it.
    pub async fn finish(self) {
        if self.jobs.await.is_err() {
            tracing::error!("the job runner ended by a panic");
        }
        if self.memory.await.is_err() {
            tracing::error!("the sweeper of the memory ended by a panic");
        }
        self.identity_provider.idle().await;
        let Some(checkpoints) = self.checkpoints else {
            return;
        };
        if let Ok(writer) = checkpoints.await {
            writer.write(0).await;
        } else {
            tracing::error!("the checkpoint writer ended by a panic");
        }
    }
}
