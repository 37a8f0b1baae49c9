//! `issued_tokens`: access tokens of ours that are out there.

use diesel::prelude::*;
use diesel::sql_types::Bool;
use vouchsafe_model::{AuthorizationId, CodeId, IssuedToken, SessionId, TokenId, UnixMillis, UserId};

use crate::column::{Keyed, millis, one, parsed, time};
use crate::conn::MultiBackend;
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        issued_tokens (id) {
            id -> Text,
            code_id -> Text,
            authorization_id -> Text,
            session_id -> Text,
            user_id -> Text,
            client_id -> Text,
            issued_at -> BigInt,
            expires_at -> BigInt,
            revoked_at -> Nullable<BigInt>,
        }
    }
}
use schema::issued_tokens;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = issued_tokens, treat_none_as_default_value = false)]
struct IssuedTokenRow {
    id: String,
    code_id: String,
    authorization_id: String,
    session_id: String,
    user_id: String,
    client_id: String,
    issued_at: i64,
    expires_at: i64,
    revoked_at: Option<i64>,
}

impl Keyed for IssuedTokenRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts a token.
pub fn insert(tx: &mut Tx<'_>, token: &IssuedToken) -> Result<(), StoreError> {
    let row = IssuedTokenRow::from(token);
    tx.run(|conn| {
        diesel::insert_into(issued_tokens::table)
            .values(&row)
            .execute(conn)
    })?;
    Ok(())
}

/// The token of this `jti`.
pub fn by_id(tx: &mut Tx<'_>, id: &TokenId) -> Result<Option<IssuedToken>, StoreError> {
    let row = tx.run(|conn| {
        issued_tokens::table
            .find(id.as_str())
            .select(IssuedTokenRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Revokes what came from a code and names it (RFC 6749 section 4.1.2: a code was used twice).
pub fn revoke_of_code(tx: &mut Tx<'_>, code: &CodeId, at: UnixMillis) -> Result<Vec<TokenId>, StoreError> {
    revoke(tx, Box::new(issued_tokens::code_id.eq(code.to_string())), at)
}

/// Revokes what rests on an authorization and names it.
pub fn revoke_of_authorization(
    tx: &mut Tx<'_>,
    authorization: &AuthorizationId,
    at: UnixMillis,
) -> Result<Vec<TokenId>, StoreError> {
    revoke(
        tx,
        Box::new(issued_tokens::authorization_id.eq(authorization.to_string())),
        at,
    )
}

/// Revokes what came from a session and names it.
pub fn revoke_of_session(
    tx: &mut Tx<'_>,
    session: &SessionId,
    at: UnixMillis,
) -> Result<Vec<TokenId>, StoreError> {
    revoke(
        tx,
        Box::new(issued_tokens::session_id.eq(session.to_string())),
        at,
    )
}

/// Revokes everything of a user and names it.
pub fn revoke_of_user(tx: &mut Tx<'_>, user: &UserId, at: UnixMillis) -> Result<Vec<TokenId>, StoreError> {
    revoke(tx, Box::new(issued_tokens::user_id.eq(user.to_string())), at)
}

/// Deletes tokens that expired before `before`; how many.
pub fn purge_expired(tx: &mut Tx<'_>, before: UnixMillis) -> Result<usize, StoreError> {
    let expired = issued_tokens::table.filter(issued_tokens::expires_at.lt(before.0));
    tx.run(|conn| diesel::delete(expired).execute(conn))
}

type Which = Box<dyn BoxableExpression<issued_tokens::table, MultiBackend, SqlType = Bool>>;

fn revoke(tx: &mut Tx<'_>, which: Which, at: UnixMillis) -> Result<Vec<TokenId>, StoreError> {
    let live = issued_tokens::table
        .filter(issued_tokens::revoked_at.is_null())
        .filter(which);
    let revoked = tx.run(|conn| {
        diesel::update(live)
            .set(issued_tokens::revoked_at.eq(Some(at.0)))
            .returning(issued_tokens::id)
            .get_results::<String>(conn)
    })?;
    revoked.iter().map(|id| parsed(id, TABLE, "id")).collect()
}

impl From<&IssuedToken> for IssuedTokenRow {
    fn from(token: &IssuedToken) -> Self {
        Self {
            id: token.id.to_string(),
            code_id: token.code_id.to_string(),
            authorization_id: token.authorization_id.to_string(),
            session_id: token.session_id.to_string(),
            user_id: token.user_id.to_string(),
            client_id: token.client_id.to_string(),
            issued_at: token.issued_at.0,
            expires_at: token.expires_at.0,
            revoked_at: millis(token.revoked_at),
        }
    }
}

impl TryFrom<IssuedTokenRow> for IssuedToken {
    type Error = StoreError;

    fn try_from(row: IssuedTokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            code_id: parsed(&row.code_id, TABLE, "code_id")?,
            authorization_id: parsed(&row.authorization_id, TABLE, "authorization_id")?,
            session_id: parsed(&row.session_id, TABLE, "session_id")?,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            client_id: parsed(&row.client_id, TABLE, "client_id")?,
            issued_at: UnixMillis(row.issued_at),
            expires_at: UnixMillis(row.expires_at),
            revoked_at: time(row.revoked_at),
        })
    }
}

const TABLE: &str = "issued_tokens";
