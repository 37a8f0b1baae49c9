//! Adoption: an operator goes on with a database that contradicts the last checkpoint (AR-15).
//!
//! What was done since is lost with it, revocations included; so it takes a decision, and stands on the record.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouchsafe_audit::{Event, EventKind, SignError, Signer};
use vouchsafe_store::{StoreError, Tx, checkpoint, records, tiles};

use crate::checkpoint_file::{self, CheckpointError};
use crate::files;
use crate::wiring::Instance;

/// What became of it.
#[derive(Debug)]
pub struct Adopted {
    /// How many records the database has, with the one that says so.
    pub records: i64,
    /// Where the checkpoint that was outside is kept now.
    pub superseded: Option<PathBuf>,
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

/// Adopts. `None` where the database agrees with the checkpoint, or there is none.
pub(crate) async fn adopt(instance: &Instance, file: &Path) -> Result<Option<Adopted>, AdoptError> {
    let (keys, id) = (instance.vault.head_keys(), instance.vault.instance());
    let problem = match checkpoint_file::require_agreement(file, &instance.store, id, &keys) {
        Ok(()) => return Ok(None),
        Err(problem) if problem.is_contradiction() => problem,
        Err(problem) => return Err(problem.into()),
    };
    let kept = checkpoint_file::read(file, &keys)?;
    let found = instance
        .store
        .read(records::last)
        .await?
        .map_or(0, |last| last.seq);
    // The tree is that of another record: it is made anew from this one.
    let forget = |tx: &mut Tx<'_>| -> Result<(), StoreError> {
        tiles::clear(tx)?;
        checkpoint::clear(tx)
    };
    instance.store.write(forget).await?;
    let mut event = Event::new(EventKind::RecordAdopted).fact("records", found);
    if let Some(kept) = &kept {
        event = event
            .fact("checkpoint_size", kept.size)
            .fact("checkpoint_root", kept.root_base64());
    }
    instance.recorder.note(event).await.map_err(AdoptError::Record)?;
    let mut signer = Signer::new(instance.store.clone(), instance.vault.clone());
    let next = signer.advance(None).await?;
    let superseded = kept.map(|kept| set_aside(file, kept.size)).transpose()?;
    let Some(next) = next else { return Ok(None) };
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

/// Keeps the old checkpoint under another name: it is evidence.
fn set_aside(file: &Path, size: i64) -> Result<PathBuf, AdoptError> {
    let aside = files::beside(file, &format!(".superseded-{size}"));
    match fs::copy(file, &aside) {
        Ok(_) => Ok(aside),
        Err(source) => Err(AdoptError::Move { path: aside, source }),
    }
}
