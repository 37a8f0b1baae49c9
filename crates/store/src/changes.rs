//! `changes`: which things each authority change was about. Only appended to, under the head.

use std::collections::HashSet;

use diesel::prelude::*;
use vouchsafe_model::Change;

use crate::column::parsed;
use crate::conn::Conn;
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        changes (seq, kind, id) {
            seq -> BigInt,
            kind -> Text,
            id -> Text,
        }
    }
}
use schema::changes;

#[derive(Insertable)]
#[diesel(table_name = changes)]
struct StoredChange<'a> {
    seq: i64,
    kind: &'static str,
    id: &'a str,
}

/// Notes what the entry `seq` of the record changed; naming a thing twice is naming it once. As the record itself, in
/// few statements where each is a journey: the head is held meanwhile, and somebody may have thousands of sessions.
pub fn append(tx: &mut Tx<'_>, seq: i64, subjects: &[Change]) -> Result<(), StoreError> {
    let distinct: HashSet<&Change> = subjects.iter().collect();
    let rows: Vec<StoredChange<'_>> = distinct
        .into_iter()
        .map(|change| StoredChange {
            seq,
            kind: change.kind.as_str(),
            id: &change.id,
        })
        .collect();
    for rows in rows.chunks(BATCH) {
        // Dialect: diesel has no batch for a connection to either engine.
        tx.run(|conn| match conn {
            Conn::Postgres(conn) => diesel::insert_into(changes::table).values(rows).execute(conn),
            Conn::Sqlite(conn) => rows.iter().try_fold(0, |sum, row| {
                Ok(sum + diesel::insert_into(changes::table).values(row).execute(conn)?)
            }),
        })?;
    }
    Ok(())
}

/// Everything that changed after the entry `seq`.
pub fn since(tx: &mut Tx<'_>, seq: i64) -> Result<Vec<(i64, Change)>, StoreError> {
    range(tx, seq.saturating_add(1), i64::MAX)
}

/// Everything that changed from the entry `from` to the entry `to`, both included.
pub fn range(tx: &mut Tx<'_>, from: i64, to: i64) -> Result<Vec<(i64, Change)>, StoreError> {
    first(tx, from, to, i64::MAX)
}

/// As [`range`], or `None` when that is more than `most`: whoever has the head must not read for long.
pub fn at_most(
    tx: &mut Tx<'_>,
    (from, to): (i64, i64),
    most: usize,
) -> Result<Option<Vec<(i64, Change)>>, StoreError> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX).saturating_add(1);
    let found = first(tx, from, to, limit)?;
    Ok((found.len() <= most).then_some(found))
}

fn first(tx: &mut Tx<'_>, from: i64, to: i64, limit: i64) -> Result<Vec<(i64, Change)>, StoreError> {
    let rows = tx.run(|conn| {
        changes::table
            .filter(changes::seq.ge(from))
            .filter(changes::seq.le(to))
            .order((changes::seq, changes::kind, changes::id))
            .limit(limit)
            .load::<(i64, String, String)>(conn)
    })?;
    rows.into_iter()
        .map(|(seq, kind, id)| {
            let kind = parsed(&kind, "changes", "kind")
                .map_err(|error: StoreError| error.in_row(&seq.to_string()))?;
            Ok((seq, Change { kind, id }))
        })
        .collect()
}

/// The rows themselves, damaged ones too, for comparing them with the record: `(seq, kind, id)`.
pub fn texts(tx: &mut Tx<'_>, from: i64, to: i64) -> Result<Vec<(i64, String, String)>, StoreError> {
    tx.run(|conn| {
        changes::table
            .filter(changes::seq.ge(from))
            .filter(changes::seq.le(to))
            .order((changes::seq, changes::kind, changes::id))
            .load(conn)
    })
}

/// Far below the 65535 values that a statement of PostgreSQL may have.
const BATCH: usize = 1024;
