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

/// The note.
pub fn get(tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
    tx.run(|conn| checkpoint::table.select(checkpoint::note).first(conn).optional())
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
