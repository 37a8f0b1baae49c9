//! SQLite's one writer: a connection on a thread of its own, with a queue.
//!
//! Two writing connections starve each other for seconds, so all writes of the process go through here, first come,
//! first served. A [`Job`] is run and answered in two steps, so that several may later share one COMMIT, each in a
//! savepoint; today each has a transaction of its own.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::blocking::{self, Deadline};
use crate::checkpointer::Checkpointer;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::location::{Checkpoints, Location};
use crate::pool::{self, Permit};
use crate::transaction::{self, Access, Tx};

/// How many writes may wait. More would only wait in vain.
const QUEUE: usize = 1024;

/// A unit of writing whose types are forgotten.
trait Job: Send {
    /// Runs inside a transaction; says whether to keep what it did.
    fn run(&mut self, conn: &mut Conn) -> bool;
    /// Tells the caller, once the transaction is over or could not begin.
    fn answer(self: Box<Self>, ended: Result<(), StoreError>);
}

struct Call<F, A, T, E> {
    closure: Option<F>,
    result: Option<Result<T, E>>,
    tell: A,
}

impl<F, A, T, E> Job for Call<F, A, T, E>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
    A: FnOnce(Result<T, E>) + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, conn: &mut Conn) -> bool {
        self.result = self.closure.take().map(|closure| transaction::run(conn, closure));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, ended: Result<(), StoreError>) {
        let result = match (ended, self.result) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Unavailable.into()),
        };
        (self.tell)(result);
    }
}

struct Queued {
    job: Box<dyn Job>,
    not_after: Deadline,
    _permit: Option<Permit>,
}

/// The queue's end that callers hold. Dropping it finishes what is queued and waits for the thread.
pub(crate) struct Writer {
    queue: Option<Sender<Queued>>,
    permits: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Opens the writing connection and starts its thread.
    pub(crate) fn start(location: Location) -> Result<Self, StoreError> {
        let conn = location.connect(Access::Write, Checkpoints::Elsewhere)?;
        let checkpointer = Checkpointer::start(&location)?;
        let (queue, jobs) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("vouchsafe-writer".to_owned())
            .spawn(move || serve(&location, conn, &jobs, &checkpointer))
            .map_err(|error| StoreError::File(error.kind()))?;
        Ok(Self {
            queue: Some(queue),
            permits: Arc::new(Semaphore::new(QUEUE)),
            thread: Some(thread),
        })
    }

    /// Queues a closure and waits for its answer. Once queued it runs to its end, also when the caller goes away.
    pub(crate) async fn write<T, E>(
        &self,
        deadline: Duration,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit = pool::permit(&self.permits, deadline).await?;
        self.enqueue(permit, deadline, f)
            .await
            .map_err(|_gone| StoreError::Unavailable)?
    }

    /// As [`Writer::write`], on a plain thread.
    pub(crate) fn write_blocking<T, E>(
        &self,
        deadline: Duration,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit = pool::permit_blocking(&self.permits, deadline)?;
        let answer = self.enqueue(permit, deadline, f);
        match blocking::wait(answer, None) {
            Some(Ok(result)) => result,
            _ => Err(StoreError::Unavailable.into()),
        }
    }

    fn enqueue<T, E>(
        &self,
        permit: Permit,
        deadline: Duration,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        // The caller may have gone; the work is done all the same.
        let tell = move |result| drop(caller.send(result));
        self.submit(Some(permit), deadline, f, tell);
        answer
    }

    /// Queues a closure; `tell` hears how it ended, once that is durable. Without a permit it takes no place of others:
    /// for whoever has a bounded queue of its own in front and only ever queues one.
    pub(crate) fn submit<T, E>(
        &self,
        permit: Option<Permit>,
        deadline: Duration,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        tell: impl FnOnce(Result<T, E>) + Send + 'static,
    ) where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let job = Box::new(Call {
            closure: Some(f),
            result: None,
            tell,
        });
        let queued = Queued {
            job,
            not_after: Deadline::after(deadline),
            _permit: permit,
        };
        let unsent = match &self.queue {
            Some(queue) => queue.send(queued).err().map(|unsent| unsent.0),
            None => Some(queued),
        };
        if let Some(unsent) = unsent {
            unsent.job.answer(Err(StoreError::Unavailable));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // The last closure may itself hold the last store; a thread cannot wait for itself.
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

fn serve(location: &Location, conn: Conn, jobs: &Receiver<Queued>, checkpointer: &Checkpointer) {
    let mut conn = Some(conn);
    for Queued {
        mut job,
        not_after,
        _permit,
    } in jobs
    {
        if not_after.left().is_zero() {
            job.answer(Err(StoreError::Busy));
            continue;
        }
        let opened = match conn.take() {
            Some(open) => Ok(open),
            None => location.connect(Access::Write, Checkpoints::Elsewhere),
        };
        let ended = opened.and_then(|mut open| {
            let ended = transact(&mut open, job.as_mut(), checkpointer);
            // After a failed commit the connection's view of the log cannot be trusted.
            if ended.is_ok() && !open.is_unusable() {
                conn = Some(open);
            }
            ended
        });
        job.answer(ended);
        if let Some(conn) = &mut conn {
            checkpointer.finish(conn);
        }
    }
}

fn transact(conn: &mut Conn, job: &mut dyn Job, checkpointer: &Checkpointer) -> Result<(), StoreError> {
    transaction::begin(conn, Access::Write)?;
    let keep = job.run(conn);
    transaction::end(conn, Access::Write, keep)?;
    if keep {
        checkpointer.committed();
    }
    Ok(())
}
