//! The head of the record: who holds it may append.

use diesel::prelude::*;
use vouchsafe_model::UnixMillis;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::records;
use crate::transaction::Tx;

/// Where the record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Seq of the last entry.
    pub seq: i64,
    /// Hash of everything up to it.
    pub chain: [u8; 32],
    /// Its time.
    pub time: UnixMillis,
    /// Seq of the last authority change.
    pub change_seq: i64,
}

impl Head {
    /// Before the first entry.
    pub const fn genesis() -> Self {
        Self {
            seq: 0,
            chain: [0; 32],
            time: UnixMillis(0),
            change_seq: 0,
        }
    }
}

/// Takes the head until the transaction ends. Take it last, after all other rows that the transaction changes; what is
/// checked under it must be read after it.
///
/// In PostgreSQL the lock is a statement of its own, because under READ COMMITTED a statement sees what was committed
/// before it began, not before the lock was granted. An advisory lock and not a row: a row that every transaction
/// updates grows a tail of dead versions as soon as anybody holds a long snapshot. In SQLite the transaction of the one
/// writer is the lock.
pub fn take(tx: &mut Tx<'_>) -> Result<Head, StoreError> {
    tx.run(|conn| match conn {
        Conn::Sqlite(_) => Ok(0),
        Conn::Postgres(conn) => diesel::sql_query(LOCK).execute(conn),
    })?;
    peek(tx)
}

/// Reads the head without taking it: it may have moved by the time this returns.
pub fn peek(tx: &mut Tx<'_>) -> Result<Head, StoreError> {
    Ok(records::head(tx)?.unwrap_or(Head::genesis()))
}

/// The number is `vouchsaf` in ASCII; the migrations lock another one.
const LOCK: &str = "SELECT pg_advisory_xact_lock(8534168888704983398)";
