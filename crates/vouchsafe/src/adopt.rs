//! Adoption: an operator goes on with a database that contradicts the last checkpoint (AR-15).
//!
//! What was done since is lost with it, revocations included; so it takes a decision, and stands on the record.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use vouchsafe_audit::{Checkpoint, Event, EventKind, SignError, Signer, agrees, require_chain};
use vouchsafe_store::{StoreError, Tx, checkpoint, records, tiles, witnessed};

use crate::checkpoint_file::{self, CheckpointError};
use crate::files::{self, Readers};
use crate::wiring::Instance;

/// What became of it.
#[derive(Debug)]
pub struct Adopted {
    /// How many records the database has, with the one that says so.
    pub records: i64,
    /// Where the checkpoints that it contradicted are kept now.
    pub superseded: Vec<PathBuf>,
}

/// Why a database cannot be adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The database failed.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// Its record is broken, not only another one.
    #[error("the record of this database cannot be gone on with: restore the database from a backup")]
    Sign(#[from] SignError),
    /// The record could not be written.
    #[error("the adoption could not be recorded")]
    Record(#[source] StoreError),
    /// The old checkpoint cannot be moved away.
    #[error("the old checkpoint cannot be kept as {}: see that its folder can be written", path.display())]
    Move {
        /// Where to.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Adopts. `None` where the database agrees with the checkpoint, or there is none. Whatever stops it half-way, it can be done
/// again, and what was contradicted is still there.
pub(crate) async fn adopt(instance: &Instance, file: &Path) -> Result<Option<Adopted>, AdoptError> {
    let (keys, id) = (instance.vault.head_keys(), instance.vault.instance());
    let problem = match checkpoint_file::require_agreement(file, &instance.store, id, &keys) {
        Ok(()) => return Ok(None),
        Err(problem) if problem.is_contradiction() => problem,
        Err(problem) => return Err(problem.into()),
    };
    // Of all records, before anything is touched: nothing can be added to a broken one.
    require_chain(&instance.store, 0, id, &keys)?;
    let contradicted = contradicted(instance, file)?;
    let set_aside = contradicted.iter().map(|kept| set_aside(file, kept));
    let superseded = set_aside.collect::<Result<_, _>>()?;
    let mut event = Event::new(EventKind::RecordAdopted);
    if let Some(kept) = contradicted.first() {
        event = event
            .fact("checkpoint_size", kept.size)
            .fact("checkpoint_root", kept.root_base64());
    }
    let ledger = instance.recorder.ledger().clone();
    // At once: without its checkpoint, a database would be served that nobody adopted.
    let adopt = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
        // The tree is that of another record: it is made anew from this one.
        tiles::clear(tx)?;
        checkpoint::clear(tx)?;
        witnessed::clear(tx)?;
        let found = records::last(tx)?.map_or(0, |last| last.seq);
        ledger.append(tx, event.fact("records", found))?;
        Ok(())
    };
    instance.store.write(adopt).await.map_err(AdoptError::Record)?;
    let mut signer = Signer::new(instance.store.clone(), instance.vault.clone());
    let Some(next) = signer.advance(None).await? else {
        return Ok(None);
    };
    checkpoint_file::put(file, &next).map_err(|source| CheckpointError::Unwritable {
        path: file.to_owned(),
        source,
    })?;
    tracing::warn!(error = %problem, audit.checkpoint.size = next.size, "the database was adopted");
    Ok(Some(Adopted {
        records: next.size,
        superseded,
    }))
}

/// The checkpoints that the record does not continue: the one outside, and the one in the database. The largest comes first.
fn contradicted(instance: &Instance, file: &Path) -> Result<Vec<Checkpoint>, AdoptError> {
    let (keys, id) = (instance.vault.head_keys(), instance.vault.instance());
    let outside = checkpoint_file::read(file, &keys)?;
    let inside = instance.store.read_blocking(|tx| Checkpoint::inside(tx, &keys))?;
    let mut contradicted = Vec::new();
    // One that is none has nothing to say.
    for kept in outside.into_iter().chain(inside.ok().flatten()) {
        let agreed = instance.store.read_blocking(|tx| agrees(tx, &kept, id))?;
        if !agreed && !contradicted.contains(&kept) {
            contradicted.push(kept);
        }
    }
    contradicted.sort_unstable_by_key(|kept| std::cmp::Reverse(kept.size));
    Ok(contradicted)
}

/// Keeps a checkpoint under a name of its own: it is evidence. An earlier one of the same size stays.
fn set_aside(file: &Path, kept: &Checkpoint) -> Result<PathBuf, AdoptError> {
    let mut copies = 1;
    loop {
        let again = if copies == 1 {
            String::new()
        } else {
            format!("-{copies}")
        };
        let path = files::beside(file, &format!(".superseded-{}{again}", kept.size));
        match files::create(&path, kept.note().as_bytes(), Readers::Everyone) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if fs::read(&path).is_ok_and(|there| there == kept.note().as_bytes()) {
                    return Ok(path);
                }
                copies += 1;
            }
            Err(source) => return Err(AdoptError::Move { path, source }),
        }
    }
}
