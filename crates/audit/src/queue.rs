//! Entries on their way to the record, and who waits for them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use vouchsafe_store::StoreError;

use crate::answer::{self, Answer, Awaited};
use crate::basis::Basis;
use crate::ledger::{Draft, Receipt};
use crate::recorder::ReleaseError;

/// What comes of an entry.
pub(crate) type Outcome = Result<Receipt, ReleaseError>;

/// One entry.
pub(crate) struct Entry {
    draft: Option<Draft>,
    /// What a release rests on; `None` = it releases nothing.
    pub(crate) basis: Option<Basis>,
    answer: Answer<Outcome>,
    _room: OwnedSemaphorePermit,
}

impl Entry {
    /// Whether nobody waits any more for what would be released.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.basis.is_some() && self.answer.is_unwanted()
    }

    /// The draft, which can be taken once.
    pub(crate) const fn take_draft(&mut self) -> Option<Draft> {
        self.draft.take()
    }

    /// Whom to tell; there is room for another entry from now on.
    pub(crate) fn into_answer(self) -> Answer<Outcome> {
        self.answer
    }
}

/// The queue in front of the record: bounded, with room of its own for releases.
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    releases: Arc<Semaphore>,
    notes: Arc<Semaphore>,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Entry>,
    /// Whether a batch is on its way that has not taken its entries yet.
    is_called: bool,
}

/// What somebody who entered has to do.
pub(crate) struct Entered {
    pub(crate) outcome: Awaited<Outcome>,
    /// Nobody else has called for a batch.
    pub(crate) must_call: bool,
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            releases: Arc::new(Semaphore::new(RELEASES)),
            notes: Arc::new(Semaphore::new(NOTES)),
        }
    }

    /// Waits for room, at most until then, and enters.
    pub(crate) async fn enter(
        &self,
        draft: Draft,
        basis: Option<Basis>,
        until: Instant,
    ) -> Result<Entered, StoreError> {
        let room = if basis.is_some() {
            &self.releases
        } else {
            &self.notes
        };
        let room = match Arc::clone(room).try_acquire_owned() {
            Ok(room) => room,
            Err(_full) => tokio::time::timeout_at(until, Arc::clone(room).acquire_owned())
                .await
                .map_err(|_elapsed| StoreError::Busy)?
                .map_err(|_closed| StoreError::Unavailable)?,
        };
        let (answer, outcome) = answer::channel();
        let mut waiting = self.waiting();
        waiting.entries.push_back(Entry {
            draft: Some(draft),
            basis,
            answer,
            _room: room,
        });
        let must_call = !std::mem::replace(&mut waiting.is_called, true);
        Ok(Entered { outcome, must_call })
    }

    /// Takes the next batch. The second value: there are more, and the caller has to call for another one.
    pub(crate) fn take(&self) -> (Vec<Entry>, bool) {
        let mut waiting = self.waiting();
        let many = waiting.entries.len().min(BATCH);
        let batch = waiting.entries.drain(..many).collect();
        waiting.is_called = !waiting.entries.is_empty();
        (batch, waiting.is_called)
    }

    /// A batch could not take its entries yet. Lets go of those for whom nobody waits any more; whether any are left, for
    /// whom the caller has to try again.
    pub(crate) fn still_waits(&self) -> bool {
        let mut waiting = self.waiting();
        waiting.entries.retain(|entry| !entry.answer.is_unwanted());
        waiting.is_called = !waiting.entries.is_empty();
        waiting.is_called
    }

    /// A batch could not even take its entries: whoever waits hears of it.
    pub(crate) fn fail(&self, error: &StoreError) {
        let mut waiting = self.waiting();
        waiting.is_called = false;
        let entries = std::mem::take(&mut waiting.entries);
        drop(waiting);
        let failed = |entry: Entry| {
            let outcome = Err(ReleaseError::Unavailable(error.clone()));
            (entry.into_answer(), outcome)
        };
        answer::give_all(entries.into_iter().map(failed));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries in one transaction.
const BATCH: usize = 256;
/// Releases that may wait.
const RELEASES: usize = 4096;
/// Other entries that may wait: whoever causes refusals takes no room from releases.
const NOTES: usize = 1024;
