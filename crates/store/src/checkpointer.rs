//! Moves SQLite's write-ahead log back into the database file, on a thread of its own.
//!
//! After some hundred commits without waiting for anybody; and after a quiet moment completely, which empties the log:
//! deleted secrets stand in it until then.
//!
//! SQLite begins the log anew only when all of it has been moved, and while somebody writes without a pause, something is
//! always left. So after this thread has moved the bulk of it, the writer moves the rest between two transactions:
//! otherwise the log would grow for as long as the load lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use diesel::connection::SimpleConnection;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::location::{Checkpoints, Location};
use crate::transaction::Access;

const PASSIVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
const TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// Commits between two checkpoints under load.
const COMMITS: u32 = 256;

/// How long it must be quiet before the log is emptied.
const QUIET: Duration = Duration::from_secs(1);

pub(crate) struct Checkpointer {
    commits: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Whether the bulk of the log has been moved, and the writer shall move the rest.
    has_rest: Arc<AtomicBool>,
}

impl Checkpointer {
    pub(crate) fn start(location: &Location) -> Result<Self, StoreError> {
        let mut conn = location.connect(Access::Write, Checkpoints::Elsewhere)?;
        // It never waits for a reader or for the writer: there is always a next time.
        conn.batch_execute("PRAGMA busy_timeout = 0")
            .map_err(|error| StoreError::of_statement(&error))?;
        let (commits, notices) = mpsc::channel();
        let has_rest = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&has_rest);
        let thread = thread::Builder::new()
            .name("vouchsafe-checkpoint".to_owned())
            .spawn(move || serve(conn, &notices, &tell))
            .map_err(|error| StoreError::File(error.kind()))?;
        Ok(Self {
            commits: Some(commits),
            thread: Some(thread),
            has_rest,
        })
    }

    /// Moves what is left of the log, if its bulk has been moved: the writer's part, between two transactions.
    pub(crate) fn finish(&self, writer: &mut Conn) {
        if self.has_rest.swap(false, Ordering::Relaxed) {
            checkpoint(writer, PASSIVE);
        }
    }

    /// Notes a commit.
    pub(crate) fn committed(&self) {
        // Without the thread the log grows until the next start; no reason to fail a commit that has happened.
        if let Some(commits) = &self.commits {
            let _ = commits.send(());
        }
    }
}

impl Drop for Checkpointer {
    /// Empties the log a last time: a process that lives for one command must not leave deleted secrets behind.
    fn drop(&mut self) {
        self.commits = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn checkpoint(conn: &mut Conn, sql: &str) {
    if let Err(error) = conn.batch_execute(sql) {
        let cause = StoreError::of_statement(&error);
        tracing::warn!(error.reason = %cause, "a checkpoint of the write-ahead log failed");
    }
}

fn serve(mut conn: Conn, notices: &Receiver<()>, has_rest: &AtomicBool) {
    while notices.recv().is_ok() {
        let mut since = 1;
        loop {
            match notices.recv_timeout(QUIET) {
                Ok(()) if since < COMMITS => since += 1,
                Ok(()) => {
                    checkpoint(&mut conn, PASSIVE);
                    has_rest.store(true, Ordering::Relaxed);
                    since = 0;
                }
                Err(RecvTimeoutError::Timeout) => {
                    checkpoint(&mut conn, TRUNCATE);
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    checkpoint(&mut conn, TRUNCATE);
                    return;
                }
            }
        }
    }
}
