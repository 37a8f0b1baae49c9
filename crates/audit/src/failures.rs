//! Failures before anyone is known: they must not fill the queue or the disk.
//!
//! Some per minute and source are recorded one by one; the rest are counted, and the count is recorded with the
//! first failure after the minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use vouchsafe_model::UnixMillis;

/// Decides which unauthenticated failures get a record of their own.
pub struct UnauthenticatedFailures {
    per_source: u32,
    sources: Mutex<HashMap<String, Window>>,
}

struct Window {
    begun: UnixMillis,
    seen: u32,
    unrecorded: u64,
}

/// At most this many sources are told apart; beyond that they share one.
const MAX_SOURCES: usize = 10_000;
const WINDOW: Duration = Duration::from_secs(60);

impl UnauthenticatedFailures {
    /// Records `per_source` failures a minute and source.
    pub fn new(per_source: u32) -> Self {
        Self {
            per_source,
            sources: Mutex::new(HashMap::new()),
        }
    }

    /// One more failure from `source`. `Some(count)` = record it now, as standing for `count` failures.
    pub fn admit(&self, source: &str, now: UnixMillis) -> Option<u64> {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= MAX_SOURCES {
            sources.retain(|_, window| window.begun + WINDOW > now || window.unrecorded > 0);
        }
        let source = if sources.len() >= MAX_SOURCES && !sources.contains_key(source) {
            ""
        } else {
            source
        };
        let window = sources.entry(source.to_owned()).or_insert(Window {
            begun: now,
            seen: 0,
            unrecorded: 0,
        });
        if window.begun + WINDOW <= now {
            *window = Window {
                begun: now,
                seen: 0,
                unrecorded: window.unrecorded,
            };
        }
        if window.seen < self.per_source {
            window.seen += 1;
            Some(1 + std::mem::take(&mut window.unrecorded))
        } else {
            window.unrecorded += 1;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ar_16__a_flood_becomes_a_few_records_with_a_count() {
        let failures = UnauthenticatedFailures::new(2);
        let at = |seconds: i64| UnixMillis(seconds * 1_000);
        assert_eq!(failures.admit("a", at(0)), Some(1));
        assert_eq!(failures.admit("a", at(1)), Some(1));
        for _ in 0..500 {
            assert_eq!(failures.admit("a", at(2)), None);
        }
        assert_eq!(failures.admit("b", at(2)), Some(1));
        assert_eq!(failures.admit("a", at(61)), Some(501));
    }
}
