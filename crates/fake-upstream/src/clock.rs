//! The provider's clock: the system clock plus an offset that tests move forward.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A clock that can be advanced, never stopped.
#[derive(Debug, Default)]
pub(crate) struct VirtualClock {
    offset_ms: AtomicI64,
}

impl VirtualClock {
    /// Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// Unix milliseconds.
    #[expect(
        clippy::disallowed_methods,
        reason = "a provider has a clock of its own, which tests move"
    )]
    pub(crate) fn now_ms(&self) -> u64 {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let system = u64::try_from(system.as_millis()).unwrap_or(u64::MAX);
        system.saturating_add_signed(self.offset_ms.load(Ordering::SeqCst))
    }

    /// Moves the clock; a negative number moves it back.
    pub(crate) fn advance(&self, seconds: i64) {
        self.offset_ms
            .fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
    }
}
