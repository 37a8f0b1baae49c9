//! Failures before anyone is known: they must not fill the queue or the disk (AR-16).
//!
//! Some per minute and network are recorded one by one, and no more than some per minute altogether; the rest are
//! counted. A count is told by the next record of its network, or, when that network did not come back, by the next
//! record of any. So whatever number of sources takes part, the records and the memory are bounded and the numbers on
//! the record add up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use vouchsafe_model::UnixMillis;

use crate::event::Event;
use crate::origin::network;

/// Decides which unauthenticated failures get a record of their own. Each door has its own: a flood at one does not keep
/// the failures at another off the record.
pub struct UnauthenticatedFailures {
    per_source: u32,
    counters: Mutex<Counters>,
}

struct Counters {
    sources: HashMap<String, Window>,
    /// The minute of the budget that all share.
    begun: UnixMillis,
    recorded: u32,
    /// Failures without a record, of sources that are not told apart any more.
    elsewhere: u64,
}

struct Window {
    begun: UnixMillis,
    recorded: u32,
    unrecorded: u64,
}

/// What the one record stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Tally {
    /// Failures of this source since its last record, this one included.
    count: u64,
    /// Failures of other sources that no record has told.
    elsewhere: u64,
}

impl UnauthenticatedFailures {
    /// Records `per_source` failures a minute and network.
    pub fn new(per_source: u32) -> Self {
        Self {
            per_source,
            counters: Mutex::new(Counters {
                sources: HashMap::new(),
                begun: UnixMillis(0),
                recorded: 0,
                elsewhere: 0,
            }),
        }
    }

    /// One more failure from `source`, an address or a name. `Some` = record it now, with what it stands for.
    pub fn admit(&self, source: Option<&str>, now: UnixMillis) -> Option<Tally> {
        let source = network(source);
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.turn(now);
        counters.count(source, self.per_source, now)
    }
}

impl Counters {
    /// Once a minute: a new budget, and no more room for those who were not seen in the last minute.
    fn turn(&mut self, now: UnixMillis) {
        if !over(self.begun, now) {
            return;
        }
        (self.begun, self.recorded) = (now, 0);
        let elsewhere = &mut self.elsewhere;
        self.sources.retain(|_, window| {
            let stays = !over(window.begun, now) || window.begun + 2 * WINDOW > now;
            if !stays {
                *elsewhere += window.unrecorded;
            }
            stays
        });
    }

    fn count(&mut self, source: String, per_source: u32, now: UnixMillis) -> Option<Tally> {
        let may_record = self.recorded < MOST_RECORDS;
        let count = if self.sources.len() >= MOST_SOURCES && !self.sources.contains_key(&source) {
            if !may_record {
                self.elsewhere += 1;
                return None;
            }
            1
        } else {
            let window = self.sources.entry(source).or_insert(Window {
                begun: now,
                recorded: 0,
                unrecorded: 0,
            });
            if over(window.begun, now) {
                (window.begun, window.recorded) = (now, 0);
            }
            if !may_record || window.recorded >= per_source {
                window.unrecorded += 1;
                return None;
            }
            window.recorded += 1;
            1 + std::mem::take(&mut window.unrecorded)
        };
        self.recorded += 1;
        Some(Tally {
            count,
            elsewhere: std::mem::take(&mut self.elsewhere),
        })
    }
}

impl Tally {
    /// Says in the record how many failures it stands for.
    pub fn note(self, event: Event) -> Event {
        let event = event.fact("count", self.count);
        match self.elsewhere {
            0 => event,
            elsewhere => event.fact("count_elsewhere", elsewhere),
        }
    }
}

/// Also when the clock was set back: a minute in the future would never end.
fn over(begun: UnixMillis, now: UnixMillis) -> bool {
    now < begun || begun + WINDOW <= now
}

/// At most this many networks are told apart.
const MOST_SOURCES: usize = 10_000;
/// Records per minute, whoever they are of: less than 150,000 a day.
const MOST_RECORDS: u32 = 100;
const WINDOW: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis(1_700_000_000_000 + seconds * 1_000)
    }

    fn told(count: u64) -> Tally {
        Tally { count, elsewhere: 0 }
    }

    fn sources(failures: &UnauthenticatedFailures) -> usize {
        failures.counters.lock().unwrap().sources.len()
    }

    #[test]
    fn ar_16__a_flood_becomes_a_few_records_with_a_count() {
        let failures = UnauthenticatedFailures::new(2);
        assert_eq!(failures.admit(Some("192.0.2.1"), at(0)), Some(told(1)));
        assert_eq!(failures.admit(Some("192.0.2.1"), at(1)), Some(told(1)));
        for _ in 0..500 {
            assert_eq!(failures.admit(Some("192.0.2.1"), at(2)), None);
        }
        assert_eq!(failures.admit(Some("192.0.2.2"), at(2)), Some(told(1)));
        assert_eq!(failures.admit(Some("192.0.2.1"), at(61)), Some(told(501)));
    }

    #[test]
    fn ar_16__a_flood_from_many_sources_has_few_records_little_memory_and_the_right_count() {
        let failures = UnauthenticatedFailures::new(2);
        let (mut made, mut records, mut told) = (0, 0, 0);
        let mut fail = |source: String, second: i64| {
            made += 1;
            if let Some(tally) = failures.admit(Some(&source), at(second)) {
                records += 1;
                told += tally.count + tally.elsewhere;
            }
            assert!(sources(&failures) <= MOST_SOURCES);
        };
        for minute in 0..3 {
            for n in 0..20_000 {
                fail(format!("10.{}.{}.{}", minute, n >> 8, n & 255), minute * 60);
            }
        }
        // Hours later, one more record tells all that is left.
        fail("192.0.2.1".to_owned(), 10_000);
        assert_eq!(told, made);
        assert!(records <= 301, "{records} records");
        assert_eq!(sources(&failures), 1);
    }

    #[test]
    fn ar_16__one_ipv6_network_is_one_source() {
        let failures = UnauthenticatedFailures::new(2);
        let records = (0..1_000)
            .filter(|host| {
                failures
                    .admit(Some(&format!("2001:db8::{host:x}")), at(0))
                    .is_some()
            })
            .count();
        assert_eq!(records, 2);
        assert_eq!(failures.admit(Some("2001:db8:0:1::1"), at(0)), Some(told(1)));
    }

    #[test]
    fn a_source_that_comes_back_late_is_told_with_the_others() {
        let failures = UnauthenticatedFailures::new(1);
        for _ in 0..5 {
            let _ = failures.admit(Some("192.0.2.1"), at(0));
        }
        let tally = failures.admit(Some("192.0.2.2"), at(200)).unwrap();
        assert_eq!((tally.count, tally.elsewhere), (1, 4));
        assert_eq!(failures.admit(Some("192.0.2.1"), at(200)), Some(told(1)));
    }

    #[test]
    fn a_clock_that_is_set_back_stops_no_record() {
        let failures = UnauthenticatedFailures::new(1);
        assert_eq!(failures.admit(None, at(10_000)), Some(told(1)));
        assert_eq!(failures.admit(None, at(0)), Some(told(1)));
    }
}
