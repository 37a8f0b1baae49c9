//! `authorizations`: consents of people to clients. `withdrawn_at` is not under the tag: withdrawing only narrows.

use diesel::prelude::*;
use vouchsafe_model::{Authorization, AuthorizationId, ClientId, Tagged, UnixMillis, UserId};

use crate::column::WithTime;
use crate::column::{Keyed, from_json, parsed, tagged, time, to_json, value};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        authorizations (id) {
            id -> Text,
            user_id -> Text,
            client_id -> Text,
            scope -> Text,
            granted_at -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
            withdrawn_at -> Nullable<BigInt>,
        }
    }
}
use schema::authorizations;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = authorizations)]
struct AuthorizationRow {
    id: String,
    user_id: String,
    client_id: String,
    scope: String,
    granted_at: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for AuthorizationRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts the authorization, or renews the one of the same id: then it is no longer withdrawn. A second one for the
/// same user and client is a [`StoreError::Conflict`].
pub fn put(tx: &mut Tx<'_>, authorization: &Tagged<Authorization>) -> Result<(), StoreError> {
    let row = AuthorizationRow::from(authorization);
    let updated = tx.run(|conn| {
        diesel::update(authorizations::table.find(&row.id))
            .set((&row, authorizations::withdrawn_at.eq(None::<i64>)))
            .execute(conn)
    })?;
    if updated == 0 {
        tx.run(|conn| {
            diesel::insert_into(authorizations::table)
                .values(&row)
                .execute(conn)
        })?;
    }
    Ok(())
}

/// The user's authorization for the client, and when it was withdrawn.
pub fn of_user_client(
    tx: &mut Tx<'_>,
    user: &UserId,
    client: &ClientId,
) -> Result<Option<WithTime<Authorization>>, StoreError> {
    let row = tx.run(|conn| {
        authorizations::table
            .filter(authorizations::user_id.eq(user.as_str()))
            .filter(authorizations::client_id.eq(client.as_str()))
            .select((AuthorizationRow::as_select(), authorizations::withdrawn_at))
            .first(conn)
            .optional()
    })?;
    row.map(with_withdrawal).transpose()
}

/// The authorization of this id, and when it was withdrawn.
pub fn by_id(tx: &mut Tx<'_>, id: &AuthorizationId) -> Result<Option<WithTime<Authorization>>, StoreError> {
    let row = tx.run(|conn| {
        authorizations::table
            .find(id.as_str())
            .select((AuthorizationRow::as_select(), authorizations::withdrawn_at))
            .first(conn)
            .optional()
    })?;
    row.map(with_withdrawal).transpose()
}

/// All authorizations of a user, withdrawn ones too.
pub fn of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Vec<WithTime<Authorization>>, StoreError> {
    let rows: Vec<(AuthorizationRow, Option<i64>)> = tx.run(|conn| {
        authorizations::table
            .filter(authorizations::user_id.eq(user.as_str()))
            .order(authorizations::id)
            .select((AuthorizationRow::as_select(), authorizations::withdrawn_at))
            .load(conn)
    })?;
    rows.into_iter().map(with_withdrawal).collect()
}

/// Withdraws an authorization; whether it stood.
pub fn withdraw(tx: &mut Tx<'_>, id: &AuthorizationId, at: UnixMillis) -> Result<bool, StoreError> {
    let standing = authorizations::table
        .filter(authorizations::id.eq(id.as_str()))
        .filter(authorizations::withdrawn_at.is_null());
    let withdrawn = tx.run(|conn| {
        diesel::update(standing)
            .set(authorizations::withdrawn_at.eq(Some(at.0)))
            .execute(conn)
    })?;
    Ok(withdrawn > 0)
}

fn with_withdrawal(
    (row, withdrawn_at): (AuthorizationRow, Option<i64>),
) -> Result<WithTime<Authorization>, StoreError> {
    Ok((value(row)?, time(withdrawn_at)))
}

impl From<&Tagged<Authorization>> for AuthorizationRow {
    fn from(tagged: &Tagged<Authorization>) -> Self {
        let authorization = tagged.unverified();
        Self {
            id: authorization.id.to_string(),
            user_id: authorization.user_id.to_string(),
            client_id: authorization.client_id.to_string(),
            scope: to_json(&authorization.scope),
            granted_at: authorization.granted_at.0,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<AuthorizationRow> for Tagged<Authorization> {
    type Error = StoreError;

    fn try_from(row: AuthorizationRow) -> Result<Self, StoreError> {
        let authorization = Authorization {
            id: parsed(&row.id, TABLE, "id")?,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            client_id: parsed(&row.client_id, TABLE, "client_id")?,
            scope: from_json(&row.scope, TABLE, "scope")?,
            granted_at: UnixMillis(row.granted_at),
        };
        tagged(authorization, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "authorizations";
