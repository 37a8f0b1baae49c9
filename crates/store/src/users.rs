//! `users`: people.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::result::Error;
use vouchsafe_model::{Tagged, UnixMillis, User, UserId};

use crate::column::{EachByKey, Keyed, each_row, millis, one, parsed, readable, tagged, time, value};
use crate::error::StoreError;
use crate::page::Page;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        users (id) {
            id -> Text,
            username -> Text,
            pseudonym -> Text,
            status -> Text,
            managed_by -> Text,
            credentials_reset_at -> Nullable<BigInt>,
            created_at -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
        }
    }
}
use schema::users;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, treat_none_as_default_value = false, treat_none_as_null = true)]
struct UserRow {
    id: String,
    username: String,
    pseudonym: String,
    status: String,
    managed_by: String,
    credentials_reset_at: Option<i64>,
    created_at: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for UserRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts the user, or replaces the one of the same id.
pub fn put(tx: &mut Tx<'_>, user: &Tagged<User>) -> Result<(), StoreError> {
    let row = UserRow::from(user);
    let updated = tx.run(|conn| diesel::update(users::table.find(&row.id)).set(&row).execute(conn))?;
    if updated == 0 {
        tx.run(|conn| diesel::insert_into(users::table).values(&row).execute(conn))?;
    }
    Ok(())
}

/// The user of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &UserId) -> Result<Option<Tagged<User>>, StoreError> {
    let row = tx.run(|conn| {
        users::table
            .find(id.as_str())
            .select(UserRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// How the record names this user; `None` when there is none, or when not even that can be read. Whatever else of the row
/// is damaged: who revokes needs no more of it.
pub fn pseudonym(tx: &mut Tx<'_>, id: &UserId) -> Result<Option<String>, StoreError> {
    let row = users::table.find(id.as_str()).select(users::pseudonym);
    tx.run(|conn| match row.first(conn).optional() {
        // What was read is at fault, not the statement: the transaction goes on.
        Err(Error::DeserializationError(_)) => Ok(None),
        read => read,
    })
}

/// Holds the row until the end of the transaction: who changes it meanwhile waits, or is seen. `false` when it is gone.
pub fn hold(tx: &mut Tx<'_>, id: &UserId) -> Result<bool, StoreError> {
    let row = users::table.find(id.as_str());
    let held = tx.run(|conn| diesel::update(row).set(users::id.eq(users::id)).execute(conn))?;
    Ok(held > 0)
}

/// The user who signs in by this name.
pub fn by_username(tx: &mut Tx<'_>, username: &str) -> Result<Option<Tagged<User>>, StoreError> {
    let row = tx.run(|conn| {
        users::table
            .filter(users::username.eq(username))
            .select(UserRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Those of these ids that can be read, in no order.
pub fn by_ids(tx: &mut Tx<'_>, ids: &BTreeSet<UserId>) -> Result<Vec<Tagged<User>>, StoreError> {
    let rows = tx.run(|conn| {
        users::table
            .filter(users::id.eq_any(ids.iter().map(UserId::as_str)))
            .select(UserRow::as_select())
            .load(conn)
    })?;
    Ok(readable(rows))
}

/// Up to `limit` users in order of id, beginning behind `after`.
pub fn page(tx: &mut Tx<'_>, after: Option<&UserId>, limit: i64) -> Result<Page<Tagged<User>>, StoreError> {
    let after = after.map_or("", UserId::as_str);
    let rows = tx.run(|conn| {
        users::table
            .filter(users::id.gt(after))
            .order(users::id)
            .limit(limit + 1)
            .select(UserRow::as_select())
            .load(conn)
    })?;
    Ok(Page::read(rows, limit, value::<UserRow, _>))
}

/// The page of the one user who signs in by this name.
pub fn page_of_username(tx: &mut Tx<'_>, username: &str) -> Result<Page<Tagged<User>>, StoreError> {
    let rows = tx.run(|conn| {
        users::table
            .filter(users::username.eq(username))
            .select(UserRow::as_select())
            .load(conn)
    })?;
    Ok(Page::read(rows, 1, value::<UserRow, _>))
}

/// Up to `limit` users in order of id, beginning behind `after`: every row by its id, whatever it is.
pub fn each_after(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<EachByKey<Tagged<User>>, StoreError> {
    let rows = tx.run(|conn| {
        users::table
            .filter(users::id.gt(after))
            .order(users::id)
            .limit(limit)
            .select(UserRow::as_select())
            .load(conn)
    })?;
    let ids: Vec<String> = rows.iter().map(|row: &UserRow| row.id.clone()).collect();
    Ok(ids.into_iter().zip(each_row(rows)).collect())
}

impl From<&Tagged<User>> for UserRow {
    fn from(tagged: &Tagged<User>) -> Self {
        let user = tagged.unverified();
        Self {
            id: user.id.to_string(),
            username: user.username.clone(),
            pseudonym: user.pseudonym.clone(),
            status: user.status.to_string(),
            managed_by: user.managed_by.to_string(),
            credentials_reset_at: millis(user.credentials_reset_at),
            created_at: user.created_at.0,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<UserRow> for Tagged<User> {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let user = User {
            id: parsed(&row.id, TABLE, "id")?,
            username: row.username,
            pseudonym: row.pseudonym,
            status: parsed(&row.status, TABLE, "status")?,
            managed_by: parsed(&row.managed_by, TABLE, "managed_by")?,
            credentials_reset_at: time(row.credentials_reset_at),
            created_at: UnixMillis(row.created_at),
        };
        tagged(user, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "users";
