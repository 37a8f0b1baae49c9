//! Work that outlives the request that asked for it, and must be over before the process ends.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Counts the tasks that run.
pub(crate) struct Tasks(watch::Sender<usize>);

impl Default for Tasks {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Tasks {
    /// Runs a task on `handle`.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        handle: &Handle,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let running = Running::begin(self.0.clone());
        handle.spawn(async move {
            let _running = running;
            task.await
        })
    }

    /// Waits until none runs.
    pub(crate) async fn idle(&self) {
        // The sender is ours, so the channel cannot close.
        let _ = self.0.subscribe().wait_for(|running| *running == 0).await;
    }
}

/// Ends its count also when the task panics or is dropped.
struct Running(watch::Sender<usize>);

impl Running {
    fn begin(count: watch::Sender<usize>) -> Self {
        count.send_modify(|running| *running += 1);
        Self(count)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn idle_waits_for_the_last_task_also_when_it_panics() {
        let (tasks, handle) = (Tasks::default(), Handle::current());
        tasks.idle().await;
        let (go, wait) = oneshot::channel::<()>();
        let task = tasks.spawn(&handle, async move {
            let _ = wait.await;
            panic!("on purpose");
        });
        assert_eq!(*tasks.0.borrow(), 1);
        drop(go);
        tasks.idle().await;
        assert!(task.await.is_err());
    }
}
