//! The checkpoint file: the last signed checkpoint of the record, kept outside the database.
//!
//! Whoever rolls the database back, or cuts the end of the record off, cannot take this file back with it. So it is
//! only ever replaced by a later checkpoint of the same record.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use vouchsafe_audit::{Checkpoint, InvalidCheckpoint, SignError, agrees, require_chain};
use vouchsafe_model::InstanceId;
use vouchsafe_store::records::RecordRow;
use vouchsafe_store::{Store, StoreError, records};
use vouchsafe_vault::VerificationKey;

use crate::files::{self, Readers};

/// Why the checkpoint cannot be read, or what it says of the database.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file cannot be read.
    #[error("the checkpoint file {} cannot be read", path.display())]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("the checkpoint file {} cannot be written: check that its folder exists and that this user may write there", path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not a checkpoint under one of these keys.
    #[error("the checkpoint file {} cannot be used: move it away if it belongs to another database", path.display())]
    Invalid {
        /// Where.
        path: PathBuf,
        /// What it is instead.
        source: InvalidCheckpoint,
    },
    /// The database knows less than the checkpoint.
    #[error(
        "the checkpoint file {} names record {size}, which this database does not have as it was: it was rolled back, \
         or records were changed or cut off. Run `vouchsafe audit verify`; restore the right database, or go on with \
         this one by `vouchsafe audit adopt`", path.display()
    )]
    Contradicted {
        /// Where.
        path: PathBuf,
        /// How many records it is of.
        size: i64,
    },
    /// The database knows less than it did when it signed the checkpoint that is in it.
    #[error(
        "the record does not continue the checkpoint of {size} records that is in the database itself: records were \
         changed or cut off. Run `vouchsafe audit verify`; restore the right database, or go on with this one by \
         `vouchsafe audit adopt`"
    )]
    ContradictsItself {
        /// How many records it is of.
        size: i64,
    },
    /// What is in the place of the checkpoint in the database is none.
    #[error(
        "the checkpoint in the database was changed: run `vouchsafe audit verify`; restore the right database, or go on \
         with this one by `vouchsafe audit adopt`"
    )]
    Changed(#[source] InvalidCheckpoint),
    /// What came after the checkpoint is not what this server appended.
    #[error(
        "record {seq} does not continue the chain, or is the last one without a valid signature: somebody changed the \
         database. Run `vouchsafe audit verify`, and restore the database from a backup"
    )]
    Broken {
        /// Where.
        seq: i64,
    },
    /// The database failed.
    #[error("the record cannot be read")]
    Store(#[from] StoreError),
}

impl CheckpointError {
    /// Whether the database is not the one that was signed, so that nothing may be served from it.
    pub(crate) const fn is_contradiction(&self) -> bool {
        matches!(
            self,
            Self::Contradicted { .. }
                | Self::ContradictsItself { .. }
                | Self::Changed(_)
                | Self::Broken { .. }
                | Self::Store(StoreError::Corrupt { .. })
        )
    }
}

impl From<SignError> for CheckpointError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Contradicted { size } => Self::ContradictsItself { size },
            SignError::Broken { seq } => Self::Broken { seq },
            SignError::Invalid(error) => Self::Changed(error),
            SignError::Store(error) => Self::Store(error),
        }
    }
}

/// Reads and verifies the checkpoint; `None` when there is no file.
pub fn read(path: &Path, keys: &[VerificationKey]) -> Result<Option<Checkpoint>, CheckpointError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(CheckpointError::Unreadable {
                path: path.to_owned(),
                source,
            });
        }
    }
    let read = Checkpoint::read(&text, keys);
    read.map(Some).map_err(|source| CheckpointError::Invalid {
        path: path.to_owned(),
        source,
    })
}

/// Refuses a database that contradicts the checkpoint kept outside, or the one inside. Asked at start, before anything new is
/// written: a server that went on would soon have a longer record than the one that was cut off, and a checkpoint for it.
pub(crate) fn require_agreement(
    path: &Path,
    store: &Store,
    instance: &InstanceId,
    keys: &[VerificationKey],
) -> Result<(), CheckpointError> {
    let outside = read(path, keys)?;
    let inside = store.read_blocking(|tx| Checkpoint::inside(tx, keys))?;
    let agreed = |kept: &Checkpoint| store.read_blocking(|tx| agrees(tx, kept, instance));
    if let Some(kept) = &outside
        && !agreed(kept)?
    {
        return Err(CheckpointError::Contradicted {
            path: path.to_owned(),
            size: kept.size,
        });
    }
    let inside = inside.map_err(CheckpointError::Changed)?;
    if let Some(kept) = &inside
        && !agreed(kept)?
    {
        return Err(CheckpointError::ContradictsItself { size: kept.size });
    }
    let sizes = outside.iter().chain(&inside).map(|kept| kept.size);
    require_chain(store, sizes.max().unwrap_or(0), instance, keys)?;
    let begun = |last: RecordRow| last.seq > 1;
    if outside.is_none() && store.read_blocking(records::last)?.is_some_and(begun) {
        tracing::warn!(
            audit.checkpoint_file = %path.display(),
            "there is no checkpoint file although the record is not new: a rolled-back database would not show"
        );
    }
    Ok(())
}

/// Puts a checkpoint in the place of the one before it.
pub(crate) fn put(path: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    files::replace(path, checkpoint.note().as_bytes(), Readers::Everyone)
}

/// No note is as large. Whatever else lies there need not fit into memory.
const MOST_BYTES: u64 = 1 << 20;
