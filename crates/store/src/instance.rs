//! `instance`: the one row that says which database this is.

use diesel::prelude::*;
use vouchsafe_model::{InstanceId, UnixMillis};

use crate::column::parsed;
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        instance (singleton) {
            singleton -> Integer,
            id -> Text,
            created_at -> BigInt,
            schema_note -> Text,
        }
    }
}
use schema::instance;

/// The id, once the database has been initialised.
pub fn get(tx: &mut Tx<'_>) -> Result<Option<InstanceId>, StoreError> {
    let id = tx.run(|conn| {
        instance::table
            .select(instance::id)
            .first::<String>(conn)
            .optional()
    })?;
    id.map(|id| parsed(&id, "instance", "id")).transpose()
}

/// Names the database. A second time is a [`StoreError::Conflict`].
pub fn insert(tx: &mut Tx<'_>, id: &InstanceId, now: UnixMillis) -> Result<(), StoreError> {
    let row = (
        instance::singleton.eq(1),
        instance::id.eq(id.as_str()),
        instance::created_at.eq(now.0),
        instance::schema_note.eq(SCHEMA_NOTE),
    );
    tx.run(|conn| diesel::insert_into(instance::table).values(row).execute(conn))?;
    Ok(())
}

/// For whoever looks into the database with other tools.
const SCHEMA_NOTE: &str = "written by vouchsafe; rows with a tag are worthless when edited by hand";
