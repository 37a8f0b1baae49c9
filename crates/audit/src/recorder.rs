//! Releases tokens: durable first, then out.
//!
//! **Group commit**: entries queue while a transaction commits, and the next one takes up to 256 of them. There are no
//! timers: a lone entry is written at once, and the busier the server, the larger the batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use vouchsafe_store::{Head, Store, StoreError, Tx, changes, head};

use crate::answer;
use crate::basis::Basis;
use crate::event::Event;
use crate::feed::Feed;
use crate::ledger::{Ledger, Receipt};
use crate::once::Once;
use crate::queue::{Entered, Entry, Queue};
use crate::recorded::{Recorded, Releasable};

/// Why a release did not happen. In every case nothing has left.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Something the decision rests on has changed: decide again. Not a denial.
    #[error("the authority this release rests on has changed")]
    Stale,
    /// A single-use id was used before.
    #[error("a single-use id was presented again")]
    Replayed,
    /// The change that the release depends on was made by somebody else first.
    #[error("somebody else was first")]
    Lost,
    /// The record cannot be written, or whether it was written is unknown.
    #[error("the record is not available")]
    Unavailable(#[source] StoreError),
}

impl From<StoreError> for ReleaseError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

/// One per process. Everything that releases a token goes through it. Cheap to clone.
#[derive(Clone)]
pub struct Recorder(Arc<Inner>);

struct Inner {
    store: Store,
    ledger: Ledger,
    feed: Feed,
    queue: Queue,
    /// How long an entry waits, for room and its transaction together.
    patience: Duration,
}

impl Recorder {
    /// A recorder on this store. Nobody waits for a record for longer than `patience`.
    pub fn new(store: Store, ledger: Ledger, patience: Duration) -> Self {
        Self(Arc::new(Inner {
            store,
            ledger,
            feed: Feed::default(),
            queue: Queue::new(),
            patience,
        }))
    }

    /// The ledger, for transactions that change something and record it in one step.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// The store it records in.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What has changed, for caches.
    pub fn feed(&self) -> &Feed {
        &self.0.feed
    }

