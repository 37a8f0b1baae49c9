//! `witnessed`: the last checkpoint that witnesses cosigned, as a note that anyone can verify.

use diesel::prelude::*;

use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        witnessed (singleton) {
            singleton -> Integer,
            size -> BigInt,
            note -> Text,
        }
    }
}
use schema::witnessed;

/// The note.
pub fn get(tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
    tx.run(|conn| witnessed::table.select(witnessed::note).first(conn).optional())
}

/// Puts the note of a tree of this size in the place of one of a tree that is not larger.
pub fn put(tx: &mut Tx<'_>, size: i64, note: &str) -> Result<(), StoreError> {
    let older = witnessed::table.filter(witnessed::size.le(size));
    let this = (witnessed::size.eq(size), witnessed::note.eq(note));
    if tx.run(|conn| diesel::update(older).set(this).execute(conn))? > 0 || get(tx)?.is_some() {
        return Ok(());
    }
    let row = (witnessed::singleton.eq(1), this);
    tx.run(|conn| diesel::insert_into(witnessed::table).values(row).execute(conn))?;
    Ok(())
}

/// Forgets it: what follows starts from another record.
pub fn clear(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run(|conn| diesel::delete(witnessed::table).execute(conn))?;
    Ok(())
}
