//! Releases tokens: durable first, then out.

use vouchsafe_store::{Head, Store, StoreError, Tx, changes, head, replay_ids};

use crate::basis::Basis;
use crate::event::Event;
use crate::ledger::{Ledger, Receipt};
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

/// One per process. Everything that releases a token goes through it.
#[derive(Clone)]
pub struct Recorder {
    store: Store,
    ledger: Ledger,
}

impl Recorder {
    /// A recorder on this store.
    pub const fn new(store: Store, ledger: Ledger) -> Self {
        Self { store, ledger }
    }

    /// The ledger, for transactions that change something and record it in one step.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The store it records in.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Records `value` and only then gives it back in a form that can be written out.
    ///
    /// Under the head: nothing that `basis` names has changed since it was read, and no single-use id was used before.
    /// If the outcome of the commit is unknown, nothing is released.
    pub async fn release<T: Releasable>(&self, basis: Basis, value: T) -> Result<Recorded<T>, ReleaseError> {
        self.release_after(basis, value, |_| Ok(true)).await
    }

    /// The same, after a change that the release depends on (a code redeemed, say), in one transaction. The change
    /// takes its row locks before the head; `false` = somebody else was first, and nothing happens at all.
    pub async fn release_after<T: Releasable>(
        &self,
        basis: Basis,
        value: T,
        change: impl FnOnce(&mut Tx<'_>) -> Result<bool, StoreError> + Send + 'static,
    ) -> Result<Recorded<T>, ReleaseError> {
        let event = value.event(self.ledger.vault());
        let ledger = self.ledger.clone();
        let receipt = self
            .store
            .write(move |tx| {
                if !change(tx)? {
                    return Err(ReleaseError::Lost);
                }
                let head = head::take(tx)?;
                still_holds(tx, &head, &basis)?;
                consume(tx, &basis)?;
                ledger
                    .append_under(tx, &head, event)
                    .map(|(receipt, _)| receipt)
                    .map_err(ReleaseError::from)
            })
            .await?;
        Ok(Recorded::new(value, receipt))
    }

    /// Records an event that changes nothing and releases nothing, such as a refusal.
    pub async fn note(&self, event: Event) -> Result<Receipt, StoreError> {
        let ledger = self.ledger.clone();
        self.store.write(move |tx| ledger.append(tx, event)).await
    }
}

/// (b) of the one rule: the recorder has taken the head, so only SELECTs follow until the INSERTs.
pub(crate) fn still_holds(tx: &mut Tx<'_>, head: &Head, basis: &Basis) -> Result<(), ReleaseError> {
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

fn consume(tx: &mut Tx<'_>, basis: &Basis) -> Result<(), ReleaseError> {
    for replay in &basis.replay_ids {
        if !replay_ids::existing(tx, &replay.kind, &[replay.id.as_str()])?.is_empty() {
            return Err(ReleaseError::Replayed);
        }
        replay_ids::insert(tx, &replay.kind, &replay.id, replay.expires_at)?;
    }
    Ok(())
}
