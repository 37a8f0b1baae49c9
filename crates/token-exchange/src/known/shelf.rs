//! A cache of one kind of thing, bounded in bytes and time, that never gives what has changed.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use vouchsafe_audit::Feed;
use vouchsafe_model::{Change, UnixMillis};

/// Something that is kept, with what it rests on. Secrets in it are wiped when the last one lets go of it.
pub(crate) struct Kept<V> {
    pub(crate) value: V,
    subjects: Arc<[Change]>,
    /// Up to where in the record it is known that none of them has changed.
    point: AtomicI64,
    since: UnixMillis,
    bytes: u64,
}

impl<V> Kept<V> {
    pub(crate) fn new(
        value: V,
        subjects: Vec<Change>,
        (point, now): (i64, UnixMillis),
        bytes: usize,
    ) -> Self {
        Self {
            value,
            subjects: subjects.into(),
            point: AtomicI64::new(point),
            since: now,
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX) + OVERHEAD,
        }
    }

    /// Up to where in the record it is known to hold.
    pub(crate) fn point(&self) -> i64 {
        self.point.load(Ordering::Relaxed)
    }

    fn is_young(&self, now: UnixMillis) -> bool {
        self.since <= now && self.since.until(now) < LIFE
    }

    /// What a decision on it rests on.
    pub(crate) fn subjects(&self) -> Arc<[Change]> {
        Arc::clone(&self.subjects)
    }
}

/// A thing that holds, and up to where in the record that is known.
pub(crate) type Held<V> = (Arc<Kept<V>>, i64);

/// Things of one kind, by their keys.
pub(crate) struct Shelf<K, V>(Cache<K, Arc<Kept<V>>, Bytes>);

impl<K: Eq + Hash + Clone, V> Shelf<K, V> {
    pub(crate) fn of(bytes: u64) -> Self {
        Self(Cache::with_weighter(FEW, bytes, Bytes))
    }

    /// What is kept under the key, unless it is too old or something that it rests on has changed.
    pub(crate) fn get(&self, key: &K, feed: &Feed, now: UnixMillis) -> Option<Held<V>> {
        let kept = self.0.get(key)?;
        let point = feed.still_holds(kept.point(), &kept.subjects);
        let point = point.filter(|_| kept.is_young(now));
        let Some(point) = point else {
            self.0.remove(key);
            return None;
        };
        kept.point.fetch_max(point, Ordering::Relaxed);
        Some((kept, point))
    }

    pub(crate) fn put(&self, key: K, kept: Arc<Kept<V>>) {
        self.0.insert(key, kept);
    }

    /// Lets go of what would not be given any more.
    pub(crate) fn sweep(&self, feed: &Feed, now: UnixMillis) {
        self.0
            .retain(|_, kept| kept.is_young(now) && feed.still_holds(kept.point(), &kept.subjects).is_some());
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}

/// Weighs by what each thing says of itself.
#[derive(Clone)]
struct Bytes;

impl<K, V> Weighter<K, Arc<Kept<V>>> for Bytes {
    fn weight(&self, _: &K, kept: &Arc<Kept<V>>) -> u64 {
        kept.bytes
    }
}

/// How long anything is kept: until then a row that somebody edits in the database behind our back may go unnoticed.
const LIFE: Duration = Duration::from_secs(60);
/// Key, subjects and book-keeping of an entry, roughly.
const OVERHEAD: u64 = 512;
/// How many there are room for at first.
const FEW: usize = 64;
