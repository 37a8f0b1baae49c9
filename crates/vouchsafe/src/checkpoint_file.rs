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
use vouchsafe_store::{Store, StoreError, Tx, records};
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
    if store.read_blocking(|tx| holds(tx, instance, &checkpoint))? {
        Ok(())
    } else {
        Err(CheckpointError::Contradicted {
            path: path.to_owned(),
            seq: checkpoint.seq,
        })
    }
}

/// Whether the record is still what the checkpoint says.
fn holds(tx: &mut Tx<'_>, instance: &InstanceId, checkpoint: &Checkpoint) -> Result<bool, StoreError> {
    let row = records::by_seq(tx, checkpoint.seq)?;
    let found = row.and_then(|row| Checkpoint::of(instance, &row));
    // All of it: a signature that was spoilt in the database shows here, while the file still holds the good one.
    Ok(found.is_some_and(|found| found == *checkpoint))
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
        match self.advance(written).await {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(error = %error, "the checkpoint file is left as it is");
                written
            }
        }
    }

    /// The database may also be rolled back, or exchanged for another, under a running server. So the file is read
    /// each time, before the record: what it names must still be there, and only a later head takes its place.
    async fn advance(&self, written: i64) -> Result<i64, CheckpointError> {
        let last = self.store.read(records::last).await?;
        if last.is_none_or(|last| last.seq == written) {
            return Ok(written);
        }
        let (path, keys) = (self.path.clone(), self.keys.clone());
        let Ok(kept) = tokio::task::spawn_blocking(move || read(&path, &keys)).await else {
            return Ok(written);
        };
        let kept = kept?;
        let (instance, named) = (self.instance.clone(), kept.clone());
        let look = move |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            let holds = named.map_or(Ok(true), |named| holds(tx, &instance, &named))?;
            Ok((holds, records::last(tx)?))
        };
        let (holds, last) = self.store.read(look).await?;
        let seq = kept.map_or(0, |kept| kept.seq);
        if !holds {
            let path = self.path.clone();
            return Err(CheckpointError::Contradicted { path, seq });
        }
        match last.and_then(|row| Checkpoint::of(&self.instance, &row)) {
            Some(head) if head.seq > seq => Ok(self.put(&head, written).await),
            _ => Ok(seq),
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

#[cfg(test)]
mod tests {
    #![expect(non_snake_case, reason = "tests carry requirement ids")]

    use tempfile::TempDir;
    use vouchsafe_audit::{Event, EventKind};
    use vouchsafe_model::{Ids, OsEntropy};
    use vouchsafe_store::{Location, raw_sql};
    use vouchsafe_vault::FileKeyProvider;

    use super::*;
    use crate::{Instance, Settings, SystemClock};

    /// A database with a record, and its checkpoint outside.
    struct Kept {
        instance: Instance,
        location: Location,
        path: PathBuf,
        _folder: TempDir,
    }

    impl Kept {
        /// After ten records.
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let location = Location::Sqlite(folder.path().join("v.db"));
            let path = folder.path().join("v.checkpoint");
            let key = FileKeyProvider::generate(&Ids::new(Arc::new(SystemClock), Arc::new(OsEntropy)));
            let settings = Settings {
                checkpoint_file: Some(path.clone()),
                ..Settings::new(
                    "http://127.0.0.1:1",
                    location.clone(),
                    Box::new(FileKeyProvider::from_file_text(&key).unwrap()),
                    tokio::runtime::Handle::current(),
                )
            };
            let kept = Self {
                instance: Instance::open(settings).unwrap(),
                location,
                path,
                _folder: folder,
            };
            kept.goes_on(9).await;
            kept.instance.checkpoint().await;
            assert_eq!(kept.named(), 10);
            kept
        }

        /// So many more records.
        async fn goes_on(&self, records: usize) {
            for _ in 0..records {
                let event = Event::new(EventKind::SignInFailed);
                self.instance.recorder.note(event).await.unwrap();
            }
        }

        fn sql(&self, sql: &str) {
            raw_sql::execute(&self.location, sql);
        }

        /// The record that the file names.
        fn named(&self) -> i64 {
            let keys = self.instance.vault.head_keys();
            read(&self.path, &keys).unwrap().unwrap().seq
        }

        fn agrees(&self) -> Result<(), CheckpointError> {
            let Instance { store, vault, .. } = &self.instance;
            require_agreement(&self.path, store, vault.instance(), &vault.head_keys())
        }

        /// A writer of this database that takes another file for its own.
        fn writer(&self, path: &Path) -> CheckpointWriter {
            CheckpointWriter {
                path: path.to_owned(),
                store: self.instance.store.clone(),
                instance: self.instance.vault.instance().clone(),
                keys: self.instance.vault.head_keys(),
                clock: self.instance.clock.clone(),
            }
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_record_that_goes_on_takes_the_file_along() {
        let kept = Kept::new().await;
        kept.goes_on(1).await;
        kept.instance.checkpoint().await;
        assert_eq!(kept.named(), 11);
        assert!(kept.agrees().is_ok());
        // Again, with nothing new; and after somebody took the file away on purpose.
        kept.instance.checkpoint().await;
        assert_eq!(kept.named(), 11);
        fs::remove_file(&kept.path).unwrap();
        kept.instance.checkpoint().await;
        assert_eq!(kept.named(), 11);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn ar_15__a_database_rolled_back_while_it_is_served_does_not_take_the_file_along() {
        let kept = Kept::new().await;
        kept.sql("DELETE FROM records WHERE seq > 5");
        kept.instance.checkpoint().await;
        assert_eq!(kept.named(), 10);
        // Also when the record that goes on from there is the longer one.
        kept.goes_on(9).await;
        kept.instance.checkpoint().await;
        assert_eq!(kept.writer(&kept.path).write(9).await, 9);
        assert_eq!(kept.named(), 10);
        assert!(matches!(
            kept.agrees(),
            Err(CheckpointError::Contradicted { seq: 10, .. })
        ));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn ar_15__the_file_of_another_database_is_not_written_over() {
        let (kept, other) = (Kept::new().await, Kept::new().await);
        other.goes_on(5).await;
        other.writer(&kept.path).write(0).await;
        assert_eq!(kept.named(), 10);
        // Nor with a row of the other's, under the running server of this one.
        let Location::Sqlite(path) = &other.location else {
            unreachable!("both are embedded");
        };
        kept.sql(&format!(
            "ATTACH DATABASE '{}' AS other; INSERT INTO records SELECT * FROM other.records WHERE seq > 10",
            path.display()
        ));
        kept.instance.checkpoint().await;
        assert_eq!(kept.named(), 10);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn ar_15__a_head_that_does_not_verify_is_not_kept() {
        for spoil in [
            "UPDATE records SET signature = zeroblob(64) WHERE seq = 11",
            "UPDATE records SET signature = NULL WHERE seq = 11",
            "UPDATE records SET chain = zeroblob(32) WHERE seq = 11",
            "UPDATE records SET time = time + 1 WHERE seq = 11",
            "UPDATE records SET key_id = 'key_00000000000000000000000001' WHERE seq = 11",
            "UPDATE records SET seq = 12 WHERE seq = 11",
        ] {
            let kept = Kept::new().await;
            kept.goes_on(1).await;
            kept.sql(spoil);
            kept.instance.checkpoint().await;
            assert_eq!(kept.named(), 10, "{spoil}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_that_is_no_checkpoint_any_more_is_left_for_the_operator() {
        let kept = Kept::new().await;
        fs::write(&kept.path, "nothing").unwrap();
        kept.goes_on(1).await;
        kept.instance.checkpoint().await;
        assert_eq!(fs::read_to_string(&kept.path).unwrap(), "nothing");
        assert!(matches!(kept.agrees(), Err(CheckpointError::Invalid { .. })));
    }
}
