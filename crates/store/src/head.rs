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
    /// What the entry carries for a signature. Entries that were committed together have one, on the last of them.
    pub signature: Option<[u8; 64]>,
}

impl Head {
    /// Before the first entry.
    pub const fn genesis() -> Self {
        Self {
            seq: 0,
            chain: [0; 32],
            time: UnixMillis(0),
            change_seq: 0,
            signature: None,
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
    let taken = tx.run(|conn| match conn {
        Conn::Sqlite(_) => Ok(0),
        Conn::Postgres(conn) => diesel::sql_query(LOCK).execute(conn),
    });
    tx.misses_head = taken == Err(StoreError::Busy);
    taken?;
    peek(tx)
}

/// Whoever has waited for the head in vain ends the session that holds it and waits for its own server: the server was
/// stopped, or its machine is gone. Outside a transaction, and only then, so that it costs nothing otherwise.
///
/// The time-outs of a session do not reach all of these. Between two statements PostgreSQL ends it after
/// `idle_in_transaction_session_timeout`; but who stops after the first part of a statement's messages, as a long INSERT has
/// several, counts as at work, and `statement_timeout` is not acted upon until the rest arrives.
///
/// Nothing is released that is not on the record: a session that is ended before its COMMIT rolls back, and its server
/// finds the connection gone.
pub(crate) fn end_sleepers(conn: &mut Conn) {
    let Conn::Postgres(conn) = conn else { return };
    match diesel::sql_query(END_SLEEPERS).execute(conn) {
        Ok(0) => {}
        Ok(_) => tracing::warn!(
            "a session that held the head of the record and waited for its own server was ended: is a server paused?"
        ),
        Err(error) => {
            tracing::warn!(error.reason = %StoreError::of_statement(&error), "the session that holds the head of the record cannot be ended");
        }
    }
}

/// Reads the head without taking it: it may have moved by the time this returns.
pub fn peek(tx: &mut Tx<'_>) -> Result<Head, StoreError> {
    Ok(records::head(tx)?.unwrap_or(Head::genesis()))
}

/// The number is `vouchsaf` in ASCII; the migrations lock another one.
const LOCK: &str = "SELECT pg_advisory_xact_lock(8534168888704983398)";

/// The lock as `pg_locks` shows it, in two halves. Whoever has just begun to wait for its server is left alone.
const END_SLEEPERS: &str = "SELECT pg_terminate_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
     AND (l.classid::bigint << 32) + l.objid::bigint = 8534168888704983398 \
     AND a.datname = current_database() AND l.database = a.datid \
     AND a.wait_event = 'ClientRead' AND a.state_change < clock_timestamp() - interval '2 seconds'";
