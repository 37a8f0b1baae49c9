//! `replay_ids`: identifiers that may be used once (`jti` and the like). Only inserted under the head.
//!
//! Rows lie in buckets of an hour of their expiry, so that purging needs no second time column. Who inserts has
//! looked before, under the head: the key alone would not refuse the same id with another expiry.

use diesel::prelude::*;
use vouchsafe_model::UnixMillis;

use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        replay_ids (kind, id, bucket) {
            bucket -> BigInt,
            kind -> Text,
            id -> Text,
        }
    }
}
use schema::replay_ids;

/// Which of `ids` have been used.
pub fn existing(tx: &mut Tx<'_>, kind: &str, ids: &[&str]) -> Result<Vec<String>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    tx.run(|conn| {
        replay_ids::table
            .filter(replay_ids::kind.eq(kind))
            .filter(replay_ids::id.eq_any(ids))
            .select(replay_ids::id)
            .distinct()
            .load(conn)
    })
}

/// Notes that `id` was used and must not be again before `expires`.
pub fn insert(tx: &mut Tx<'_>, kind: &str, id: &str, expires: UnixMillis) -> Result<(), StoreError> {
    let row = (
        replay_ids::bucket.eq(bucket(expires)),
        replay_ids::kind.eq(kind),
        replay_ids::id.eq(id),
    );
    tx.run(|conn| diesel::insert_into(replay_ids::table).values(row).execute(conn))?;
    Ok(())
}

/// Forgets ids of which all in their bucket expired before `before`; how many.
pub fn purge(tx: &mut Tx<'_>, before: UnixMillis) -> Result<usize, StoreError> {
    let expired = replay_ids::table.filter(replay_ids::bucket.lt(bucket(before)));
    tx.run(|conn| diesel::delete(expired).execute(conn))
}

const HOUR: i64 = 3_600_000;

fn bucket(time: UnixMillis) -> i64 {
    time.0.div_euclid(HOUR)
}
