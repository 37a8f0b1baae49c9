//! The schema: what it is and how it gets there.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::transaction::Tx;

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// How the schema of a database compares with the one this program knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// There is none yet.
    Empty,
    /// They are the same.
    Current,
    /// Migrations are missing.
    Old {
        /// How many.
        pending: usize,
    },
    /// A newer program has been here.
    Newer,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// Reads the state without writing anything: diesel's own question would make its table.
pub(crate) fn state(tx: &mut Tx<'_>) -> Result<SchemaState, StoreError> {
    let (known, table) = tx.run(|conn| {
        // Dialect: where each engine lists its tables.
        let table = match conn {
            Conn::Sqlite(_) => {
                "SELECT name AS version FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
            }
            Conn::Postgres(_) => {
                "SELECT c.relname::text AS version FROM pg_class c \
                 WHERE c.oid = to_regclass('__diesel_schema_migrations')"
            }
        };
        Ok((
            known_versions(conn)?,
            diesel::sql_query(table).load::<Applied>(conn)?,
        ))
    })?;
    if table.is_empty() {
        return Ok(SchemaState::Empty);
    }
    let applied = tx.run(|conn| {
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load::<Applied>(conn)
    })?;
    if applied.is_empty() {
        return Ok(SchemaState::Empty);
    }
    if applied.iter().any(|applied| !known.contains(&applied.version)) {
        return Ok(SchemaState::Newer);
    }
    match known.len() - applied.len() {
        0 => Ok(SchemaState::Current),
        pending => Ok(SchemaState::Old { pending }),
    }
}

/// Runs what is missing. Several replicas may try at once.
pub(crate) fn run(conn: &mut Conn) -> Result<usize, StoreError> {
    type Run = Result<usize, Box<dyn std::error::Error + Send + Sync>>;
    let run: Run = match conn {
        Conn::Sqlite(conn) => {
            conn.immediate_transaction(|conn| Ok(conn.run_pending_migrations(SQLITE)?.len()))
        }
        Conn::Postgres(conn) => {
            conn.batch_execute(ALONE)
                .map_err(|error| StoreError::of_statement(&error))?;
            conn.run_pending_migrations(POSTGRES).map(|run| run.len())
        }
    };
    // The text is made from our own SQL; still, only what diesel knows as a database error is passed on.
    run.map_err(|error| match error.downcast_ref::<diesel::result::Error>() {
        Some(error) => StoreError::of_statement(error),
        None => StoreError::Engine("a migration failed".to_owned()),
    })
}

/// Migrations take as long as they take, one migrating program at a time; the lock ends with the session.
const ALONE: &str =
    "SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock(8534168888704592231)";

fn known_versions(conn: &Conn) -> QueryResult<Vec<String>> {
    use diesel::migration::MigrationSource;
    let names = match conn {
        Conn::Sqlite(_) => MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)
            .map(|all| all.iter().map(|one| one.name().version().to_string()).collect()),
        Conn::Postgres(_) => MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES)
            .map(|all| all.iter().map(|one| one.name().version().to_string()).collect()),
    };
    names.map_err(diesel::result::Error::QueryBuilderError)
}
