//! One transaction: how it begins on each engine, what runs in it, how it ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::QueryResult;

use crate::conn::Conn;
use crate::error::StoreError;

/// A transaction in progress. Only this crate can run statements on it.
pub struct Tx<'c> {
    conn: &'c mut Conn,
    failed: bool,
    /// Whether it has waited for the head in vain.
    pub(crate) misses_head: bool,
}

impl Tx<'_> {
    /// Runs one statement. After a failed one nothing more runs and nothing is kept, on both engines: PostgreSQL would
    /// answer COMMIT with a silent rollback, and SQLite may have rolled back already and would go on without a
    /// transaction.
    pub(crate) fn run<T>(
        &mut self,
        statement: impl FnOnce(&mut Conn) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        if self.failed {
            return Err(StoreError::TransactionFailed);
        }
        statement(self.conn).map_err(|error| {
            self.failed = true;
            StoreError::of_statement(&error)
        })
    }
}

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Only read.
    Read,
    /// Read and write.
    Write,
}

/// Begins a transaction. Reads are a snapshot from their first statement on in SQLite, and READ COMMITTED in
/// PostgreSQL; writes hold SQLite's write lock from the start, so that they never have to upgrade a snapshot.
pub(crate) fn begin(conn: &mut Conn, access: Access) -> Result<(), StoreError> {
    let begun = match access {
        Access::Read => conn.begin("BEGIN DEFERRED", "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"),
        Access::Write => conn.begin(
            "BEGIN IMMEDIATE",
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL synchronous_commit = on",
        ),
    };
    begun.map_err(|error| StoreError::of_statement(&error))
}

/// Runs the closure. A panic becomes an error; so does success after a failed statement.
pub(crate) fn run<T, E: From<StoreError>>(
    conn: &mut Conn,
    f: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut tx = Tx {
        conn,
        failed: false,
        misses_head: false,
    };
    match catch_unwind(AssertUnwindSafe(|| f(&mut tx))) {
        Err(_) => Err(StoreError::Panicked.into()),
        Ok(Ok(_)) if tx.failed => Err(StoreError::TransactionFailed.into()),
        Ok(result) => result,
    }
}

/// Ends the transaction: COMMIT when `keep`, else ROLLBACK.
pub(crate) fn end(conn: &mut Conn, access: Access, keep: bool) -> Result<(), StoreError> {
    if keep && access == Access::Write {
        return conn.commit().map_err(|error| {
            let outcome = StoreError::of_commit(&error);
            let cause = StoreError::of_statement(&error);
            tracing::error!(error.reason = %cause, "a commit failed");
            outcome
        });
    }
    // Nothing is lost when this fails: the connection is thrown away, and with it the transaction.
    let _ = conn.roll_back();
    Ok(())
}
