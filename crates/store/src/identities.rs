//! `identities`: how issuers know people.

use diesel::prelude::*;
use vouchsafe_model::{Identity, Tagged, UnixMillis, UserId};

use crate::column::{Each, Keyed, all, each_row, one, parsed, tagged};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        identities (issuer, subject) {
            issuer -> Text,
            subject -> Text,
            user_id -> Text,
            created_at -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
        }
    }
}
use schema::identities;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = identities)]
struct IdentityRow {
    issuer: String,
    subject: String,
    user_id: String,
    created_at: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for IdentityRow {
    fn key(&self) -> &str {
        &self.user_id
    }
}

/// Inserts an identity. One `(iss, sub)` belongs to one user for ever: another is a [`StoreError::Conflict`].
pub fn insert(tx: &mut Tx<'_>, identity: &Tagged<Identity>) -> Result<(), StoreError> {
    let row = IdentityRow::from(identity);
    tx.run(|conn| diesel::insert_into(identities::table).values(&row).execute(conn))?;
    Ok(())
}

/// Who `subject` is at `issuer`; both compared byte for byte.
pub fn by_issuer_subject(
    tx: &mut Tx<'_>,
    issuer: &str,
    subject: &str,
) -> Result<Option<Tagged<Identity>>, StoreError> {
    let row = tx.run(|conn| {
        identities::table
            .find((issuer, subject))
            .select(IdentityRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// All identities of a user.
pub fn of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Vec<Tagged<Identity>>, StoreError> {
    let rows = tx.run(|conn| {
        identities::table
            .filter(identities::user_id.eq(user.as_str()))
            .order((identities::issuer, identities::subject))
            .select(IdentityRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// The same, each row by itself.
pub fn each_of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Each<Tagged<Identity>>, StoreError> {
    let rows = tx.run(|conn| {
        identities::table
            .filter(identities::user_id.eq(user.as_str()))
            .order((identities::issuer, identities::subject))
            .select(IdentityRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(rows))
}

/// Deletes every identity of a user, damaged ones too.
pub fn delete_of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<(), StoreError> {
    let theirs = identities::table.filter(identities::user_id.eq(user.as_str()));
    tx.run(|conn| diesel::delete(theirs).execute(conn))?;
    Ok(())
}

impl From<&Tagged<Identity>> for IdentityRow {
    fn from(tagged: &Tagged<Identity>) -> Self {
        let identity = tagged.unverified();
        Self {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            user_id: identity.user_id.to_string(),
            created_at: identity.created_at.0,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<IdentityRow> for Tagged<Identity> {
    type Error = StoreError;

    fn try_from(row: IdentityRow) -> Result<Self, StoreError> {
        let identity = Identity {
            issuer: row.issuer,
            subject: row.subject,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            created_at: UnixMillis(row.created_at),
        };
        tagged(identity, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "identities";
