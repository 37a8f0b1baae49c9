//! The real clock: the only place that asks the system for the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vouchsafe_model::{Clock, Sleep, UnixMillis};

/// The system's time, and sleep on the runtime.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that is injected everywhere else"
    )]
    fn now(&self) -> UnixMillis {
        // Before 1970 the clock is simply wrong; everything has expired then, which is the safe side.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(duration))
    }
}
