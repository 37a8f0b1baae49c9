//! The store: a place to run transactions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;

use crate::error::StoreError;
use crate::location::{Checkpoints, Location};
use crate::migrations::{self, SchemaState};
use crate::options::{Executor, StoreOptions};
use crate::pool::Pool;
use crate::transaction::{Access, Tx};
use crate::writer::Writer;

/// An open database. Clones share it; dropping the last one finishes queued writes and closes.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    location: Location,
    options: StoreOptions,
    readers: Arc<Pool>,
    writing: Writing,
    transactions: AtomicU64,
}

enum Writing {
    Refused,
    OneThread(Writer),
    Connections(Arc<Pool>),
}

impl Store {
    /// Opens a database for reading and writing and makes the file of SQLite if there is none. The schema is left as
    /// it is: see [`Store::schema_state`] and [`Store::migrate`].
    pub fn open(location: Location, options: StoreOptions) -> Result<Self, StoreError> {
        location.create()?;
        let writing = match (&location, options.executor) {
            (Location::Sqlite(_), Executor::Threads) => Writing::OneThread(Writer::start(location.clone())?),
            (Location::Sqlite(_), Executor::Inline) => Writing::Connections(writers(&location, 1)?),
            (Location::Postgres(_), _) => Writing::Connections(writers(&location, options.writers)?),
        };
        Self::with(location, options, writing)
    }

    /// Whether this process alone can write: the embedded database, whose lock file the binary holds.
    pub fn is_embedded(&self) -> bool {
        matches!(self.inner.location, Location::Sqlite(_))
    }

    /// Opens an existing database for reading, also while a server has it open for writing.
    pub fn open_read_only(location: Location) -> Result<Self, StoreError> {
        let options = StoreOptions {
            readers: 2,
            ..StoreOptions::default()
        };
        Self::with(location, options, Writing::Refused)
    }

    fn with(location: Location, mut options: StoreOptions, writing: Writing) -> Result<Self, StoreError> {
        options.handle = options.handle.or_else(|| Handle::try_current().ok());
        let readers = Pool::new(
            location.clone(),
            Access::Read,
            Checkpoints::Elsewhere,
            options.readers,
        );
        readers.try_out()?;
        Ok(Self {
            inner: Arc::new(Inner {
                location,
                options,
                readers: Arc::new(readers),
                writing,
                transactions: AtomicU64::new(0),
            }),
        })
    }

    /// How many transactions were asked for so far.
    pub fn transactions(&self) -> u64 {
        self.inner.transactions.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.inner.transactions.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs `f` in one transaction that only reads.
    pub async fn read<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.count();
        self.on_pool(&self.inner.readers, f).await
    }

    /// Runs `f` in one transaction: committed when it returns `Ok`, else rolled back. Once begun it runs to its end,
    /// also when the caller goes away.
    pub async fn write<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.count();
        match &self.inner.writing {
            Writing::Refused => Err(StoreError::ReadOnly.into()),
            Writing::OneThread(writer) => writer.write(self.inner.options.permit_deadline, f).await,
            Writing::Connections(pool) => self.on_pool(pool, f).await,
        }
    }

    /// As [`Store::write`], begun at once and waited for by nobody: `tell` hears how it ended, once that is durable. At most
    /// a few of these may be on their way: they take no place in the queue of the others.
    pub fn submit<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        tell: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.count();
        let options = &self.inner.options;
        let pool = match &self.inner.writing {
            Writing::Refused => return tell(Err(StoreError::ReadOnly.into())),
            Writing::OneThread(writer) => return writer.submit(None, options.permit_deadline, f, tell),
            Writing::Connections(pool) => pool,
        };
        match (self.handle(), options.executor) {
            (Some(handle), Executor::Threads) => {
                let store = self.clone();
                let pool = Arc::clone(pool);
                handle.spawn(async move { tell(store.on_pool(&pool, f).await) });
            }
            _ => tell(
                pool.permit_blocking(options.permit_deadline)
                    .map_err(E::from)
                    .and_then(|permit| pool.transact(permit, f)),
            ),
        }
    }

    fn handle(&self) -> Option<Handle> {
        let known = self.inner.options.handle.clone();
        known.or_else(|| Handle::try_current().ok())
    }

    /// As [`Store::read`], on the calling thread. For programs without a runtime.
    pub fn read_blocking<T, E: From<StoreError>>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.count();
        let permit = self
            .inner
            .readers
            .permit_blocking(self.inner.options.permit_deadline)?;
        self.inner.readers.transact(permit, f)
    }

    /// As [`Store::write`], waiting on the calling thread. For programs without a runtime.
    pub fn write_blocking<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.count();
        let deadline = self.inner.options.permit_deadline;
        match &self.inner.writing {
            Writing::Refused => Err(StoreError::ReadOnly.into()),
            Writing::OneThread(writer) => writer.write_blocking(deadline, f),
            Writing::Connections(pool) => pool.transact(pool.permit_blocking(deadline)?, f),
        }
    }

    /// How the schema of the database compares with the one this program knows.
    pub fn schema_state(&self) -> Result<SchemaState, StoreError> {
        self.read_blocking(migrations::state)
    }

    /// Refuses a schema that this program cannot work with.
    pub fn require_current_schema(&self) -> Result<(), StoreError> {
        match self.schema_state()? {
            SchemaState::Current => Ok(()),
            SchemaState::Empty | SchemaState::Old { .. } => Err(StoreError::SchemaOld),
            SchemaState::Newer => Err(StoreError::SchemaNewer),
        }
    }

    /// Brings the schema up to date; says how many migrations were run.
    pub fn migrate(&self) -> Result<usize, StoreError> {
        if matches!(self.inner.writing, Writing::Refused) {
            return Err(StoreError::ReadOnly);
        }
        if self.schema_state()? == SchemaState::Newer {
            return Err(StoreError::SchemaNewer);
        }
        migrations::run(
            &mut self
                .inner
                .location
                .connect(Access::Write, Checkpoints::Automatic)?,
        )
    }

    /// The permit is taken before the thread, so that callers that wait hold no thread; the thread is the main
    /// runtime's, because the caller's may be an HTTP worker's.
    async fn on_pool<T, E>(
        &self,
        pool: &Arc<Pool>,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let options = &self.inner.options;
        let (Some(handle), Executor::Threads) = (self.handle(), options.executor) else {
            return pool.transact(pool.permit_blocking(options.permit_deadline)?, f);
        };
        let permit = pool.permit(options.permit_deadline).await?;
        let pool = Arc::clone(pool);
        match handle.spawn_blocking(move || pool.transact(permit, f)).await {
            Ok(result) => result,
            Err(failed) if failed.is_panic() => Err(StoreError::Panicked.into()),
            // Cancelled before it began: the runtime is shutting down.
            Err(_) => Err(StoreError::Unavailable.into()),
        }
    }
}

fn writers(location: &Location, size: u32) -> Result<Arc<Pool>, StoreError> {
    let pool = Pool::new(location.clone(), Access::Write, Checkpoints::Automatic, size);
    pool.try_out()?;
    Ok(Arc::new(pool))
}
