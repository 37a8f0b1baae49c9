//! What opens, and what is refused with a sentence.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use vouchsafe::{Instance, Settings, StartError, SystemClock};
use vouchsafe_model::{Ids, OsEntropy, Secret};
use vouchsafe_store::{Location, ThrowawayPostgres, raw_sql, records};
use vouchsafe_vault::{FileKeyProvider, KeyProvider};

fn key_text() -> Secret<String> {
    FileKeyProvider::generate(&Ids::new(Arc::new(SystemClock), Arc::new(OsEntropy)))
}

fn key(text: &Secret<String>) -> Box<dyn KeyProvider> {
    Box::new(FileKeyProvider::from_file_text(text).unwrap())
}

fn open(location: &Location, text: &Secret<String>) -> Result<Instance, StartError> {
    let handle = tokio::runtime::Handle::current();
    Instance::open(Settings::new(
        "http://127.0.0.1:1/",
        location.clone(),
        key(text),
        handle,
    ))
}

fn sqlite(folder: &TempDir) -> Location {
    Location::Sqlite(folder.path().join("v.db"))
}

fn sentence(outcome: Result<Instance, StartError>) -> String {
    let mut sentence = String::new();
    let error = outcome.map(|_| ()).unwrap_err();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        sentence.push_str(&error.to_string());
        sentence.push_str(" / ");
        next = error.source();
    }
    sentence
}

async fn is_born_once(location: &Location) {
    let text = key_text();
    let first = open(location, &text).unwrap();
    assert!(first.created);
    assert_eq!(first.issuer(), "http://127.0.0.1:1");
    let born = first.store.read(records::last).await.unwrap().unwrap();
    assert_eq!((born.seq, born.event.as_str()), (1, "instance.created"));
    let id = first.vault.instance().clone();
    drop(first);
    let second = open(location, &text).unwrap();
    assert!(!second.created);
    assert_eq!(*second.vault.instance(), id);
    assert_eq!(second.store.read(records::last).await.unwrap().unwrap().seq, 1);
    drop(second);
    assert!(sentence(open(location, &key_text())).contains("it is not the key of this database"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_becomes_an_instance_and_opens_again_with_its_key_alone() {
    is_born_once(&sqlite(&tempfile::tempdir().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    if let Some(postgres) = ThrowawayPostgres::shared() {
        is_born_once(&Location::Postgres(postgres.database())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (location, text) = (sqlite(&folder), key_text());
    drop(open(&location, &text).unwrap());
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
    raw_sql::execute(&location, newer);
    assert!(matches!(open(&location, &text), Err(StartError::SchemaNewer)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_rows_without_an_instance_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (location, text) = (sqlite(&folder), key_text());
    drop(open(&location, &text).unwrap());
    raw_sql::execute(&location, "DELETE FROM instance");
    assert!(matches!(
        open(&location, &text),
        Err(StartError::SealedWithoutInstance)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_made_is_refused() {
    let location = Location::Sqlite(Path::new("/not/there/v.db").to_owned());
    assert!(sentence(open(&location, &key_text())).contains("the database file cannot be opened"));
}
