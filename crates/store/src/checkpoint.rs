//! `checkpoint`: the last checkpoint that was signed, as a note that anyone can verify.

use diesel::prelude::*;

use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        checkpoint (singleton) {
            singleton -> Integer,
            size -> BigInt,
            note -> Text,
        }
    }
}
use schema::checkpoint;

/// What stands in the row. Nothing in it may be believed before the note has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// Number of records, as the row says; only a larger one takes its place.
    pub size: i64,
    /// The note.
    pub note: String,
}

/// The row.
pub fn get(tx: &mut Tx<'_>) -> Result<Option<CheckpointRow>, StoreError> {
    let columns = (checkpoint::size, checkpoint::note);
    let row: Option<(i64, String)> =
        tx.run(|conn| checkpoint::table.select(columns).first(conn).optional())?;
    Ok(row.map(|(size, note)| CheckpointRow { size, note }))
}

/// Puts the note of a tree of this size in the place of one of a smaller tree; whether it did.
pub fn advance(tx: &mut Tx<'_>, size: i64, note: &str) -> Result<bool, StoreError> {
    let smaller = checkpoint::table.filter(checkpoint::size.lt(size));
    let this = (checkpoint::size.eq(size), checkpoint::note.eq(note));
    if tx.run(|conn| diesel::update(smaller).set(this).execute(conn))? > 0 {
        return Ok(true);
    }
    if get(tx)?.is_some() {
        return Ok(false);
    }
    let row = (checkpoint::singleton.eq(1), this);
    tx.run(|conn| diesel::insert_into(checkpoint::table).values(row).execute(conn))?;
    Ok(true)
}

/// Forgets it: what follows starts from another record.
pub fn clear(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run(|conn| diesel::delete(checkpoint::table).execute(conn))?;
    Ok(())
}
