//! Moves SQLite's write-ahead log back into the database file, on a thread of its own.
//!
//! After some hundred commits without waiting for anybody; and after a quiet moment completely, which empties the log:
//! deleted secrets stand in it until then.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use diesel::connection::SimpleConnection;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::location::{Checkpoints, Location};
use crate::transaction::Access;

/// Commits between two checkpoints under load.
const COMMITS: u32 = 256;

/// How long it must be quiet before the log is emptied.
const QUIET: Duration = Duration::from_secs(1);

pub(crate) struct Checkpointer {
    commits: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(crate) fn start(location: &Location) -> Result<Self, StoreError> {
        let mut conn = location.connect(Access::Write, Checkpoints::Elsewhere)?;
        // It never waits for a reader or for the writer: there is always a next time.
        conn.batch_execute("PRAGMA busy_timeout = 0")
            .map_err(|error| StoreError::of_statement(&error))?;
        let (commits, notices) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("vouchsafe-checkpoint".to_owned())
            .spawn(move || serve(conn, &notices))
            .map_err(|error| StoreError::File(error.kind()))?;
        Ok(Self {
            commits: Some(commits),
            thread: Some(thread),
        })
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

fn serve(mut conn: Conn, notices: &Receiver<()>) {
    let mut checkpoint = |sql: &str| {
        if let Err(error) = conn.batch_execute(sql) {
            let cause = StoreError::of_statement(&error);
            tracing::warn!(error.reason = %cause, "a checkpoint of the write-ahead log failed");
        }
    };
    while notices.recv().is_ok() {
        let mut since = 1;
        loop {
            match notices.recv_timeout(QUIET) {
                Ok(()) if since < COMMITS => since += 1,
                Ok(()) => {
                    checkpoint("PRAGMA wal_checkpoint(PASSIVE)");
                    since = 0;
                }
                Err(RecvTimeoutError::Timeout) => {
                    checkpoint("PRAGMA wal_checkpoint(TRUNCATE)");
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    checkpoint("PRAGMA wal_checkpoint(TRUNCATE)");
                    return;
                }
            }
        }
    }
}