    /// Lets the feed learn what has changed, without releasing anything.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        let recorder = self.clone();
        let read = move |tx: &mut Tx<'_>| {
            let head = head::peek(tx)?;
            recorder.feed().catch_up(tx, &head)
        };
        self.store().read(read).await
    }

    /// Records `value` and only then gives it back in a form that can be written out.
    ///
    /// Under the head: nothing that `basis` names has changed since it was read, and no single-use id was used before.
    /// If the outcome of the commit is unknown, nothing is released.
    pub async fn release<T: Releasable>(
        &self,
        basis: Basis,
        mut value: T,
    ) -> Result<Recorded<T>, ReleaseError> {
        let event = value.event(self.ledger().vault());
        let receipt = self.enter(event, Some(basis)).await?;
        Ok(Recorded::new(value, receipt))
    }

    /// The same, after a change that the release depends on (a code redeemed, say), in one transaction of its own. The
    /// change takes its row locks before the head; `false` = somebody else was first, and nothing happens at all.
    pub async fn release_after<T: Releasable>(
        &self,
        basis: Basis,
        mut value: T,
        change: impl FnOnce(&mut Tx<'_>) -> Result<bool, StoreError> + Send + 'static,
    ) -> Result<Recorded<T>, ReleaseError> {
        let event = value.event(self.ledger().vault());
        let ledger = self.ledger().clone();
        let draft = ledger.draft(event);
        let receipt = self
            .store()
            .write(move |tx| {
                if !change(tx)? {
                    return Err(ReleaseError::Lost);
                }
                let head = head::take(tx)?;
                still_holds(tx, &head, &basis)?;
                if !Once::default().consume(tx, &basis)? {
                    return Err(ReleaseError::Replayed);
                }
                ledger.append_under(tx, head, draft).map_err(ReleaseError::from)
            })
            .await?;
        Ok(Recorded::new(value, receipt))
    }

    /// Records an event that releases nothing, such as a refusal.
    pub async fn note(&self, event: Event) -> Result<Receipt, StoreError> {
        if event.changes.is_empty() {
            return self.enter(event, None).await.map_err(|error| match error {
                ReleaseError::Unavailable(error) => error,
                // A note rests on nothing.
                _ => StoreError::Unavailable,
            });
        }
        // What changes authority is not kept waiting by a batch.
        let ledger = self.ledger().clone();
        self.store().write(move |tx| ledger.append(tx, event)).await
    }

    async fn enter(&self, event: Event, basis: Option<Basis>) -> Result<Receipt, ReleaseError> {
        let until = Instant::now() + self.0.patience;
        let draft = self.ledger().draft(event);
        let Entered { outcome, must_call } = self.0.queue.enter(draft, basis, until).await?;
        if must_call {
            // What else this thread has ready enters before it: the larger the batch, the less each entry costs.
            let caller = Caller(self);
            tokio::task::yield_now().await;
            drop(caller);
        }
        match tokio::time::timeout_at(until, outcome).await {
            Ok(Some(outcome)) => outcome,
            // Whether it was written is unknown to us: nothing is released.
            Ok(None) => Err(StoreError::Unavailable.into()),
            Err(_elapsed) => Err(StoreError::Busy.into()),
        }
    }

    /// Sends a batch on its way. It takes its entries once it has the head: until then more may come.
    fn call(&self) {
        let (recorder, teller) = (self.clone(), self.clone());
        let progress = Arc::new(Progress::default());
        let at = Arc::clone(&progress);
        self.store().submit(
            move |tx| {
                // Whoever is about to enter goes along.
                std::thread::yield_now();
                let head = head::take(tx)?;
                recorder.ledger().require_signed(&head)?;
                recorder.0.feed.catch_up(tx, &head)?;
                let (batch, has_more) = recorder.0.queue.take();
                at.has_taken.store(true, Ordering::Release);
                at.has_more.store(has_more, Ordering::Release);
                recorder.record(tx, head, batch)
            },
            move |outcome: Result<Written, StoreError>| {
                let has_taken = progress.has_taken.load(Ordering::Acquire);
                let must_go_on = match outcome {
                    // Whoever waits in the queue waits for the head, for as long as anybody has patience.
                    Err(StoreError::Busy) if !has_taken => teller.0.queue.still_waits(),
                    Err(error) if !has_taken => {
                        teller.0.queue.fail(&error);
                        false
                    }
                    // What was taken went down with the batch, and who waits for it hears that.
                    outcome => {
                        outcome.into_iter().for_each(Written::tell);
                        progress.has_more.load(Ordering::Acquire)
                    }
                };
                if must_go_on {
                    teller.call();
                }
            },
        );
    }

    fn record(&self, tx: &mut Tx<'_>, head: Head, batch: Vec<Entry>) -> Result<Written, StoreError> {
        let mut written = Written::default();
        let mut drafts = Vec::with_capacity(batch.len());
        let mut once = Once::default();
        for mut entry in batch {
            if entry.is_abandoned() {
                continue;
            }
            let refused = match &entry.basis {
                Some(basis) if !self.0.feed.supports(basis) => Some(ReleaseError::Stale),
                Some(basis) if !once.consume(tx, basis)? => Some(ReleaseError::Replayed),
                _ => None,
            };
            if let Some(error) = refused {
                written.refused.push((entry, error));
            } else {
                drafts.extend(entry.take_draft());
                written.kept.push(entry);
            }
        }
        written.receipts = self.ledger().append_all_under(tx, head, drafts)?;
        Ok(written)
    }
}

/// Who has to call for a batch. Others rely on it, so it is done even when this one goes away.
struct Caller<'a>(&'a Recorder);

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.0.call();
    }
}

/// How far a batch has come.
#[derive(Default)]
struct Progress {
    has_taken: AtomicBool,
    /// Whether entries are left for another one.
    has_more: AtomicBool,
}

/// A batch whose transaction is on its way to the end.
#[derive(Default)]
struct Written {
    kept: Vec<Entry>,
    /// One for each of `kept`.
    receipts: Vec<Receipt>,
    refused: Vec<(Entry, ReleaseError)>,
}

impl Written {
    fn tell(self) {
        let kept = self.kept.into_iter().zip(self.receipts.into_iter().map(Ok));
        let refused = self.refused.into_iter().map(|(entry, error)| (entry, Err(error)));
        answer::give_all(
            kept.chain(refused)
                .map(|(entry, outcome)| (entry.into_answer(), outcome)),
        );
    }
}

/// (b) of the one rule: the recorder has taken the head, so only SELECTs follow until the INSERTs.
fn still_holds(tx: &mut Tx<'_>, head: &Head, basis: &Basis) -> Result<(), ReleaseError> {
    let earliest = basis.earliest();
    if head.change_seq <= earliest {
        return Ok(());
    }
    let since = changes::since(tx, earliest)?;
    if since
        .iter()
        .any(|(seq, change)| basis.is_touched_by(*seq, change))
    {
        return Err(ReleaseError::Stale);
    }
    Ok(())
}
