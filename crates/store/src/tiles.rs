//! `tiles`: the hashes of the RFC 6962 tree over the record. What they mean is the business of the audit crate.

use diesel::dsl::max;
use diesel::prelude::*;

use crate::column::bytes32;
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        tiles (level, place) {
            level -> Integer,
            place -> BigInt,
            width -> Integer,
            hashes -> Binary,
        }
    }
}
use schema::tiles;

/// The hashes of one row, in their order.
pub type Hashes = Vec<[u8; 32]>;

/// The hashes at a place; none where no row is.
pub fn get(tx: &mut Tx<'_>, level: i32, place: i64) -> Result<Hashes, StoreError> {
    let found: Option<Vec<u8>> = tx.run(|conn| {
        let row = tiles::table.find((level, place)).select(tiles::hashes);
        row.first(conn).optional()
    })?;
    let hashes = found.unwrap_or_default();
    let damaged = |error: StoreError| error.in_row(&format!("{level}/{place}"));
    let hash = |bytes: &[u8]| bytes32(bytes, TABLE, "hashes").map_err(damaged);
    hashes.chunks(32).map(hash).collect()
}

/// Writes the hashes at a place, unless as many or more are there already: they are the same for everybody.
pub fn grow(tx: &mut Tx<'_>, level: i32, place: i64, hashes: &[[u8; 32]]) -> Result<(), StoreError> {
    let width = i32::try_from(hashes.len()).map_err(|_| StoreError::Conflict)?;
    let bytes = hashes.concat();
    let narrower = tiles::table
        .filter(tiles::level.eq(level))
        .filter(tiles::place.eq(place))
        .filter(tiles::width.lt(width));
    let grown = (tiles::width.eq(width), tiles::hashes.eq(bytes.as_slice()));
    if tx.run(|conn| diesel::update(narrower).set(grown).execute(conn))? > 0 {
        return Ok(());
    }
    let there: Option<i32> = tx.run(|conn| {
        let row = tiles::table.find((level, place)).select(tiles::width);
        row.first(conn).optional()
    })?;
    if there.is_some() {
        return Ok(());
    }
    let row = (tiles::level.eq(level), tiles::place.eq(place), grown);
    tx.run(|conn| diesel::insert_into(tiles::table).values(row).execute(conn))?;
    Ok(())
}

/// The last place of a level that has a row.
pub fn last(tx: &mut Tx<'_>, level: i32) -> Result<Option<i64>, StoreError> {
    tx.run(|conn| {
        let of_level = tiles::table.filter(tiles::level.eq(level));
        of_level.select(max(tiles::place)).first(conn)
    })
}

/// Deletes all of them: they are made anew from the record.
pub fn clear(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run(|conn| diesel::delete(tiles::table).execute(conn))?;
    Ok(())
}

const TABLE: &str = "tiles";
