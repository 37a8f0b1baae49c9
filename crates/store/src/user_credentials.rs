//! `user_credentials`: passwords of people.

use diesel::prelude::*;
use vouchsafe_model::{Credential, Tagged, UnixMillis, UserId};

use crate::column::{Keyed, one, parsed, tagged};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        user_credentials (user_id) {
            user_id -> Text,
            password_hash -> Text,
            updated_at -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
        }
    }
}
use schema::user_credentials;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = user_credentials)]
struct CredentialRow {
    user_id: String,
    password_hash: String,
    updated_at: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for CredentialRow {
    fn key(&self) -> &str {
        &self.user_id
    }
}

/// Inserts the credential, or replaces the user's old one.
pub fn put(tx: &mut Tx<'_>, credential: &Tagged<Credential>) -> Result<(), StoreError> {
    let row = CredentialRow::from(credential);
    let updated = tx.run(|conn| {
        diesel::update(user_credentials::table.find(&row.user_id))
            .set(&row)
            .execute(conn)
    })?;
    if updated == 0 {
        tx.run(|conn| {
            diesel::insert_into(user_credentials::table)
                .values(&row)
                .execute(conn)
        })?;
    }
    Ok(())
}

/// The user's credential.
pub fn of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Option<Tagged<Credential>>, StoreError> {
    let row = tx.run(|conn| {
        user_credentials::table
            .find(user.as_str())
            .select(CredentialRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Deletes the user's credential; whether there was one.
pub fn delete(tx: &mut Tx<'_>, user: &UserId) -> Result<bool, StoreError> {
    let deleted = tx.run(|conn| diesel::delete(user_credentials::table.find(user.as_str())).execute(conn))?;
    Ok(deleted > 0)
}

impl From<&Tagged<Credential>> for CredentialRow {
    fn from(tagged: &Tagged<Credential>) -> Self {
        let credential = tagged.unverified();
        Self {
            user_id: credential.user_id.to_string(),
            password_hash: credential.password_hash.clone(),
            updated_at: credential.updated_at.0,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<CredentialRow> for Tagged<Credential> {
    type Error = StoreError;

    fn try_from(row: CredentialRow) -> Result<Self, StoreError> {
        let credential = Credential {
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            password_hash: row.password_hash,
            updated_at: UnixMillis(row.updated_at),
        };
        tagged(credential, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "user_credentials";
