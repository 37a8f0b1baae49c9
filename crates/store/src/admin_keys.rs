//! `admin_keys`: keys for the admin API.

use diesel::prelude::*;
use vouchsafe_model::{AdminKey, AdminKeyId, ClientSecretDigest, Tagged, UnixMillis};

use crate::column::{
    Each, Keyed, all as all_rows, bytes32, each_row, from_json, millis, one, parsed, tagged, time, to_json,
    value,
};
use crate::error::StoreError;
use crate::page::Page;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        admin_keys (id) {
            id -> Text,
            name -> Text,
            secret_key_id -> Text,
            secret_mac -> Binary,
            scopes -> Text,
            created_at -> BigInt,
            expires_at -> Nullable<BigInt>,
            tag_key_id -> Text,
            tag_mac -> Binary,
        }
    }
}
use schema::admin_keys;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = admin_keys, treat_none_as_default_value = false, treat_none_as_null = true)]
struct AdminKeyRow {
    id: String,
    name: String,
    secret_key_id: String,
    secret_mac: Vec<u8>,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for AdminKeyRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts the key, or replaces the one of the same id.
pub fn put(tx: &mut Tx<'_>, key: &Tagged<AdminKey>) -> Result<(), StoreError> {
    let row = AdminKeyRow::from(key);
    let updated = tx.run(|conn| {
        diesel::update(admin_keys::table.find(&row.id))
            .set(&row)
            .execute(conn)
    })?;
    if updated == 0 {
        tx.run(|conn| diesel::insert_into(admin_keys::table).values(&row).execute(conn))?;
    }
    Ok(())
}

/// The key of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &AdminKeyId) -> Result<Option<Tagged<AdminKey>>, StoreError> {
    let row = tx.run(|conn| {
        admin_keys::table
            .find(id.as_str())
            .select(AdminKeyRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Holds every key until the end of the transaction: no other can be deleted meanwhile.
pub fn hold_all(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.run(|conn| {
        diesel::update(admin_keys::table)
            .set(admin_keys::id.eq(admin_keys::id))
            .execute(conn)
    })?;
    Ok(())
}

/// Up to `limit` keys in order of id, beginning behind `after`.
pub fn page(
    tx: &mut Tx<'_>,
    after: Option<&AdminKeyId>,
    limit: i64,
) -> Result<Page<Tagged<AdminKey>>, StoreError> {
    let after = after.map_or("", AdminKeyId::as_str);
    let rows = tx.run(|conn| {
        admin_keys::table
            .filter(admin_keys::id.gt(after))
            .order(admin_keys::id)
            .limit(limit + 1)
            .select(AdminKeyRow::as_select())
            .load(conn)
    })?;
    Ok(Page::read(rows, limit, value::<AdminKeyRow, _>))
}

/// All keys, in order of id.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Tagged<AdminKey>>, StoreError> {
    let rows = tx.run(|conn| {
        admin_keys::table
            .order(admin_keys::id)
            .select(AdminKeyRow::as_select())
            .load(conn)
    })?;
    all_rows(rows)
}

/// Deletes a key; whether there was one.
pub fn delete(tx: &mut Tx<'_>, id: &AdminKeyId) -> Result<bool, StoreError> {
    let deleted = tx.run(|conn| diesel::delete(admin_keys::table.find(id.as_str())).execute(conn))?;
    Ok(deleted > 0)
}

/// Every row in order of id, whatever it is.
pub fn each(tx: &mut Tx<'_>) -> Result<Each<Tagged<AdminKey>>, StoreError> {
    let rows = tx.run(|conn| {
        admin_keys::table
            .order(admin_keys::id)
            .select(AdminKeyRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(rows))
}

impl From<&Tagged<AdminKey>> for AdminKeyRow {
    fn from(tagged: &Tagged<AdminKey>) -> Self {
        let key = tagged.unverified();
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            secret_key_id: key.secret.key_id.to_string(),
            secret_mac: key.secret.mac.to_vec(),
            scopes: to_json(&key.scopes),
            created_at: key.created_at.0,
            expires_at: millis(key.expires_at),
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<AdminKeyRow> for Tagged<AdminKey> {
    type Error = StoreError;

    fn try_from(row: AdminKeyRow) -> Result<Self, StoreError> {
        let secret = ClientSecretDigest {
            key_id: parsed(&row.secret_key_id, TABLE, "secret_key_id")?,
            mac: bytes32(&row.secret_mac, TABLE, "secret_mac")?,
            created_at: None,
        };
        let key = AdminKey {
            id: parsed(&row.id, TABLE, "id")?,
            name: row.name,
            secret,
            scopes: from_json(&row.scopes, TABLE, "scopes")?,
            created_at: UnixMillis(row.created_at),
            expires_at: time(row.expires_at),
        };
        tagged(key, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "admin_keys";
