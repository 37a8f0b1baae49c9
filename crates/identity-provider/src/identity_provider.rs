//! What all flows share.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use vouchsafe_audit::Ledger;
use vouchsafe_model::{Clock, Ids, UserId};
use vouchsafe_store::{Store, StoreError, Tx, users};
use vouchsafe_vault::Vault;

use crate::connect::jwks::JwksCache;
use crate::egress::Egress;
use crate::refresh::flight::Flights;
use crate::tasks::Tasks;

/// What an [`IdentityProvider`] is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The record.
    pub ledger: Ledger,
    /// The vault.
    pub vault: Vault,
    /// The outgoing HTTP client.
    pub egress: Egress,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random values.
    pub ids: Ids,
    /// Our public base, without a slash at the end.
    pub issuer: String,
    /// The main runtime: tasks outlive the request that started them.
    pub handle: Handle,
    /// Times.
    pub options: ConnectOptions,
}

/// Times of the flows.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// How long a browser may be away at a provider (CL-07: at most ten minutes).
    pub attempt_lifetime: Duration,
    /// How long an upstream revocation is tried.
    pub revocation_deadline: Duration,
    /// How long the answer to a revocation waits for its first attempt.
    pub revocation_wait: Duration,
    /// How long a caller waits for a refresh that another process has begun.
    pub lease_wait: Duration,
    /// How long the database is tried after a provider has answered.
    pub commit_patience: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            attempt_lifetime: Duration::from_secs(600),
            revocation_deadline: Duration::from_secs(7 * 24 * 3600),
            revocation_wait: Duration::from_secs(3),
            lease_wait: Duration::from_secs(5),
            commit_patience: Duration::from_secs(30),
        }
    }
}

/// Everything that faces providers. Clones share it.
#[derive(Clone)]
pub struct IdentityProvider(Arc<Inner>);

/// Reached through [`IdentityProvider`].
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
    pub(crate) vault: Vault,
    pub(crate) egress: Egress,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) issuer: String,
    pub(crate) handle: Handle,
    pub(crate) options: ConnectOptions,
    /// Names this process in leases.
    pub(crate) worker: String,
    pub(crate) flights: Flights,
    /// What must be over before the process ends.
    pub(crate) tasks: Tasks,
    pub(crate) jwks: JwksCache,
    /// Rung when a job was added.
    pub(crate) new_job: Notify,
}

impl IdentityProvider {
    /// Builds it.
    pub fn new(parts: Parts) -> Self {
        let nonce = parts.ids.bytes::<8>();
        Self(Arc::new(Inner {
            store: parts.store,
            ledger: parts.ledger,
            vault: parts.vault,
            egress: parts.egress,
            clock: parts.clock,
            ids: parts.ids,
            issuer: parts.issuer.trim_end_matches('/').to_owned(),
            handle: parts.handle,
            options: parts.options,
            worker: format!("{:016x}", u64::from_be_bytes(nonce)),
            flights: Flights::default(),
            tasks: Tasks::default(),
            jwks: JwksCache::default(),
            new_job: Notify::new(),
        }))
    }

    /// The outgoing HTTP client.
    pub fn egress(&self) -> &Egress {
        &self.0.egress
    }

    /// Waits until nothing runs that a request has left behind: a refresh, a callback, a revocation. At shutdown, after
    /// the HTTP server and the jobs have stopped, so that nothing new begins.
    pub async fn idle(&self) {
        self.0.tasks.idle().await;
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }
}

impl IdentityProvider {
    /// Writes what a provider's answer has made true. While the database is away it is tried again: what is not written
    /// is lost, and with it perhaps the user's grant.
    ///
    /// The seam for the emergency journal: when patience ends, the caller still holds the sealed values and could spill
    /// them to a local file before it gives up.
    pub(crate) async fn persist<T, E>(
        &self,
        write: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: Transient + From<StoreError> + Send + 'static,
    {
        let inner = self.inner();
        let until = inner.clock.now() + inner.options.commit_patience;
        let write = Arc::new(write);
        let mut pause = Duration::ZERO;
        loop {
            let attempt = Arc::clone(&write);
            match inner.store.write(move |tx| attempt(tx)).await {
                Err(error) if error.is_transient() && inner.clock.now() < until => {
                    tracing::warn!("a write after a provider's answer failed and is tried again");
                    if !pause.is_zero() {
                        inner.clock.sleep(pause).await;
                    }
                    pause = (pause * 2).clamp(Duration::from_millis(50), Duration::from_secs(2));
                }
                outcome => return outcome,
            }
        }
    }
}

/// Whether trying again may help.
pub(crate) trait Transient {
    fn is_transient(&self) -> bool;
}

impl Transient for StoreError {
    fn is_transient(&self) -> bool {
        is_transient(self)
    }
}

/// Everything but what the next attempt is sure to find again: a conflict or a missing reference is what a race with
/// another transaction looks like, a read-only database what a fail-over does, and what the engine says in its own words
/// is not ours to interpret while a user's grant is at stake.
pub(crate) const fn is_transient(error: &StoreError) -> bool {
    !matches!(
        error,
        StoreError::Corrupt { .. } | StoreError::SchemaOld | StoreError::SchemaNewer | StoreError::Panicked
    )
}

/// How the record names a person. For the record alone, so the row need not be verified; empty where it cannot be read,
/// for that keeps nobody from revoking.
pub(crate) fn pseudonym(tx: &mut Tx<'_>, user: &UserId) -> Result<String, StoreError> {
    Ok(users::pseudonym(tx, user)?.unwrap_or_default())
}
