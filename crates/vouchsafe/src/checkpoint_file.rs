//! The checkpoint file: the signed head of the record, kept outside the database.
//!
//! Whoever rolls the database back, or cuts the end of the record off, cannot take this file back with it. So it is
//! only ever replaced by a later head of the same record.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use vouchsafe_audit::{Checkpoint, InvalidCheckpoint};
use vouchsafe_model::{Clock, InstanceId};
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
        source: std::io::Error,
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
        "the checkpoint file {} names record {seq}, which this database does not have as it was: it was rolled back, \
         or records were changed or cut off. Run `vouchsafe audit verify`; to go on with this database all the same, \
         move the checkpoint file away", path.display()
    )]
    Contradicted {
        /// Where.
        path: PathBuf,
        /// The record it names.
        seq: i64,
    },
    /// The database failed.
    #[error("the record cannot be read")]
    Store(#[from] StoreError),
}

/// Reads and verifies the checkpoint; `None` when there is no file.
pub fn read(path: &Path, keys: &[VerificationKey]) -> Result<Option<Checkpoint>, CheckpointError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(CheckpointError::Unreadable {
                path: path.to_owned(),
                source,
            });
        }
    };
    let read = Checkpoint::read(&text, keys);
    read.map(Some).map_err(|source| CheckpointError::Invalid {
        path: path.to_owned(),
        source,
    })
}

/// Refuses a database that contradicts the checkpoint. Asked at start, before anything new is written: a server that
/// went on would soon have a longer record than the one that was cut off, and a checkpoint for it.
pub(crate) fn require_agreement(
    path: &Path,
    store: &Store,
    instance: &InstanceId,
    keys: &[VerificationKey],
) -> Result<(), CheckpointError> {
    let Some(checkpoint) = read(path, keys)? else {
        if store
            .read_blocking(records::last)?
            .is_some_and(|last| last.seq > 1)
        {
            tracing::warn!(
                audit.checkpoint_file = %path.display(),
                "there is no checkpoint file although the record is not new: a rolled-back database would not show"
            );
        }
        return Ok(());
    };
    let seq = checkpoint.seq;
    let row = store.read_blocking(|tx| records::by_seq(tx, seq))?;
    let found = row.and_then(|row| Checkpoint::of(instance, &row));
    // All of it: a signature that was spoilt in the database shows here, while the file still holds the good one.
    if found.is_some_and(|found| found == checkpoint) {
        Ok(())
    } else {
        Err(CheckpointError::Contradicted {
            path: path.to_owned(),
            seq,
        })
    }
}

/// Writes the file whenever the record has advanced.
pub(crate) struct CheckpointWriter {
    pub(crate) path: PathBuf,
    pub(crate) store: Store,
    pub(crate) instance: InstanceId,
    pub(crate) keys: Vec<VerificationKey>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl CheckpointWriter {
    /// Writes now and then every second, until told to stop; the last time is the caller's, after everything else.
    pub(crate) async fn run(self, mut shutdown: watch::Receiver<bool>) -> Self {
        let mut written = 0;
        while !*shutdown.borrow() {
            written = self.write(written).await;
            tokio::select! {
                () = self.clock.sleep(EVERY) => {}
                changed = shutdown.changed() => if changed.is_err() { break },
            }
        }
        self
    }

    /// Writes the head if it is not `written`; says which one is in the file now.
    pub(crate) async fn write(&self, written: i64) -> i64 {
        match self.store.read(records::last).await {
            Ok(Some(row)) if row.seq > written => match Checkpoint::of(&self.instance, &row) {
                Some(checkpoint) => self.put(&checkpoint, written).await,
                None => written,
            },
            Ok(_) => written,
            Err(error) => {
                tracing::warn!(error = %error, "the head of the record cannot be read for the checkpoint file");
                written
            }
        }
    }

    async fn put(&self, checkpoint: &Checkpoint, written: i64) -> i64 {
        let (path, line) = (self.path.clone(), checkpoint.to_line());
        // A good checkpoint is never replaced by a bad one.
        if let Err(error) = Checkpoint::read(&line, &self.keys) {
            tracing::error!(error = %error, audit.seq = checkpoint.seq, "the last record has no valid head: somebody changed the database");
            return written;
        }
        let put =
            tokio::task::spawn_blocking(move || files::replace(&path, line.as_bytes(), Readers::Everyone));
        match put.await {
            Ok(Ok(())) => checkpoint.seq,
            Ok(Err(error)) => {
                tracing::error!(error = %error, audit.checkpoint_file = %self.path.display(), "the checkpoint file cannot be written");
                written
            }
            Err(_) => written,
        }
    }
}

const EVERY: Duration = Duration::from_secs(1);
