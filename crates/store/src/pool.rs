//! A stack of idle connections behind a fair queue of permits.
//!
//! There are as many permits as connections, so whoever holds one never waits for a connection, and nobody waits for a
//! permit on a thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::blocking::{self, Deadline};
use crate::conn::Conn;
use crate::error::StoreError;
use crate::head;
use crate::location::{Checkpoints, Location};
use crate::transaction::{self, Access, Tx};

pub(crate) struct Pool {
    location: Location,
    access: Access,
    checkpoints: Checkpoints,
    idle: Mutex<Vec<Conn>>,
    permits: Arc<Semaphore>,
}

/// The right to use one connection of a pool.
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool of at most `size` connections; none is opened yet.
    pub(crate) fn new(location: Location, access: Access, checkpoints: Checkpoints, size: u32) -> Self {
        let permits = Arc::new(Semaphore::new(size.max(1) as usize));
        Self {
            location,
            access,
            checkpoints,
            idle: Mutex::default(),
            permits,
        }
    }

    /// Opens one connection, to learn whether that is possible.
    pub(crate) fn try_out(&self) -> Result<(), StoreError> {
        let conn = self.connect()?;
        self.idle().push(conn);
        Ok(())
    }

    /// Waits in the queue for at most `deadline`.
    pub(crate) async fn permit(&self, deadline: Duration) -> Result<Permit, StoreError> {
        permit(&self.permits, deadline).await
    }

    /// As [`Pool::permit`], on a plain thread.
    pub(crate) fn permit_blocking(&self, deadline: Duration) -> Result<Permit, StoreError> {
        permit_blocking(&self.permits, deadline)
    }

    /// Runs one transaction on this thread.
    pub(crate) fn transact<T, E: From<StoreError>>(
        &self,
        _permit: Permit,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut conn = self.begin()?;
        let mut misses_head = false;
        let result = transaction::run(&mut conn, |tx| {
            let result = f(tx);
            misses_head = tx.misses_head;
            result
        });
        let ended = transaction::end(&mut conn, self.access, result.is_ok());
        if ended.is_ok() && !conn.is_unusable() {
            if misses_head {
                head::end_sleepers(&mut conn);
            }
            self.idle().push(conn);
        }
        ended?;
        result
    }

    /// A connection inside a transaction. An idle one may have died with its server: then none of them is worth
    /// anything, and a new one decides.
    fn begin(&self) -> Result<Conn, StoreError> {
        let idle = self.idle().pop();
        if let Some(mut conn) = idle {
            if transaction::begin(&mut conn, self.access).is_ok() {
                return Ok(conn);
            }
            let dead = std::mem::take(&mut *self.idle());
            drop(dead);
        }
        let mut conn = self.connect()?;
        transaction::begin(&mut conn, self.access)?;
        Ok(conn)
    }

    fn connect(&self) -> Result<Conn, StoreError> {
        self.location.connect(self.access, self.checkpoints)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Conn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a permit of any semaphore within `deadline`.
pub(crate) async fn permit(permits: &Arc<Semaphore>, deadline: Duration) -> Result<Permit, StoreError> {
    match tokio::time::timeout(deadline, Arc::clone(permits).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(Permit { _permit: permit }),
        Ok(Err(_closed)) => Err(StoreError::Unavailable),
        Err(_elapsed) => Err(StoreError::Busy),
    }
}

/// As [`permit`], on a plain thread.
pub(crate) fn permit_blocking(permits: &Arc<Semaphore>, deadline: Duration) -> Result<Permit, StoreError> {
    match blocking::wait(
        Arc::clone(permits).acquire_owned(),
        Some(Deadline::after(deadline)),
    ) {
        Some(Ok(permit)) => Ok(Permit { _permit: permit }),
        Some(Err(_closed)) => Err(StoreError::Unavailable),
        None => Err(StoreError::Busy),
    }
}
