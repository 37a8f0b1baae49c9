//! Time as a parameter: now *and* sleep, so that a simulation owns both.

use std::future::Future;
use std::ops::{Add, Sub};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, as stored in both databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// Whole seconds, as JWT numeric dates have them (RFC 7519 section 2), rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// From a JWT numeric date in seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// How long until `later`; zero when it has passed.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }
}

impl Add<Duration> for UnixMillis {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

impl Sub<Duration> for UnixMillis {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

/// A future that ends when its time has come.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The only source of time. The real one lives in the binary.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> UnixMillis;
    /// Waits for `duration` of this clock's time.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// A clock that stands still until it is advanced. For tests and simulation.
#[derive(Clone)]
pub struct FixedClock(Arc<Mutex<Fixed>>);

struct Fixed {
    now: UnixMillis,
    sleepers: Vec<(UnixMillis, Waker)>,
}

impl FixedClock {
    /// A clock that shows `now`.
    pub fn at(now: UnixMillis) -> Self {
        Self(Arc::new(Mutex::new(Fixed {
            now,
            sleepers: Vec::new(),
        })))
    }

    /// Moves the clock forward and wakes whoever waited for it.
    pub fn advance(&self, duration: Duration) {
        let due: Vec<Waker> = {
            let mut fixed = self.lock();
            fixed.now = fixed.now + duration;
            let now = fixed.now;
            let (due, waiting) = std::mem::take(&mut fixed.sleepers)
                .into_iter()
                .partition(|(until, _)| *until <= now);
            fixed.sleepers = waiting;
            let due: Vec<(UnixMillis, Waker)> = due;
            due.into_iter().map(|(_, waker)| waker).collect()
        };
        due.into_iter().for_each(Waker::wake);
    }

    /// Moves the clock back, as an operator does who finds it wrong. Whoever waits, waits on.
    pub fn put_back(&self, duration: Duration) {
        let mut fixed = self.lock();
        fixed.now = fixed.now - duration;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Fixed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixMillis {
        self.lock().now
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let until = self.now() + duration;
        Box::pin(FixedSleep {
            clock: self.clone(),
            until,
        })
    }
}

struct FixedSleep {
    clock: FixedClock,
    until: UnixMillis,
}

impl Future for FixedSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut fixed = self.clock.lock();
        if fixed.now >= self.until {
            return Poll::Ready(());
        }
        fixed.sleepers.push((self.until, context.waker().clone()));
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeper_wakes_only_when_its_time_has_come() {
        let clock = FixedClock::at(UnixMillis(1_000));
        let mut sleep = clock.sleep(Duration::from_secs(2));
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        clock.advance(Duration::from_millis(1_999));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        clock.advance(Duration::from_millis(1));
        assert!(sleep.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn seconds_round_down_also_before_the_epoch() {
        assert_eq!(UnixMillis(-1).as_seconds(), -1);
        assert_eq!(UnixMillis(1_999).as_seconds(), 1);
    }
}
