//! Tests of every query and of the engine, on both databases.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

mod engine;
mod export_cursors;
mod fixtures;
mod flows;
mod head;
mod language;
mod migrations;
mod people;
mod record;
mod revoked_access;
mod vault;
mod world;

use tempfile::TempDir;

use crate::{Location, Store, StoreOptions, ThrowawayPostgres};

/// An empty, migrated store, and what must live as long as it.
struct TestStore {
    store: Store,
    location: Location,
    _directory: TempDir,
}

impl TestStore {
    fn sqlite() -> Self {
        let directory = TempDir::new().unwrap();
        let location = Location::Sqlite(directory.path().join("vouchsafe.db"));
        Self::open(location, directory)
    }

    fn postgres() -> Option<Self> {
        let location = Location::Postgres(ThrowawayPostgres::shared()?.database());
        Some(Self::open(location, TempDir::new().unwrap()))
    }

    fn open(location: Location, directory: TempDir) -> Self {
        let options = StoreOptions {
            readers: 3,
            writers: 3,
            ..StoreOptions::default()
        };
        let store = Store::open(location.clone(), options).unwrap();
        store.migrate().unwrap();
        Self {
            store,
            location,
            _directory: directory,
        }
    }
}

/// Runs a test once on each database.
macro_rules! both_databases {
    ($(async fn $name:ident($test:ident: TestStore) $body:block)+) => {
        $(mod $name {
            use super::*;

            async fn story($test: TestStore) $body

            #[tokio::test]
            async fn on_sqlite() {
                story(TestStore::sqlite()).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                if let Some(test) = TestStore::postgres() {
                    story(test).await;
                }
            }
        })+
    };
}
use both_databases;
