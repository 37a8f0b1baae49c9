//! Answers for those who wait for a batch.
//!
//! To wake a task of another thread costs a system call. A batch answers many at once, mostly tasks of a few threads: so one
//! of each thread is woken, and wakes the others from there, which costs next to nothing.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

/// Who answers.
pub(crate) struct Answer<T> {
    slot: Arc<Slot<T>>,
    /// Whose runtime waits, mostly: a task may have moved on, and is woken all the same.
    thread: ThreadId,
}

/// Who waits. `None`: nobody will answer any more.
pub(crate) struct Awaited<T>(Arc<Slot<T>>);

struct Slot<T>(Mutex<State<T>>);

enum State<T> {
    Open(Option<Waker>),
    /// With those of the same thread who have their answers too, and do not know it yet.
    Answered(Option<T>, Vec<Waker>),
    /// Nobody waits any more.
    Left,
}

/// Both ends. The thread that calls is the one that waits.
pub(crate) fn channel<T>() -> (Answer<T>, Awaited<T>) {
    let slot = Arc::new(Slot(Mutex::new(State::Open(None))));
    let answer = Answer {
        slot: Arc::clone(&slot),
        thread: thread::current().id(),
    };
    (answer, Awaited(slot))
}

/// Gives everybody his answer, and only then wakes anybody.
pub(crate) fn give_all<T>(answers: impl IntoIterator<Item = (Answer<T>, T)>) {
    let mut threads: Vec<(ThreadId, Asleep<T>)> = Vec::new();
    for (answer, value) in answers {
        let Some(waker) = answer.slot.answer(Some(value)) else {
            continue;
        };
        let sleeper = (Arc::clone(&answer.slot), waker);
        match threads.iter_mut().find(|(thread, _)| *thread == answer.thread) {
            Some((_, sleepers)) => sleepers.push(sleeper),
            None => threads.push((answer.thread, vec![sleeper])),
        }
    }
    for (_, sleepers) in threads {
        wake(sleepers);
    }
}

type Asleep<T> = Vec<(Arc<Slot<T>>, Waker)>;

/// Wakes one, who wakes the others.
fn wake<T>(mut sleepers: Asleep<T>) {
    while let Some((slot, waker)) = sleepers.pop() {
        let mut state = slot.state();
        if let State::Answered(_, others) = &mut *state {
            others.extend(sleepers.into_iter().map(|(_, waker)| waker));
            drop(state);
            return waker.wake();
        }
        // It looked by itself in the meantime, or has gone.
    }
}

impl<T> Answer<T> {
    /// Whether nobody waits any more.
    pub(crate) fn is_unwanted(&self) -> bool {
        matches!(*self.slot.state(), State::Left)
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        if let Some(waker) = self.slot.answer(None) {
            waker.wake();
        }
    }
}

impl<T> Slot<T> {
    /// The first answer counts. Gives who is to be woken.
    fn answer(&self, value: Option<T>) -> Option<Waker> {
        let mut state = self.state();
        match &mut *state {
            State::Open(waker) => {
                let waker = waker.take();
                *state = State::Answered(value, Vec::new());
                waker
            }
            State::Answered(..) | State::Left => None,
        }
    }

    /// Nobody waits any more; what there was.
    fn leave(&self) -> State<T> {
        std::mem::replace(&mut *self.state(), State::Left)
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Future for Awaited<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        if let State::Open(waker) = &mut *self.0.state() {
            match waker {
                Some(known) => known.clone_from(context.waker()),
                None => *waker = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        match self.0.leave() {
            State::Answered(value, others) => {
                others.into_iter().for_each(Waker::wake);
                Poll::Ready(value)
            }
            State::Open(_) | State::Left => Poll::Ready(None),
        }
    }
}

impl<T> Drop for Awaited<T> {
    fn drop(&mut self) {
        // The others have their answers, whatever becomes of this one.
        if let State::Answered(_, others) = self.0.leave() {
            others.into_iter().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn new() -> (Arc<Self>, Waker) {
            let count = Arc::new(Self(AtomicUsize::new(0)));
            (Arc::clone(&count), Waker::from(count))
        }

        fn get(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn poll<T>(awaited: &mut Awaited<T>, waker: &Waker) -> Poll<Option<T>> {
        Pin::new(awaited).poll(&mut Context::from_waker(waker))
    }

    #[test]
    fn one_of_a_thread_is_woken_and_wakes_the_others() {
        let (count, waker) = Count::new();
        let (answers, mut waiting): (Vec<_>, Vec<_>) = (0..5).map(|_| channel()).unzip();
        for one in &mut waiting {
            assert_eq!(poll(one, &waker), Poll::Pending);
        }
        give_all(answers.into_iter().zip(0..));
        assert_eq!(count.get(), 1);
        assert_eq!(poll(&mut waiting[4], &waker), Poll::Ready(Some(4)));
        assert_eq!(count.get(), 5);
        for (place, mut one) in waiting.into_iter().take(4).enumerate() {
            assert_eq!(poll(&mut one, &waker), Poll::Ready(Some(place)));
        }
        assert_eq!(count.get(), 5);
    }

    #[test]
    fn each_thread_has_one_that_is_woken() {
        let (count, waker) = Count::new();
        let here = channel();
        let there = thread::spawn(channel).join().unwrap();
        let (answers, mut waiting): (Vec<_>, Vec<_>) = [here, there].into_iter().unzip();
        for one in &mut waiting {
            assert_eq!(poll(one, &waker), Poll::Pending);
        }
        give_all(answers.into_iter().zip(0..));
        assert_eq!(count.get(), 2);
    }

    #[test]
    fn who_leaves_takes_nobody_along() {
        let (count, waker) = Count::new();
        let (answers, mut waiting): (Vec<_>, Vec<_>) = (0..4).map(|_| channel()).unzip();
        for one in &mut waiting {
            assert_eq!(poll(one, &waker), Poll::Pending);
        }
        let left = waiting.pop();
        drop(left);
        assert!(answers[3].is_unwanted() && !answers[2].is_unwanted());
        give_all(answers.into_iter().zip(0..));
        assert_eq!(count.get(), 1);
        // The one that was woken goes before it looks.
        drop(waiting.pop());
        assert_eq!(count.get(), 3);
        for (place, mut one) in waiting.into_iter().enumerate() {
            assert_eq!(poll(&mut one, &waker), Poll::Ready(Some(place)));
        }
    }

    #[test]
    fn who_has_not_looked_yet_finds_his_answer() {
        let (count, waker) = Count::new();
        let (answer, mut waiting) = channel();
        give_all([(answer, 1)]);
        assert_eq!(poll(&mut waiting, &waker), Poll::Ready(Some(1)));
        assert_eq!(count.get(), 0);
    }

    #[test]
    fn nobody_waits_for_an_answer_that_will_not_come() {
        let (count, waker) = Count::new();
        let (answer, mut waiting) = channel::<()>();
        assert_eq!(poll(&mut waiting, &waker), Poll::Pending);
        drop(answer);
        assert_eq!(count.get(), 1);
        assert_eq!(poll(&mut waiting, &waker), Poll::Ready(None));
    }
}
