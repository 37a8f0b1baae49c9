//! `export_cursors`: how far each export of the record has come, and which server feeds it.

use diesel::prelude::*;
use vouchsafe_model::UnixMillis;

use crate::column::time;
use crate::error::StoreError;
use crate::head;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        export_cursors (name) {
            name -> Text,
            next_seq -> BigInt,
            holder -> Nullable<Text>,
            lease_until -> Nullable<BigInt>,
            advanced_at -> Nullable<BigInt>,
            error -> Nullable<Text>,
            failing_since -> Nullable<BigInt>,
        }
    }
}
use schema::export_cursors;

/// Where an export stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportCursor {
    /// Its name in the configuration.
    pub name: String,
    /// The first entry that has not arrived for sure.
    pub next_seq: i64,
    /// The server that feeds it, and until when it may without asking again.
    pub held: Option<(String, UnixMillis)>,
    /// When it last came further.
    pub advanced_at: Option<UnixMillis>,
    /// Why nothing goes out just now, and since when.
    pub failing: Option<(String, UnixMillis)>,
}

/// Where a new export begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beginning {
    /// Behind what is on the record when it is first seen.
    #[default]
    Now,
    /// With the first entry.
    FirstEntry,
}

/// Who feeds an export, and until when.
#[derive(Debug, Clone, Copy)]
pub struct Lease<'a> {
    /// The server.
    pub holder: &'a str,
    /// The time now.
    pub now: UnixMillis,
    /// Until when nobody else may.
    pub until: UnixMillis,
}

#[derive(Queryable)]
struct CursorRow {
    name: String,
    next_seq: i64,
    holder: Option<String>,
    lease_until: Option<i64>,
    advanced_at: Option<i64>,
    error: Option<String>,
    failing_since: Option<i64>,
}

/// Takes or keeps the lease of an export, which is made where there is none of this name; `None` while another server
/// holds it.
pub fn take(
    tx: &mut Tx<'_>,
    name: &str,
    beginning: Beginning,
    lease: Lease<'_>,
) -> Result<Option<ExportCursor>, StoreError> {
    if by_name(tx, name)?.is_none() {
        let next_seq = match beginning {
            Beginning::FirstEntry => 1,
            Beginning::Now => head::peek(tx)?.seq + 1,
        };
        let row = (
            export_cursors::name.eq(name),
            export_cursors::next_seq.eq(next_seq),
        );
        tx.run(|conn| {
            diesel::insert_into(export_cursors::table)
                .values(row)
                .execute(conn)
        })?;
    }
    let free = export_cursors::table
        .filter(export_cursors::name.eq(name))
        .filter(
            export_cursors::holder
                .is_null()
                .or(export_cursors::holder.assume_not_null().eq(lease.holder))
                .or(export_cursors::lease_until.is_null())
                .or(export_cursors::lease_until.assume_not_null().le(lease.now.0)),
        );
    let held = (
        export_cursors::holder.eq(Some(lease.holder)),
        export_cursors::lease_until.eq(Some(lease.until.0)),
    );
    if tx.run(|conn| diesel::update(free).set(held).execute(conn))? == 0 {
        return Ok(None);
    }
    by_name(tx, name)
}

/// Moves on, and the lease with it; `false` when this server does not feed the export any more.
pub fn advance(tx: &mut Tx<'_>, name: &str, next_seq: i64, lease: Lease<'_>) -> Result<bool, StoreError> {
    let further = (
        export_cursors::next_seq.eq(next_seq),
        export_cursors::lease_until.eq(Some(lease.until.0)),
        export_cursors::advanced_at.eq(Some(lease.now.0)),
        export_cursors::error.eq(None::<String>),
        export_cursors::failing_since.eq(None::<i64>),
    );
    let updated = tx.run(|conn| {
        diesel::update(of_holder(name, lease.holder))
            .set(further)
            .execute(conn)
    })?;
    Ok(updated > 0)
}

/// Notes why nothing goes out, and since when: the first time counts until something goes out again. `false` when this
/// server does not feed the export any more.
pub fn failed(tx: &mut Tx<'_>, name: &str, error: &str, lease: Lease<'_>) -> Result<bool, StoreError> {
    let known = by_name(tx, name)?.and_then(|cursor| cursor.failing);
    let since = known.map_or(lease.now, |(_, since)| since);
    let noted = (
        export_cursors::error.eq(Some(error)),
        export_cursors::failing_since.eq(Some(since.0)),
        export_cursors::lease_until.eq(Some(lease.until.0)),
    );
    let updated = tx.run(|conn| {
        diesel::update(of_holder(name, lease.holder))
            .set(noted)
            .execute(conn)
    })?;
    Ok(updated > 0)
}

/// Gives the lease back, for the next server to go on at once.
pub fn release(tx: &mut Tx<'_>, name: &str, holder: &str) -> Result<(), StoreError> {
    let free = (
        export_cursors::holder.eq(None::<String>),
        export_cursors::lease_until.eq(None::<i64>),
    );
    tx.run(|conn| diesel::update(of_holder(name, holder)).set(free).execute(conn))?;
    Ok(())
}

/// Frees every export: who held one is gone. For the one process of an embedded database.
pub fn abandon_leases(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let free = (
        export_cursors::holder.eq(None::<String>),
        export_cursors::lease_until.eq(None::<i64>),
    );
    let held = export_cursors::table.filter(export_cursors::holder.is_not_null());
    tx.run(|conn| diesel::update(held).set(free).execute(conn))?;
    Ok(())
}

/// The one of this name.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<ExportCursor>, StoreError> {
    let row: Option<CursorRow> = tx.run(|conn| export_cursors::table.find(name).first(conn).optional())?;
    Ok(row.map(ExportCursor::from))
}

/// All of them, by name.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<ExportCursor>, StoreError> {
    let rows: Vec<CursorRow> = tx.run(|conn| export_cursors::table.order(export_cursors::name).load(conn))?;
    Ok(rows.into_iter().map(ExportCursor::from).collect())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of_holder<'a>(name: &'a str, holder: &'a str) -> _ {
    export_cursors::table
        .filter(export_cursors::name.eq(name))
        .filter(export_cursors::holder.assume_not_null().eq(holder))
}

impl From<CursorRow> for ExportCursor {
    fn from(row: CursorRow) -> Self {
        Self {
            name: row.name,
            next_seq: row.next_seq,
            held: row.holder.zip(time(row.lease_until)),
            advanced_at: time(row.advanced_at),
            failing: row.error.zip(time(row.failing_since)),
        }
    }
}
