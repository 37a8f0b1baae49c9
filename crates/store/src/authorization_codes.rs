//! `authorization_codes`: codes on their way. `redeemed_at` is not under the tag: redeeming only uses up.

use diesel::prelude::*;
use vouchsafe_model::{AuthorizationCode, CodeId, Digest, Tagged, UnixMillis};

use crate::column::WithTime;
use crate::column::{Keyed, bytes32, from_json, parsed, tagged, time, to_json, value};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        authorization_codes (id) {
            id -> Text,
            code -> Binary,
            authorization_id -> Text,
            user_id -> Text,
            session_id -> Text,
            authenticated_at -> BigInt,
            client_id -> Text,
            redirect_uri -> Text,
            code_challenge -> Text,
            nonce -> Nullable<Text>,
            resource -> Text,
            scope -> Text,
            change_seq -> BigInt,
            expires_at -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
            redeemed_at -> Nullable<BigInt>,
        }
    }
}
use schema::authorization_codes;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = authorization_codes, treat_none_as_default_value = false)]
struct AuthorizationCodeRow {
    id: String,
    code: Vec<u8>,
    authorization_id: String,
    user_id: String,
    session_id: String,
    authenticated_at: i64,
    client_id: String,
    redirect_uri: String,
    code_challenge: String,
    nonce: Option<String>,
    resource: String,
    scope: String,
    change_seq: i64,
    expires_at: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for AuthorizationCodeRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts a code.
pub fn insert(tx: &mut Tx<'_>, code: &Tagged<AuthorizationCode>) -> Result<(), StoreError> {
    let row = AuthorizationCodeRow::from(code);
    tx.run(|conn| {
        diesel::insert_into(authorization_codes::table)
            .values(&row)
            .execute(conn)
    })?;
    Ok(())
}

/// The code of this digest, and when it was redeemed.
pub fn by_code(
    tx: &mut Tx<'_>,
    code: &Digest<AuthorizationCode>,
) -> Result<Option<WithTime<AuthorizationCode>>, StoreError> {
    let row: Option<(AuthorizationCodeRow, Option<i64>)> = tx.run(|conn| {
        authorization_codes::table
            .filter(authorization_codes::code.eq(code.as_bytes().as_slice()))
            .select((
                AuthorizationCodeRow::as_select(),
                authorization_codes::redeemed_at,
            ))
            .first(conn)
            .optional()
    })?;
    row.map(|(row, redeemed_at)| Ok((value(row)?, time(redeemed_at))))
        .transpose()
}

/// The code of this row, and when it was redeemed.
pub fn by_id(tx: &mut Tx<'_>, id: &CodeId) -> Result<Option<WithTime<AuthorizationCode>>, StoreError> {
    let row: Option<(AuthorizationCodeRow, Option<i64>)> = tx.run(|conn| {
        authorization_codes::table
            .find(id.as_str())
            .select((
                AuthorizationCodeRow::as_select(),
                authorization_codes::redeemed_at,
            ))
            .first(conn)
            .optional()
    })?;
    row.map(|(row, redeemed_at)| Ok((value(row)?, time(redeemed_at))))
        .transpose()
}

/// Marks a code as redeemed: true for exactly one caller (RFC 6749 section 4.1.2).
pub fn redeem(tx: &mut Tx<'_>, id: &CodeId, at: UnixMillis) -> Result<bool, StoreError> {
    let unredeemed = authorization_codes::table
        .filter(authorization_codes::id.eq(id.as_str()))
        .filter(authorization_codes::redeemed_at.is_null());
    let redeemed = tx.run(|conn| {
        diesel::update(unredeemed)
            .set(authorization_codes::redeemed_at.eq(Some(at.0)))
            .execute(conn)
    })?;
    Ok(redeemed == 1)
}

/// Deletes codes that expired before `before`; how many. Leave time for a replay to be noticed.
pub fn purge_expired(tx: &mut Tx<'_>, before: UnixMillis) -> Result<usize, StoreError> {
    let expired = authorization_codes::table.filter(authorization_codes::expires_at.lt(before.0));
    tx.run(|conn| diesel::delete(expired).execute(conn))
}

impl From<&Tagged<AuthorizationCode>> for AuthorizationCodeRow {
    fn from(tagged: &Tagged<AuthorizationCode>) -> Self {
        let code = tagged.unverified();
        Self {
            id: code.id.to_string(),
            code: code.code.as_bytes().to_vec(),
            authorization_id: code.authorization_id.to_string(),
            user_id: code.user_id.to_string(),
            session_id: code.session_id.to_string(),
            authenticated_at: code.authenticated_at.0,
            client_id: code.client_id.to_string(),
            redirect_uri: code.redirect_uri.clone(),
            code_challenge: code.code_challenge.clone(),
            nonce: code.nonce.clone(),
            resource: to_json(&code.resource),
            scope: to_json(&code.scope),
            change_seq: code.change_seq,
            expires_at: code.expires_at.0,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<AuthorizationCodeRow> for Tagged<AuthorizationCode> {
    type Error = StoreError;

    fn try_from(row: AuthorizationCodeRow) -> Result<Self, StoreError> {
        let code = AuthorizationCode {
            id: parsed(&row.id, TABLE, "id")?,
            code: Digest::from_bytes(bytes32(&row.code, TABLE, "code")?),
            authorization_id: parsed(&row.authorization_id, TABLE, "authorization_id")?,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            session_id: parsed(&row.session_id, TABLE, "session_id")?,
            authenticated_at: UnixMillis(row.authenticated_at),
            client_id: parsed(&row.client_id, TABLE, "client_id")?,
            redirect_uri: row.redirect_uri,
            code_challenge: row.code_challenge,
            nonce: row.nonce,
            resource: from_json(&row.resource, TABLE, "resource")?,
            scope: from_json(&row.scope, TABLE, "scope")?,
            change_seq: row.change_seq,
            expires_at: UnixMillis(row.expires_at),
        };
        tagged(code, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "authorization_codes";
