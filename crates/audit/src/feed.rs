//! The change feed in memory: which things have changed, as far as this process knows.
//!
//! Who caches a row asks here whether it still holds; who releases under the head first lets the feed catch up with the
//! database. So nothing that was revoked anywhere is released, and as long as nothing changes, nothing is queried.

use std::collections::{HashMap, VecDeque};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use vouchsafe_model::Change;
use vouchsafe_store::{Head, StoreError, Tx, changes};

use crate::basis::Basis;

/// What has changed. One per process.
#[derive(Default)]
pub struct Feed(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// Up to this seq every change is known ...
    through: i64,
    /// ... that came after this one.
    floor: i64,
    /// Where each thing last changed.
    last: HashMap<Change, i64>,
    /// The same in order, to forget the oldest first.
    order: VecDeque<(i64, Change)>,
}

impl Feed {
    /// Whether nothing of `subjects` has changed after `at`, as far as is known; if so, up to which seq that is said.
    pub fn still_holds(&self, at: i64, subjects: &[Change]) -> Option<i64> {
        let known = self.read();
        if at >= known.through {
            return Some(at);
        }
        let unchanged = |subject: &Change| known.last.get(subject).is_none_or(|changed| *changed <= at);
        (at >= known.floor && subjects.iter().all(unchanged)).then_some(known.through)
    }

    /// The same for a whole basis.
    pub(crate) fn supports(&self, basis: &Basis) -> bool {
        let known = self.read();
        let earliest = basis.earliest();
        earliest >= known.through
            || (earliest >= known.floor
                && basis
                    .subjects()
                    .all(|(at, subject)| known.last.get(subject).is_none_or(|changed| changed <= at)))
    }

    /// Learns what the database has that is not known yet. Under the head nothing can be missing then.
    pub(crate) fn catch_up(&self, tx: &mut Tx<'_>, head: &Head) -> Result<(), StoreError> {
        let through = self.read().through;
        if head.change_seq <= through {
            return Ok(());
        }
        // By their number and not by how much was recorded between them: releases change nothing.
        let missing = match through {
            0 => None,
            through => changes::at_most(tx, (through + 1, head.change_seq), MOST_KNOWN)?,
        };
        match missing {
            Some(changes) => self.write().learn(head.change_seq, changes),
            // After a start, or far behind: whoever rests on something older reads it again.
            None => self.write().restart(head.change_seq),
        }
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Never backwards: whoever read an earlier head may come here after one that knows more, and who records under that
    /// one relies on it.
    fn restart(&mut self, at: i64) {
        if at <= self.through {
            return;
        }
        *self = Self {
            through: at,
            floor: at,
            ..Self::default()
        };
    }

    fn learn(&mut self, through: i64, changes: Vec<(i64, Change)>) {
        // Two may have read the same.
        for (seq, change) in changes.into_iter().filter(|(seq, _)| *seq > self.through) {
            self.last.insert(change.clone(), seq);
            self.order.push_back((seq, change));
        }
        self.through = self.through.max(through);
        while self.order.len() > MOST_KNOWN
            && let Some((seq, change)) = self.order.pop_front()
        {
            self.floor = seq;
            if self.last.get(&change) == Some(&seq) {
                self.last.remove(&change);
            }
        }
    }
}

/// How many changes are kept in memory, at about 150 bytes each. Who has to read up on more begins anew.
const MOST_KNOWN: usize = 50_000;

#[cfg(test)]
mod tests {
    use vouchsafe_model::ChangeKind;

    use super::*;

    fn client(id: &str) -> Change {
        Change::of(ChangeKind::Client, id)
    }

    #[test]
    fn what_has_changed_since_holds_no_longer() {
        let feed = Feed::default();
        feed.write().restart(10);
        feed.write().learn(20, vec![(12, client("a")), (20, client("b"))]);
        assert_eq!(feed.still_holds(12, &[client("a")]), Some(20));
        assert_eq!(feed.still_holds(11, &[client("a")]), None);
        assert_eq!(feed.still_holds(11, &[client("c")]), Some(20));
        assert_eq!(
            feed.still_holds(25, &[client("b")]),
            Some(25),
            "read later than anything known"
        );
        assert_eq!(
            feed.still_holds(9, &[client("c")]),
            None,
            "older than what is known"
        );
        let basis = |at| Basis::at(at).on(client("b"));
        assert!(feed.supports(&basis(20)) && !feed.supports(&basis(19)));
        // What was learned twice counts once.
        feed.write().learn(20, vec![(20, client("b"))]);
        assert_eq!(feed.read().order.len(), 2);
    }

    /// Two that begin anew at once: the one with the earlier head may be the later one to say so.
    #[test]
    fn ar_07__what_is_known_is_never_unlearned() {
        let feed = Feed::default();
        feed.write().restart(8);
        feed.write().restart(5);
        let basis = |at| Basis::at(at).on(client("a"));
        assert!(!feed.supports(&basis(6)), "it may have changed at 7 or 8");
        assert_eq!(feed.still_holds(6, &[client("a")]), None);
        feed.write().learn(9, vec![(9, client("b"))]);
        feed.write().restart(9);
        assert!(feed.supports(&basis(8)), "who is not behind forgets nothing");
    }

    #[test]
    fn what_is_forgotten_is_not_vouched_for() {
        let feed = Feed::default();
        feed.write().restart(1);
        let many = (0..=i64::try_from(MOST_KNOWN).unwrap()).map(|n| (n + 2, client(&n.to_string())));
        let many: Vec<_> = many.collect();
        let through = many.last().unwrap().0;
        feed.write().learn(through, many);
        assert_eq!(feed.read().last.len(), MOST_KNOWN);
        assert_eq!(
            feed.still_holds(1, &[client("x")]),
            None,
            "the oldest change is forgotten"
        );
        assert_eq!(feed.still_holds(2, &[client("x")]), Some(through));
    }
}
