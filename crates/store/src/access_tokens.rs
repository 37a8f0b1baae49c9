//! `access_tokens`: upstream access tokens, one per grant, audience and scope set.

use diesel::prelude::*;
use vouchsafe_model::{AccessToken, ConnectionId, Sealed, UnixMillis, UpstreamGrantId};

use crate::column::{Each, Keyed, all, each_row, from_json, millis, one, parsed, time, to_json};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        access_tokens (id) {
            id -> Text,
            upstream_grant_id -> Text,
            connection_id -> Text,
            audience -> Text,
            scope_key -> Text,
            scope -> Text,
            token -> Binary,
            data_key_id -> Text,
            version -> BigInt,
            expires_at -> Nullable<BigInt>,
            issued_at -> BigInt,
        }
    }
}
use schema::access_tokens;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = access_tokens, treat_none_as_default_value = false, treat_none_as_null = true)]
struct AccessTokenRow {
    id: String,
    upstream_grant_id: String,
    connection_id: String,
    audience: String,
    scope_key: String,
    scope: String,
    token: Vec<u8>,
    data_key_id: String,
    version: i64,
    expires_at: Option<i64>,
    issued_at: i64,
}

impl Keyed for AccessTokenRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts the token, or replaces the one of the same grant, audience and scope set, its id too.
pub fn put(tx: &mut Tx<'_>, token: &AccessToken) -> Result<(), StoreError> {
    let row = AccessTokenRow::from(token);
    let same = access_tokens::table
        .filter(access_tokens::upstream_grant_id.eq(&row.upstream_grant_id))
        .filter(access_tokens::audience.eq(&row.audience))
        .filter(access_tokens::scope_key.eq(&row.scope_key));
    let updated = tx.run(|conn| {
        diesel::update(same)
            .set((access_tokens::id.eq(&row.id), &row))
            .execute(conn)
    })?;
    if updated == 0 {
        tx.run(|conn| {
            diesel::insert_into(access_tokens::table)
                .values(&row)
                .execute(conn)
        })?;
    }
    Ok(())
}

/// The token of a grant for an audience and a scope set.
pub fn find(
    tx: &mut Tx<'_>,
    grant: &UpstreamGrantId,
    audience: &str,
    scope_key: &str,
) -> Result<Option<AccessToken>, StoreError> {
    let row = tx.run(|conn| {
        access_tokens::table
            .filter(access_tokens::upstream_grant_id.eq(grant.as_str()))
            .filter(access_tokens::audience.eq(audience))
            .filter(access_tokens::scope_key.eq(scope_key))
            .select(AccessTokenRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Every token there is.
pub fn each(tx: &mut Tx<'_>) -> Result<Each<AccessToken>, StoreError> {
    let rows = tx.run(|conn| {
        access_tokens::table
            .order(access_tokens::id)
            .select(AccessTokenRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(rows))
}

/// All tokens of a connection.
pub fn of_connection(tx: &mut Tx<'_>, connection: &ConnectionId) -> Result<Vec<AccessToken>, StoreError> {
    let rows = tx.run(|conn| {
        access_tokens::table
            .filter(access_tokens::connection_id.eq(connection.as_str()))
            .order(access_tokens::id)
            .select(AccessTokenRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// Deletes the tokens of a grant; how many.
pub fn delete_of_grant(tx: &mut Tx<'_>, grant: &UpstreamGrantId) -> Result<usize, StoreError> {
    let tokens = access_tokens::table.filter(access_tokens::upstream_grant_id.eq(grant.as_str()));
    tx.run(|conn| diesel::delete(tokens).execute(conn))
}

/// Deletes the tokens of a connection; how many.
pub fn delete_of_connection(tx: &mut Tx<'_>, connection: &ConnectionId) -> Result<usize, StoreError> {
    let tokens = access_tokens::table.filter(access_tokens::connection_id.eq(connection.as_str()));
    tx.run(|conn| diesel::delete(tokens).execute(conn))
}

/// Whether there is any.
pub(crate) fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let row = tx.run(|conn| {
        access_tokens::table
            .select(access_tokens::id)
            .first::<String>(conn)
            .optional()
    })?;
    Ok(row.is_some())
}

/// Which of these data keys have sealed a token.
pub(crate) fn data_keys_in_use(tx: &mut Tx<'_>, keys: &[String]) -> Result<Vec<String>, StoreError> {
    let sealed = access_tokens::table.filter(access_tokens::data_key_id.eq_any(keys));
    tx.run(|conn| sealed.select(access_tokens::data_key_id).load(conn))
}

impl From<&AccessToken> for AccessTokenRow {
    fn from(token: &AccessToken) -> Self {
        Self {
            id: token.id.to_string(),
            upstream_grant_id: token.upstream_grant_id.to_string(),
            connection_id: token.connection_id.to_string(),
            audience: token.audience.clone(),
            scope_key: token.scope_key.clone(),
            scope: to_json(&token.scope),
            token: token.token.as_bytes().to_vec(),
            data_key_id: token.data_key_id.to_string(),
            version: token.version,
            expires_at: millis(token.expires_at),
            issued_at: token.issued_at.0,
        }
    }
}

impl TryFrom<AccessTokenRow> for AccessToken {
    type Error = StoreError;

    fn try_from(row: AccessTokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            upstream_grant_id: parsed(&row.upstream_grant_id, TABLE, "upstream_grant_id")?,
            connection_id: parsed(&row.connection_id, TABLE, "connection_id")?,
            audience: row.audience,
            scope_key: row.scope_key,
            scope: from_json(&row.scope, TABLE, "scope")?,
            token: Sealed::from_bytes(row.token),
            data_key_id: parsed(&row.data_key_id, TABLE, "data_key_id")?,
            version: row.version,
            expires_at: time(row.expires_at),
            issued_at: UnixMillis(row.issued_at),
        })
    }
}

const TABLE: &str = "access_tokens";
