//! Checkpoints, the file that keeps them, and adoption, over a database that is attacked by SQL.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{Ids, OsEntropy};
use vouchsafe_store::{Location, raw_sql};
use vouchsafe_vault::FileKeyProvider;

use super::*;
use crate::adopt::{AdoptError, Adopted, adopt};
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
        checkpoint_file::read(&self.path, &keys).unwrap().unwrap().size
    }

    fn agrees(&self) -> Result<(), CheckpointError> {
        let Instance { store, vault, .. } = &self.instance;
        checkpoint_file::require_agreement(&self.path, store, vault.instance(), &vault.head_keys())
    }

    async fn adopt(&self) -> Result<Option<Adopted>, AdoptError> {
        adopt(&self.instance, &self.path).await
    }

    /// One that signs for this database and takes another file for its own.
    fn keeping(&self, file: &Path) -> Checkpoints {
        Checkpoints {
            signer: Signer::new(self.instance.store.clone(), self.instance.vault.clone()),
            file: Some(file.to_owned()),
            keys: self.instance.vault.head_keys(),
            clock: self.instance.clock.clone(),
            every: Duration::from_secs(1),
            contradicted: watch::Sender::default(),
            told: None,
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
async fn ar_15__a_database_that_somebody_wrote_to_is_not_served_whatever_it_was() {
    for spoil in [
        "DELETE FROM records WHERE seq > 5",
        "UPDATE records SET leaf = zeroblob(32) WHERE seq = 11",
        "UPDATE records SET leaf = zeroblob(31) WHERE seq = 11",
        "UPDATE records SET signature = NULL WHERE seq = 11",
        "UPDATE records SET seq = 12 WHERE seq = 11",
        "UPDATE checkpoint SET note = 'nothing'",
        "UPDATE checkpoint SET size = 9000000000000000000",
    ] {
        let kept = Kept::new().await;
        kept.goes_on(1).await;
        let mut running = kept.keeping(&kept.path);
        kept.sql(spoil);
        // While it runs and when it starts, alike: or it would be sealed and unsealed in turns.
        running.advance().await;
        assert!(*running.contradicted.borrow(), "{spoil}");
        let refused = kept.agrees().unwrap_err();
        assert!(refused.is_contradiction(), "{spoil}: {refused}");
        assert_eq!(kept.named(), 10, "{spoil}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_any_size_does_not_fill_the_memory() {
    let kept = Kept::new().await;
    fs::File::create(&kept.path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(kept.agrees(), Err(CheckpointError::Invalid { .. })));
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
    let mut again = kept.keeping(&kept.path);
    again.advance().await;
    assert!(*again.contradicted.borrow());
    assert_eq!(kept.named(), 10);
    assert!(matches!(
        kept.agrees(),
        Err(CheckpointError::Contradicted { size: 10, .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_15__the_file_of_another_database_is_not_written_over() {
    let (kept, other) = (Kept::new().await, Kept::new().await);
    other.goes_on(5).await;
    other.keeping(&kept.path).advance().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn ar_15__every_checkpoint_that_an_adoption_contradicts_is_kept() {
    let kept = Kept::new().await;
    let mut superseded = Vec::new();
    for again in ["", "-2"] {
        let contradicted = fs::read_to_string(&kept.path).unwrap();
        kept.sql("DELETE FROM records WHERE seq > 7");
        let adopted = kept.adopt().await.unwrap().unwrap();
        assert_eq!((adopted.records, kept.named()), (8, 8));
        let path = crate::files::beside(&kept.path, &format!(".superseded-10{again}"));
        assert_eq!(adopted.superseded, std::slice::from_ref(&path));
        superseded.push((path, contradicted));
        assert!(kept.agrees().is_ok());
        assert!(kept.adopt().await.unwrap().is_none());
        kept.goes_on(2).await;
        kept.instance.checkpoint().await;
        assert_eq!(kept.named(), 10);
    }
    assert_ne!(superseded[0].1, superseded[1].1);
    for (path, contradicted) in superseded {
        assert_eq!(fs::read_to_string(path).unwrap(), contradicted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_15__the_checkpoint_in_the_database_is_kept_too_where_it_is_what_is_contradicted() {
    let kept = Kept::new().await;
    fs::remove_file(&kept.path).unwrap();
    kept.sql("DELETE FROM records WHERE seq > 7");
    let adopted = kept.adopt().await.unwrap().unwrap();
    let aside = fs::read_to_string(&adopted.superseded[0]).unwrap();
    assert_eq!(aside.lines().nth(1), Some("10"));
    let body = raw_sql::texts(
        &kept.location,
        "SELECT CAST(body AS TEXT) AS text FROM records WHERE seq = 8",
    );
    assert!(body[0].contains(r#""checkpoint_size":10"#), "{body:?}");
    assert!(body[0].contains(aside.lines().nth(2).unwrap()), "{body:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_15__a_record_that_is_broken_itself_is_not_adopted_and_not_touched() {
    let kept = Kept::new().await;
    kept.sql("DELETE FROM records WHERE seq > 8; UPDATE records SET leaf = zeroblob(32) WHERE seq = 3");
    let state = "SELECT (SELECT count(*) FROM records) || ' ' || (SELECT count(*) FROM checkpoint) AS text";
    let before = raw_sql::texts(&kept.location, state);
    let refused = kept.adopt().await.unwrap_err();
    assert!(
        matches!(refused, AdoptError::Sign(SignError::Broken { seq: 3 })),
        "{refused}"
    );
    assert_eq!(raw_sql::texts(&kept.location, state), before);
    assert_eq!(kept.named(), 10);
    assert!(!crate::files::beside(&kept.path, ".superseded-10").exists());
}
