//! The schema, and that it is one schema.

use std::collections::BTreeSet;

use diesel::RunQueryDsl;
use diesel::sql_types::{Bool, Text};

use super::*;
use crate::{SchemaState, StoreError};

#[derive(diesel::QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    #[diesel(sql_type = Text)]
    table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

#[derive(diesel::QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
}

async fn columns(store: &Store, query: &'static str) -> BTreeSet<Column> {
    let rows = store.read(move |tx| tx.run(|conn| diesel::sql_query(query).load::<Column>(conn)));
    rows.await.unwrap().into_iter().collect()
}

async fn indexes(store: &Store, query: &'static str) -> BTreeSet<Index> {
    let rows = store.read(move |tx| tx.run(|conn| diesel::sql_query(query).load::<Index>(conn)));
    rows.await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn both_databases_have_the_same_tables() {
    let Some(postgres) = TestStore::postgres() else {
        return;
    };
    let sqlite = TestStore::sqlite();
    let in_sqlite = columns(&sqlite.store, SQLITE_COLUMNS).await;
    assert_eq!(in_sqlite, columns(&postgres.store, POSTGRES_COLUMNS).await);
    let tables: BTreeSet<&String> = in_sqlite.iter().map(|column| &column.table).collect();
    assert_eq!(tables.len(), 30);
    let in_sqlite = indexes(&sqlite.store, SQLITE_INDEXES).await;
    assert_eq!(in_sqlite, indexes(&postgres.store, POSTGRES_INDEXES).await);
}

const SQLITE_COLUMNS: &str = "\
    SELECT m.name AS \"table\", c.name AS name, c.\"notnull\" = 0 AS nullable \
    FROM sqlite_master m, pragma_table_info(m.name) c \
    WHERE m.type = 'table' AND m.name <> '__diesel_schema_migrations'";

const POSTGRES_COLUMNS: &str = "\
    SELECT table_name::text AS \"table\", column_name::text AS name, is_nullable = 'YES' AS nullable \
    FROM information_schema.columns \
    WHERE table_schema = current_schema() AND table_name <> '__diesel_schema_migrations'";

const SQLITE_INDEXES: &str = "\
    SELECT i.name AS name, i.\"unique\" = 1 AS is_unique \
    FROM sqlite_master m, pragma_index_list(m.name) i \
    WHERE m.type = 'table' AND i.origin = 'c'";

const POSTGRES_INDEXES: &str = "\
    SELECT c.relname::text AS name, i.indisunique AS is_unique \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisprimary";

#[tokio::test]
async fn a_schema_goes_from_nothing_to_current() {
    let directory = TempDir::new().unwrap();
    for location in empty_locations(&directory) {
        let store = Store::open(location, StoreOptions::default()).unwrap();
        assert_eq!(store.schema_state(), Ok(SchemaState::Empty));
        assert_eq!(store.require_current_schema(), Err(StoreError::SchemaOld));
        assert_eq!(store.migrate(), Ok(4));
        assert_eq!(store.schema_state(), Ok(SchemaState::Current));
        assert_eq!(store.migrate(), Ok(0));
    }
}

both_databases! {
    async fn a_newer_schema_is_left_alone(test: TestStore) {
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')";
        test.store.write(move |tx| tx.run(|conn| diesel::sql_query(newer).execute(conn))).await.unwrap();
        assert_eq!(test.store.schema_state(), Ok(SchemaState::Newer));
        assert_eq!(test.store.migrate(), Err(StoreError::SchemaNewer));
        assert_eq!(test.store.require_current_schema(), Err(StoreError::SchemaNewer));
    }
}

#[tokio::test]
async fn replicas_may_migrate_at_once() {
    let directory = TempDir::new().unwrap();
    for location in empty_locations(&directory) {
        let store = Store::open(location, StoreOptions::default()).unwrap();
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let store = store.clone();
                tokio::task::spawn_blocking(move || store.migrate())
            })
            .collect();
        let mut run = 0;
        for task in tasks {
            run += task.await.unwrap().unwrap();
        }
        assert_eq!(run, 4);
    }
}

fn empty_locations(directory: &TempDir) -> Vec<Location> {
    let sqlite = Location::Sqlite(directory.path().join("vouchsafe.db"));
    let postgres = ThrowawayPostgres::shared().map(|server| Location::Postgres(server.database()));
    std::iter::once(sqlite).chain(postgres).collect()
}
