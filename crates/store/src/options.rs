//! How a store is run.

use std::time::Duration;

use tokio::runtime::Handle;

/// Where closures run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Executor {
    /// On blocking threads of the main runtime, SQLite writes on the thread of the one writer.
    #[default]
    Threads,
    /// On the calling thread, inside `poll`. For simulation: nothing happens that the caller did not do.
    Inline,
}

/// Sizes, times and threads of a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Connections for reading.
    pub readers: u32,
    /// Connections for writing (PostgreSQL only: SQLite has one).
    pub writers: u32,
    /// How long a caller waits for a connection before it is told [`crate::StoreError::Busy`].
    pub permit_deadline: Duration,
    /// Where closures run.
    pub executor: Executor,
    /// The runtime whose blocking threads are used; without one, the runtime that [`crate::Store::open`] is called
    /// in. It must be the main one: the runtime of an HTTP worker dies before the work is done.
    pub handle: Option<Handle>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            readers: 8,
            writers: 8,
            permit_deadline: Duration::from_secs(5),
            executor: Executor::Threads,
            handle: None,
        }
    }
}
