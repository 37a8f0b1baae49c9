//! Where the rows are, and how a session with each engine is set up.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};
use vouchsafe_model::Secret;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::language;
use crate::transaction::Access;

/// Where the rows are kept.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file of SQLite, for one process.
    Sqlite(PathBuf),
    /// A URL or keyword string as libpq reads it; it may contain a password.
    Postgres(Secret<String>),
}

/// Who moves SQLite's write-ahead log back into the database file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checkpoints {
    /// The connection that commits.
    Automatic,
    /// A thread of its own, so that no commit waits for it.
    Elsewhere,
}

impl Location {
    /// Makes the file of SQLite if there is none, readable by nobody else; SQLite gives its other files the same mode.
    pub(crate) fn create(&self) -> Result<(), StoreError> {
        let Self::Sqlite(path) = self else { return Ok(()) };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(path) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(StoreError::File(error.kind())),
        }
    }

    /// Opens a session. The file of SQLite must exist.
    pub(crate) fn connect(&self, access: Access, checkpoints: Checkpoints) -> Result<Conn, StoreError> {
        match self {
            Self::Sqlite(path) => open_sqlite(path, access, checkpoints).map(Conn::Sqlite),
            Self::Postgres(address) => open_postgres(address, access).map(Conn::Postgres),
        }
    }
}

fn open_sqlite(
    path: &Path,
    access: Access,
    checkpoints: Checkpoints,
) -> Result<SqliteConnection, StoreError> {
    // Absolute, so that no name reads as `:memory:` or as a `file:` URI; and there, or SQLite would make it.
    let path = path
        .canonicalize()
        .map_err(|error| StoreError::File(error.kind()))?;
    let path = path
        .to_str()
        .ok_or(StoreError::File(ErrorKind::InvalidFilename))?;
    let mut conn = SqliteConnection::establish(path).map_err(|error| StoreError::of_connection(&error))?;
    run(&mut conn, "PRAGMA busy_timeout = 5000")?;
    if access == Access::Write {
        write_ahead(&mut conn)?;
    }
    run(
        &mut conn,
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON",
    )?;
    if checkpoints == Checkpoints::Elsewhere {
        run(&mut conn, "PRAGMA wal_autocheckpoint = 0")?;
    }
    if access == Access::Read {
        run(&mut conn, "PRAGMA query_only = ON")?;
    }
    Ok(conn)
}

/// SQLite answers with the mode it is in, and with another one where the file system cannot do it.
fn write_ahead(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    #[derive(QueryableByName)]
    struct Mode {
        #[diesel(sql_type = Text)]
        journal_mode: String,
    }
    let mode = diesel::sql_query("PRAGMA journal_mode = WAL").get_result::<Mode>(conn);
    let mode = mode.map_err(|error| StoreError::of_statement(&error))?;
    if mode.journal_mode == "wal" {
        return Ok(());
    }
    Err(StoreError::Engine(
        "no write-ahead log is possible on this file system".to_owned(),
    ))
}

fn run(conn: &mut impl SimpleConnection, sql: &str) -> Result<(), StoreError> {
    conn.batch_execute(sql)
        .map_err(|error| StoreError::of_statement(&error))
}

fn open_postgres(address: &Secret<String>, access: Access) -> Result<PgConnection, StoreError> {
    let address = with_timeouts(address);
    let mut conn =
        PgConnection::establish(address.expose()).map_err(|error| StoreError::of_connection(&error))?;
    language::require_english(&mut conn)?;
    run(&mut conn, SESSION)?;
    if access == Access::Read {
        run(&mut conn, "SET default_transaction_read_only = on")?;
    }
    Ok(conn)
}

/// A paused replica must not hold the fleet: whoever holds the head and stops is cut off after seconds, by these or by
/// whoever waits for it (`head::end_sleepers`).
const SESSION: &str = "SET lock_timeout = '3s'; \
     SET idle_in_transaction_session_timeout = '3s'; \
     SET statement_timeout = '15s'; \
     SET client_min_messages = 'error'";

/// How libpq notices a server that is gone. What the operator has set stays.
const TIMEOUTS: [(&str, &str); 5] = [
    ("connect_timeout", "5"),
    ("tcp_user_timeout", "10000"),
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "3"),
];

fn with_timeouts(address: &Secret<String>) -> Secret<String> {
    let given = address.expose();
    let is_url = given.contains("://");
    let mut address = given.clone();
    for (name, value) in TIMEOUTS.into_iter().filter(|(name, _)| !given.contains(name)) {
        let separator = match (is_url, address.contains('?')) {
            (true, true) => '&',
            (true, false) => '?',
            (false, _) => ' ',
        };
        address.push(separator);
        address.push_str(name);
        address.push('=');
        address.push_str(value);
    }
    Secret::new(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_added_where_the_operator_has_set_none() {
        let url = with_timeouts(&Secret::from("postgres://u@h/d?connect_timeout=1"));
        assert!(
            url.expose()
                .starts_with("postgres://u@h/d?connect_timeout=1&tcp_user_timeout=10000&keep")
        );
        let words = with_timeouts(&Secret::from("host=h dbname=d"));
        assert!(
            words
                .expose()
                .starts_with("host=h dbname=d connect_timeout=5 tcp_user_timeout=10000 ")
        );
    }
}
