//! `records`: the record. Only appended to, under the head (see [`crate::head`]).

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Bool};
use vouchsafe_model::{KeyId, RecordId, TypedId as _, UnixMillis};

use crate::column::{Keyed, all, bytes32, one, parsed, parsed_option};
use crate::conn::Conn;
use crate::error::StoreError;
use crate::head::Head;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        records (seq) {
            seq -> BigInt,
            id -> Text,
            time -> BigInt,
            event -> Text,
            body -> Binary,
            salt -> Nullable<Binary>,
            details -> Nullable<Text>,
            leaf -> Binary,
            chain -> Binary,
            change_seq -> BigInt,
            signature -> Nullable<Binary>,
            key_id -> Nullable<Text>,
        }
    }
}
use schema::records;

/// An entry of the record, as stored. What it means is the business of the audit crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// Place in the total order, without gaps, from 1.
    pub seq: i64,
    /// Id.
    pub id: RecordId,
    /// Time; never before the previous entry's.
    pub time: UnixMillis,
    /// Kind of the event.
    pub event: String,
    /// The exact bytes that were hashed.
    pub body: Vec<u8>,
    /// Salt of the details; gone once the person is erased.
    pub salt: Option<Vec<u8>>,
    /// What names persons, beside the hashed body.
    pub details: Option<String>,
    /// Hash of the body.
    pub leaf: [u8; 32],
    /// Hash of everything up to here.
    pub chain: [u8; 32],
    /// Seq of the last authority change up to here.
    pub change_seq: i64,
    /// Signature of the head, on the last entry of a batch.
    pub signature: Option<Vec<u8>>,
    /// The key that signed.
    pub key_id: Option<KeyId>,
}

/// An entry without what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Its place.
    pub seq: i64,
    /// Hash of the body.
    pub leaf: [u8; 32],
    /// Hash of everything up to here.
    pub chain: [u8; 32],
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = records)]
struct StoredRecord {
    seq: i64,
    id: String,
    time: i64,
    event: String,
    body: Vec<u8>,
    salt: Option<Vec<u8>>,
    details: Option<String>,
    leaf: Vec<u8>,
    chain: Vec<u8>,
    change_seq: i64,
    signature: Option<Vec<u8>>,
    key_id: Option<String>,
}

impl Keyed for StoredRecord {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Appends an entry. A seq that is taken is a [`StoreError::Conflict`]: the head was not held.
pub fn append(tx: &mut Tx<'_>, record: &RecordRow) -> Result<(), StoreError> {
    append_all(tx, std::slice::from_ref(record))
}

/// Appends entries in one statement where the engine has one for it: on PostgreSQL that takes a third of the time.
pub fn append_all(tx: &mut Tx<'_>, entries: &[RecordRow]) -> Result<(), StoreError> {
    for entries in entries.chunks(BATCH) {
        // Dialect: diesel has no batch for a connection to either engine, and SQLite would gain nothing by it.
        tx.run(|conn| match conn {
            Conn::Postgres(conn) => {
                let rows: Vec<_> = entries.iter().map(values).collect();
                diesel::insert_into(records::table).values(rows).execute(conn)
            }
            Conn::Sqlite(conn) => entries.iter().try_fold(0, |sum, entry| {
                let inserted = diesel::insert_into(records::table).values(values(entry));
                Ok(sum + inserted.execute(conn)?)
            }),
        })?;
    }
    Ok(())
}

/// The columns of an entry, borrowed: what an exchange writes is not copied once more.
#[diesel::dsl::auto_type(no_type_alias)]
fn values<'a>(entry: &'a RecordRow) -> _ {
    let (seq, time, change_seq): (i64, i64, i64) = (entry.seq, entry.time.0, entry.change_seq);
    let id: &'a str = entry.id.as_str();
    let event: &'a str = entry.event.as_str();
    let body: &'a [u8] = entry.body.as_slice();
    let salt: Option<&'a [u8]> = entry.salt.as_deref();
    let details: Option<&'a str> = entry.details.as_deref();
    let leaf: &'a [u8] = entry.leaf.as_slice();
    let chain: &'a [u8] = entry.chain.as_slice();
    let signature: Option<&'a [u8]> = entry.signature.as_deref();
    let key_id: Option<&'a str> = entry.key_id.as_ref().map(KeyId::as_str);
    (
        records::seq.eq(seq),
        records::id.eq(id),
        records::time.eq(time),
        records::event.eq(event),
        records::body.eq(body),
        records::salt.eq(salt),
        records::details.eq(details),
        records::leaf.eq(leaf),
        records::chain.eq(chain),
        records::change_seq.eq(change_seq),
        records::signature.eq(signature),
        records::key_id.eq(key_id),
    )
}

