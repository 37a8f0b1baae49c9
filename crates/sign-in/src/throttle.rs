//! Slows down guessing: failures per account *and* source, and per source altogether.
//!
//! Never per account alone: that would let anyone lock anyone out. The right password from another source still works
//! (ATK-18). An attempt counts as a failure from its beginning until it is forgiven, so that many at once, or callers
//! that hang up, guess no faster; only a success forgives the failures before it. The counters live in memory and their number is bounded.
//!
//! For people here, whose passwords are not even looked at during a pause; `token-exchange` counts the failures of
//! clients with it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use vouchsafe_audit::network;
use vouchsafe_model::UnixMillis;

/// The counters.
#[derive(Default)]
pub struct Throttle(Mutex<Counters>);

#[derive(Default)]
struct Counters {
    accounts: HashMap<(String, String), Failures>,
    sources: HashMap<String, Failures>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    blocked_until: UnixMillis,
    last: UnixMillis,
}

impl Throttle {
    /// One more attempt. `Err` = not now; the attempt was not made and does not count.
    pub fn begin(&self, account: &str, source: Option<&str>, now: UnixMillis) -> Result<(), Duration> {
        let source = network(source);
        let key = (account.to_owned(), source.clone());
        let mut counters = self.counters();
        let Counters { accounts, sources } = &mut *counters;
        let until = [accounts.get_mut(&key), sources.get_mut(&source)]
            .into_iter()
            .flatten()
            .map(|failures| failures.put_right(now))
            .filter(|failures| !failures.forgotten(now))
            .map(|failures| failures.blocked_until)
            .max();
        if let Some(until) = until.filter(|until| *until > now) {
            return Err(now.until(until));
        }
        count(&mut counters.accounts, key, FREE_PER_ACCOUNT, now);
        count(&mut counters.sources, source, FREE_PER_SOURCE, now);
        Ok(())
    }

    /// The attempt succeeded: the account starts afresh here, the source is back where it was.
    pub fn forgive(&self, account: &str, source: Option<&str>) {
        let source = network(source);
        let mut counters = self.counters();
        counters.accounts.remove(&(account.to_owned(), source.clone()));
        counters.sources.entry(source).and_modify(Failures::take_back);
    }

