//! When connections were last used: noted behind the release, together, and at most every minute for each.
//!
//! Not with the release itself: it would wait for a row that somebody else holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vouchsafe_model::{ConnectionId, UnixMillis};
use vouchsafe_store::{Store, StoreError, connections};

/// Uses that are not in the database yet.
#[derive(Clone)]
pub(crate) struct Uses {
    store: Store,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    /// In order of id: in this order the rows are locked.
    uses: BTreeMap<ConnectionId, UnixMillis>,
    /// Whether a transaction is on its way that takes them.
    is_called: bool,
}

impl Uses {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            waiting: Arc::default(),
        }
    }

    /// Notes a use. What is lost when the process dies is at most that.
    pub(crate) fn note(&self, id: &ConnectionId, at: UnixMillis) {
        let mut waiting = self.waiting();
        if waiting.uses.len() >= MOST {
            return;
        }
        waiting.uses.insert(id.clone(), at);
        if !std::mem::replace(&mut waiting.is_called, true) {
            drop(waiting);
            self.call();
        }
    }

    fn call(&self) {
        let (uses, failed) = (self.clone(), self.clone());
        self.store.submit(
            move |tx| {
                let taken = {
                    let mut waiting = uses.waiting();
                    waiting.is_called = false;
                    std::mem::take(&mut waiting.uses)
                };
                taken
                    .iter()
                    .try_for_each(|(id, at)| connections::touch_used(tx, id, *at))
            },
            move |outcome: Result<(), StoreError>| {
                if let Err(error) = outcome {
                    failed.waiting().is_called = false;
                    tracing::warn!(error = %error, "when connections were last used could not be noted");
                }
            },
        );
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections that may wait. More are not noted.
const MOST: usize = 10_000;
