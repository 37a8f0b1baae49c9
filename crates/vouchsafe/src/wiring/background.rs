//! What runs beside the HTTP server: attempts that a crash left half-way, durable jobs, the memory of what is in the
//! database, checkpoints of the record, its export.

use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchsafe_audit::Signer;
use vouchsafe_audit::export::syslog;
use vouchsafe_identity_provider::IdentityProvider;

use super::Instance;
use crate::checkpoints::Checkpoints;
use crate::export::{self, Surroundings};
use crate::witnesses::{Witness, Witnesses};

/// Running background work. Dropping it leaves the work running until the runtime ends.
pub struct Background {
    identity_provider: IdentityProvider,
    jobs: JoinHandle<()>,
    memory: JoinHandle<()>,
    checkpoints: JoinHandle<Checkpoints>,
    exports: Vec<JoinHandle<()>>,
    witnesses: JoinHandle<()>,
    contradicted: watch::Receiver<bool>,
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
        let (contradicted, told) = watch::channel(false);
        let checkpoints = self.checkpoints(contradicted).run(shutdown.clone());
        let exports = export::feed(self.exports.clone(), self.surroundings(), shutdown.clone()).await;
        Background {
            identity_provider: self.identity_provider.clone(),
            jobs,
            memory,
            checkpoints: self.handle.spawn(checkpoints),
            exports,
            witnesses: self.handle.spawn(self.witnesses().run(shutdown.clone())),
            contradicted: told,
        }
    }

    /// Signs a checkpoint now, and keeps it where there is a file for it.
    pub async fn checkpoint(&self) {
        self.checkpoints(watch::Sender::default()).advance().await;
    }

    fn surroundings(&self) -> Surroundings {
        let host = url::Url::parse(self.issuer()).ok();
        let host = host.as_ref().and_then(url::Url::host_str).unwrap_or_default();
        Surroundings {
            store: self.store.clone(),
            egress: self.egress.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            hostname: syslog::hostname(host),
        }
    }

    fn witnesses(&self) -> Witnesses {
        Witnesses {
            all: self.witnesses.iter().cloned().map(Witness::new).collect(),
            store: self.store.clone(),
            vault: self.vault.clone(),
            egress: self.egress.clone(),
            clock: self.clock.clone(),
            every: self.witness_interval,
        }
    }

    fn checkpoints(&self, contradicted: watch::Sender<bool>) -> Checkpoints {
        Checkpoints {
            signer: Signer::new(self.store.clone(), self.vault.clone()),
            file: self.checkpoint_file.clone(),
            keys: self.vault.head_keys(),
            clock: self.clock.clone(),
            every: self.checkpoint_interval,
            contradicted,
            told: None,
        }
    }
}

impl Background {
    /// Ready when the database contradicts what was signed of the record: then nothing may be served from it.
    pub fn contradicted(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut contradicted = self.contradicted.clone();
        async move {
            if contradicted.wait_for(|told| *told).await.is_err() {
                // Nobody is left to tell.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether it has.
    pub(crate) fn is_contradicted(&self) -> watch::Receiver<bool> {
        self.contradicted.clone()
    }

    /// Waits until the jobs and what requests left behind have ended, then signs the last checkpoint: nothing comes after it.
    pub async fn finish(self) {
        if self.jobs.await.is_err() {
            tracing::error!("the job runner ended by a panic");
        }
        if self.memory.await.is_err() {
            tracing::error!("the sweeper of the memory ended by a panic");
        }
        for export in self.exports {
            if export.await.is_err() {
                tracing::error!("the feeder of an export ended by a panic");
            }
        }
        self.identity_provider.idle().await;
        if self.witnesses.await.is_err() {
            tracing::error!("what asks the witnesses ended by a panic");
        }
        if let Ok(mut checkpoints) = self.checkpoints.await {
            checkpoints.advance().await;
        } else {
            tracing::error!("the signer of checkpoints ended by a panic");
        }
    }
}