    /// The attempt was not decided: it does not count, and neither does it forgive those that were.
    pub fn take_back(&self, account: &str, source: Option<&str>) {
        let source = network(source);
        let key = (account.to_owned(), source.clone());
        let mut counters = self.counters();
        counters.accounts.entry(key).and_modify(Failures::take_back);
        counters.sources.entry(source).and_modify(Failures::take_back);
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Failures {
    /// A clock that was put back prolongs no pause: what is left of it begins now.
    fn put_right(&mut self, now: UnixMillis) -> Self {
        if self.last > now {
            self.blocked_until = now + self.last.until(self.blocked_until);
            self.last = now;
        }
        *self
    }

    /// It was let in, so no pause of those before it was left.
    fn take_back(&mut self) {
        self.count = self.count.saturating_sub(1);
        self.blocked_until = self.last;
    }

    fn forgotten(self, now: UnixMillis) -> bool {
        self.last.max(self.blocked_until) + MEMORY <= now
    }
}

/// Counts one failure; beyond `free` each doubles the pause.
fn count<K: Hash + Eq + Clone>(counters: &mut HashMap<K, Failures>, key: K, free: u32, now: UnixMillis) {
    make_room(counters, &key, now);
    let failures = counters.entry(key).or_insert(Failures {
        count: 0,
        blocked_until: now,
        last: now,
    });
    if failures.forgotten(now) {
        failures.count = 0;
    }
    failures.count = failures.count.saturating_add(1);
    failures.last = now;
    failures.blocked_until = match failures.count.checked_sub(free) {
        None | Some(0) => now,
        Some(beyond) => {
            now + FIRST_PAUSE
                .saturating_mul(1 << (beyond - 1).min(16))
                .min(LONGEST_PAUSE)
        }
    };
}

fn make_room<K: Hash + Eq + Clone>(counters: &mut HashMap<K, Failures>, key: &K, now: UnixMillis) {
    if counters.len() < MOST_COUNTERS || counters.contains_key(key) {
        return;
    }
    counters.retain(|_, failures| !failures.forgotten(now));
    // Still full: the slowest guessers go first, so that a flood of single failures does not free the persistent ones.
    let mut counts: Vec<u32> = counters.values().map(|failures| failures.count).collect();
    let surplus = counts.len().saturating_sub(MOST_COUNTERS - MOST_COUNTERS / 10);
    if surplus > 0 {
        let (_, bar, _) = counts.select_nth_unstable(surplus - 1);
        let bar = *bar;
        let mut left = surplus;
        counters.retain(|_, failures| {
            let goes = left > 0 && failures.count <= bar;
            left -= usize::from(goes);
            !goes
        });
    }
}

/// Typing errors of a person.
const FREE_PER_ACCOUNT: u32 = 5;
/// Typing errors of an office behind one address.
const FREE_PER_SOURCE: u32 = 50;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);
const MEMORY: Duration = Duration::from_secs(60 * 60);
const MOST_COUNTERS: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis(seconds * 1_000)
    }

    #[test]
    fn a_clock_that_was_put_back_keeps_nobody_waiting() {
        let throttle = Throttle::default();
        for _ in 0..FREE_PER_ACCOUNT {
            throttle.begin("ada", None, at(1_000)).unwrap();
        }
        throttle.begin("bob", None, at(1_000)).unwrap();
        throttle.forgive("bob", None);
        throttle.begin("bob", None, at(100)).unwrap();
        throttle.begin("ada", None, at(100)).unwrap();
        // What is slowed down stays so, for as long as it was to be.
        assert_eq!(throttle.begin("ada", None, at(50)), Err(FIRST_PAUSE));
        throttle.begin("ada", None, at(51)).unwrap();
    }

    #[test]
    fn atk_18__guessing_slows_down_and_another_source_is_free() {
        let throttle = Throttle::default();
        let made = (0..1_000)
            .filter(|second| throttle.begin("ada", Some("192.0.2.1"), at(*second)).is_ok())
            .count();
        assert!(made <= 16, "{made} guesses in 1000 seconds");
        assert!(throttle.begin("ada", Some("192.0.2.1"), at(1_000)).is_err());
        assert!(throttle.begin("ada", Some("198.51.100.7"), at(1_000)).is_ok());
        assert!(throttle.begin("bob", Some("192.0.2.1"), at(1_000)).is_ok());
    }

    #[test]
    fn many_attempts_at_once_guess_no_faster() {
        let throttle = Throttle::default();
        let made = (0..100)
            .filter(|_| throttle.begin("ada", Some("192.0.2.1"), at(0)).is_ok())
            .count();
        assert_eq!(made, 6);
    }

    #[test]
    fn spraying_many_accounts_from_one_source_slows_down() {
        let throttle = Throttle::default();
        let made = (0..500)
            .filter(|n| {
                throttle
                    .begin(&format!("user{n}"), Some("192.0.2.1"), at(0))
                    .is_ok()
            })
            .count();
        assert_eq!(made, 51);
    }

    #[test]
    fn success_and_time_both_forgive() {
        let throttle = Throttle::default();
        for _ in 0..30 {
            assert!(throttle.begin("ada", Some("192.0.2.1"), at(0)).is_ok());
            throttle.forgive("ada", Some("192.0.2.1"));
        }
        assert!((0..6).all(|_| throttle.begin("ada", Some("192.0.2.1"), at(0)).is_ok()));
        let pause = throttle.begin("ada", Some("192.0.2.1"), at(0)).unwrap_err();
        assert_eq!(pause, FIRST_PAUSE);
        assert!(throttle.begin("ada", Some("192.0.2.1"), at(2)).is_ok());
    }

    #[test]
    fn what_was_not_decided_neither_counts_nor_forgives() {
        let throttle = Throttle::default();
        let begin = || throttle.begin("ada", Some("192.0.2.1"), at(0));
        for _ in 0..5 {
            assert!(begin().is_ok());
            assert!(begin().is_ok());
            throttle.take_back("ada", Some("192.0.2.1"));
        }
        assert!(begin().is_ok(), "the sixth failure");
        assert_eq!(begin(), Err(FIRST_PAUSE));
        assert!(throttle.begin("ada", Some("192.0.2.1"), at(2)).is_ok());
        throttle.take_back("ada", Some("192.0.2.1"));
        assert!(throttle.begin("ada", Some("192.0.2.1"), at(2)).is_ok());
        assert_eq!(
            throttle.begin("ada", Some("192.0.2.1"), at(2)),
            Err(2 * FIRST_PAUSE)
        );
    }

    #[test]
    fn one_ipv6_network_is_one_source() {
        let throttle = Throttle::default();
        for host in 0..6 {
            assert!(
                throttle
                    .begin("ada", Some(&format!("2001:db8::{host}")), at(0))
                    .is_ok()
            );
        }
        assert!(throttle.begin("ada", Some("2001:db8::ffff"), at(0)).is_err());
        assert!(throttle.begin("ada", Some("2001:db8:0:1::1"), at(0)).is_ok());
    }

    #[test]
    fn a_flood_of_sources_neither_fills_memory_nor_frees_the_persistent() {
        let throttle = Throttle::default();
        assert!((0..6).all(|_| throttle.begin("ada", Some("192.0.2.1"), at(0)).is_ok()));
        for n in 0..30_000 {
            let source = format!("10.{}.{}.{}", n >> 16, (n >> 8) & 255, n & 255);
            assert!(throttle.begin("ada", Some(&source), at(0)).is_ok());
        }
        assert!(throttle.counters().accounts.len() <= MOST_COUNTERS);
        assert!(throttle.begin("ada", Some("192.0.2.1"), at(0)).is_err());
    }
}
