//! The parts of signing in, put together once by the binary.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use vouchsafe_audit::{Ledger, UnauthenticatedFailures};
use vouchsafe_model::{Clock, Ids};
use vouchsafe_store::Store;
use vouchsafe_vault::Vault;

use crate::error::SignInError;
use crate::passwords::Passwords;
use crate::throttle::Throttle;

/// How long a sign-in is good for.
#[derive(Debug, Clone, Copy)]
pub struct SessionOptions {
    /// A session ends after this, whatever happens.
    pub lifetime: Duration,
    /// For this long a sign-in counts as recent.
    pub recent: Duration,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(12 * 60 * 60),
            recent: Duration::from_secs(15 * 60),
        }
    }
}

/// What signing in is built from.
pub struct Parts {
    /// The rows.
    pub store: Store,
    /// The record.
    pub ledger: Ledger,
    /// The keys.
    pub vault: Vault,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Ids,
    /// Our issuer, which built-in users belong to.
    pub issuer: String,
    /// The main runtime: an HTTP worker's own one dies under its work.
    pub handle: Handle,
    /// Times.
    pub options: SessionOptions,
}

/// Faces people. Clones share everything.
#[derive(Clone)]
pub struct SignIn(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) issuer: String,
    pub(crate) options: SessionOptions,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) failures: UnauthenticatedFailures,
    /// Rows that somebody changed past us, by kind; apart, so that no flood of failures hides them.
    pub(crate) alarms: UnauthenticatedFailures,
    handle: Handle,
}

impl SignIn {
    /// One per process: it counts failures.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            store,
            ledger,
            vault,
            clock,
            ids,
            issuer,
            handle,
            options,
        } = parts;
        Self(Arc::new(Inner {
            passwords: Passwords::new(handle.clone(), clock.clone()),
            throttle: Throttle::default(),
            failures: UnauthenticatedFailures::new(RECORDED_FAILURES),
            alarms: UnauthenticatedFailures::new(RECORDED_FAILURES),
            store,
            ledger,
            vault,
            clock,
            ids,
            issuer,
            options,
            handle,
        }))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Runs `work` to its end on the main runtime, also when the caller goes away.
    pub(crate) async fn to_the_end<T, W>(&self, work: W) -> Result<T, SignInError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, SignInError>> + Send + 'static,
    {
        self.0
            .handle
            .spawn(work)
            .await
            .map_err(|_| SignInError::Interrupted)?
    }
}

/// Failures per minute and source that get a record of their own.
const RECORDED_FAILURES: u32 = 5;