/// Seq, chain, time, `change_seq`, signature.
type LastEntry = (i64, Vec<u8>, i64, i64, Option<Vec<u8>>);

/// Where the last entry leaves the record, without reading its body.
pub(crate) fn head(tx: &mut Tx<'_>) -> Result<Option<Head>, StoreError> {
    let columns = (
        records::seq,
        records::chain,
        records::time,
        records::change_seq,
        records::signature,
    );
    let row: Option<LastEntry> = tx.run(|conn| {
        records::table
            .order(records::seq.desc())
            .select(columns)
            .first(conn)
            .optional()
    })?;
    let Some((seq, chain, time, change_seq, signature)) = row else {
        return Ok(None);
    };
    let chain = bytes32(&chain, TABLE, "chain").map_err(|error| error.in_row(&seq.to_string()))?;
    Ok(Some(Head {
        seq,
        chain,
        time: UnixMillis(time),
        change_seq,
        signature: signature.and_then(|signature| signature.try_into().ok()),
    }))
}

/// The last entry.
pub fn last(tx: &mut Tx<'_>) -> Result<Option<RecordRow>, StoreError> {
    let row = tx.run(|conn| {
        records::table
            .order(records::seq.desc())
            .select(StoredRecord::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// The entry at this place.
pub fn by_seq(tx: &mut Tx<'_>, seq: i64) -> Result<Option<RecordRow>, StoreError> {
    let row = tx.run(|conn| {
        records::table
            .find(seq)
            .select(StoredRecord::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// The entry of this id. Without an index, which would cost each append seven times as much: an id says when it was made,
/// and entries of that time are looked at first; only then the whole record.
pub fn by_id(tx: &mut Tx<'_>, id: &RecordId) -> Result<Option<RecordRow>, StoreError> {
    let from = first_since(tx, id.made_at())?;
    let near = tx.run(|conn| {
        records::table
            .filter(records::seq.ge(from))
            .filter(records::seq.lt(from.saturating_add(NEAR)))
            .filter(records::id.eq(id.as_str()))
            .select(StoredRecord::as_select())
            .first(conn)
            .optional()
    })?;
    if near.is_some() {
        return one(near);
    }
    let row = tx.run(|conn| {
        records::table
            .filter(records::id.eq(id.as_str()))
            .select(StoredRecord::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Up to `limit` entries from `from_seq` on, in order.
pub fn range(tx: &mut Tx<'_>, from_seq: i64, limit: i64) -> Result<Vec<RecordRow>, StoreError> {
    let rows = tx.run(|conn| {
        records::table
            .filter(records::seq.ge(from_seq))
            .order(records::seq)
            .limit(limit)
            .select(StoredRecord::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// The entries from `from` to `to`, both included, whose bodies hold this text, in order; of these events, or of any. The
/// database looks for it, so that the other bodies stay there.
pub fn holding(
    tx: &mut Tx<'_>,
    (from, to): (i64, i64),
    events: Option<&[&str]>,
    text: &str,
) -> Result<Vec<RecordRow>, StoreError> {
    let rows = tx.run(|conn| {
        // Dialect: each engine has a name of its own for looking into bytes.
        let function = match conn {
            Conn::Sqlite(_) => "instr(body, ",
            Conn::Postgres(_) => "pg_catalog.\"position\"(body, ",
        };
        let holds = sql::<Bool>(function)
            .bind::<Binary, _>(text.as_bytes())
            .sql(") > 0");
        let mut query = records::table
            .filter(records::seq.ge(from))
            .filter(records::seq.le(to))
            .filter(holds)
            .order(records::seq)
            .select(StoredRecord::as_select())
            .into_boxed();
        if let Some(events) = events {
            query = query.filter(records::event.eq_any(events.iter().copied()));
        }
        query.load(conn)
    })?;
    all(rows)
}

/// Forgets what names persons in the entries at these places; how many said something. The bodies and everything that is
/// hashed stay as they are.
pub fn forget_details(tx: &mut Tx<'_>, places: &[i64]) -> Result<usize, StoreError> {
    let mut forgotten = 0;
    for places in places.chunks(BATCH) {
        let told = records::table
            .filter(records::seq.eq_any(places.iter().copied()))
            .filter(records::details.is_not_null().or(records::salt.is_not_null()));
        let nothing = (
            records::details.eq(None::<String>),
            records::salt.eq(None::<Vec<u8>>),
        );
        forgotten += tx.run(|conn| diesel::update(told).set(nothing).execute(conn))?;
    }
    Ok(forgotten)
}

/// What the tree over the record is made of: place, leaf and chain of up to `limit` entries from `from_seq` on, in order.
pub fn leaves(tx: &mut Tx<'_>, from_seq: i64, limit: i64) -> Result<Vec<Link>, StoreError> {
    let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = tx.run(|conn| {
        records::table
            .filter(records::seq.ge(from_seq))
            .order(records::seq)
            .limit(limit)
            .select((records::seq, records::leaf, records::chain))
            .load(conn)
    })?;
    let link = |(seq, leaf, chain): (i64, Vec<u8>, Vec<u8>)| {
        let damaged = |error: StoreError| error.in_row(&seq.to_string());
        Ok(Link {
            seq,
            leaf: bytes32(&leaf, TABLE, "leaf").map_err(damaged)?,
            chain: bytes32(&chain, TABLE, "chain").map_err(damaged)?,
        })
    };
    rows.into_iter().map(link).collect()
}

/// The place of the first entry that is not before `at`; behind the last one when all are. Times never go back along the
/// record, so a few look-ups find it.
pub fn first_since(tx: &mut Tx<'_>, at: UnixMillis) -> Result<i64, StoreError> {
    let last = head(tx)?.map_or(0, |head| head.seq);
    // Everything below `low` is before `at`, nothing from `high` on is.
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let time: Option<i64> = tx.run(|conn| {
            let row = records::table.find(middle).select(records::time);
            row.first(conn).optional()
        })?;
        // A missing entry is for `audit verify` to report; here it counts as early.
        if time.is_none_or(|time| time < at.0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// How many entries there are; as the record has no gaps, the seq of the last one unless some were removed.
pub fn count(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.run(|conn| records::table.count().get_result(conn))
}

impl TryFrom<StoredRecord> for RecordRow {
    type Error = StoreError;

    fn try_from(row: StoredRecord) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.seq,
            id: parsed(&row.id, TABLE, "id")?,
            time: UnixMillis(row.time),
            event: row.event,
            body: row.body,
            salt: row.salt,
            details: row.details,
            leaf: bytes32(&row.leaf, TABLE, "leaf")?,
            chain: bytes32(&row.chain, TABLE, "chain")?,
            change_seq: row.change_seq,
            signature: row.signature,
            key_id: parsed_option(row.key_id.as_deref(), TABLE, "key_id")?,
        })
    }
}

const TABLE: &str = "records";

/// Far below the 65535 values that a statement of PostgreSQL may have.
const BATCH: usize = 512;
/// How far from its time the entry of an id lies at most, unless a clock went back: what a few seconds hold.
const NEAR: i64 = 20_000;
