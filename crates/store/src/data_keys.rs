//! `data_keys`: the wrapped keys of connections' secrets. Deleting one shreds what it has sealed.

use diesel::prelude::*;
use vouchsafe_model::{ConnectionId, DataKey, DataKeyId, UnixMillis};

use crate::column::{Keyed, all, one, parsed};
use crate::error::StoreError;
use crate::transaction::Tx;
use crate::{access_tokens, upstream_grants, upstream_revocation_secrets};

mod schema {
    diesel::table! {
        data_keys (id) {
            id -> Text,
            connection_id -> Text,
            sealed -> Binary,
            created_at -> BigInt,
        }
    }
}
use schema::data_keys;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = data_keys)]
struct DataKeyRow {
    id: String,
    connection_id: String,
    sealed: Vec<u8>,
    created_at: i64,
}

impl Keyed for DataKeyRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts a key. Its connection may come later.
pub fn insert(tx: &mut Tx<'_>, key: &DataKey) -> Result<(), StoreError> {
    let row = DataKeyRow {
        id: key.id.to_string(),
        connection_id: key.connection_id.to_string(),
        sealed: key.sealed.clone(),
        created_at: key.created_at.0,
    };
    tx.run(|conn| diesel::insert_into(data_keys::table).values(&row).execute(conn))?;
    Ok(())
}

/// The key of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &DataKeyId) -> Result<Option<DataKey>, StoreError> {
    let row = tx.run(|conn| {
        data_keys::table
            .find(id.as_str())
            .select(DataKeyRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// The keys of a connection, oldest first.
pub fn of_connection(tx: &mut Tx<'_>, connection: &ConnectionId) -> Result<Vec<DataKey>, StoreError> {
    let rows = tx.run(|conn| {
        data_keys::table
            .filter(data_keys::connection_id.eq(connection.as_str()))
            .order(data_keys::id)
            .select(DataKeyRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// Deletes a key; whether there was one.
pub fn delete(tx: &mut Tx<'_>, id: &DataKeyId) -> Result<bool, StoreError> {
    let deleted = tx.run(|conn| diesel::delete(data_keys::table.find(id.as_str())).execute(conn))?;
    Ok(deleted > 0)
}

/// Deletes the keys of a connection that seal nothing any more.
pub fn delete_unused(tx: &mut Tx<'_>, connection: &ConnectionId) -> Result<(), StoreError> {
    let keys = of_connection(tx, connection)?;
    delete_unused_of(tx, keys.into_iter().map(|key| key.id.to_string()).collect())
}

/// Deletes those of these keys that seal nothing any more.
pub(crate) fn delete_unused_of(tx: &mut Tx<'_>, mut ids: Vec<String>) -> Result<(), StoreError> {
    let mut in_use = upstream_grants::data_keys_in_use(tx, &ids)?;
    in_use.extend(access_tokens::data_keys_in_use(tx, &ids)?);
    in_use.extend(upstream_revocation_secrets::data_keys_in_use(tx, &ids)?);
    ids.retain(|id| !in_use.contains(id));
    let unused = data_keys::table.filter(data_keys::id.eq_any(ids));
    tx.run(|conn| diesel::delete(unused).execute(conn))?;
    Ok(())
}

/// Whether there is any.
pub(crate) fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let row = tx.run(|conn| {
        data_keys::table
            .select(data_keys::id)
            .first::<String>(conn)
            .optional()
    })?;
    Ok(row.is_some())
}

impl TryFrom<DataKeyRow> for DataKey {
    type Error = StoreError;

    fn try_from(row: DataKeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            connection_id: parsed(&row.connection_id, TABLE, "connection_id")?,
            sealed: row.sealed,
            created_at: UnixMillis(row.created_at),
        })
    }
}

const TABLE: &str = "data_keys";
