//! `upstream_grants`: refresh chains of connections. The lease is beside the version: holding it changes nothing.

use diesel::prelude::*;
use vouchsafe_model::{ConnectionId, Sealed, UnixMillis, UpstreamGrant, UpstreamGrantId};

use crate::access_tokens;
use crate::column::{Each, Keyed, all, each_row, from_json, millis, one, parsed, time, to_json};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        upstream_grants (id) {
            id -> Text,
            connection_id -> Text,
            part -> Text,
            scope -> Text,
            refresh_token -> Nullable<Binary>,
            data_key_id -> Text,
            version -> BigInt,
            refresh_expires_at -> Nullable<BigInt>,
            lease_owner -> Nullable<Text>,
            lease_until -> Nullable<BigInt>,
            outcome_unknown_since -> Nullable<BigInt>,
            updated_at -> BigInt,
        }
    }
}
use schema::upstream_grants;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = upstream_grants, treat_none_as_default_value = false, treat_none_as_null = true)]
struct UpstreamGrantRow {
    id: String,
    connection_id: String,
    part: String,
    scope: String,
    refresh_token: Option<Vec<u8>>,
    data_key_id: String,
    version: i64,
    refresh_expires_at: Option<i64>,
    lease_owner: Option<String>,
    lease_until: Option<i64>,
    outcome_unknown_since: Option<i64>,
    updated_at: i64,
}

impl Keyed for UpstreamGrantRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts a grant.
pub fn insert(tx: &mut Tx<'_>, grant: &UpstreamGrant) -> Result<(), StoreError> {
    let row = UpstreamGrantRow::from(grant);
    tx.run(|conn| {
        diesel::insert_into(upstream_grants::table)
            .values(&row)
            .execute(conn)
    })?;
    Ok(())
}

/// The grant of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &UpstreamGrantId) -> Result<Option<UpstreamGrant>, StoreError> {
    let row = tx.run(|conn| {
        upstream_grants::table
            .find(id.as_str())
            .select(UpstreamGrantRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// The grants of a connection, oldest first.
pub fn of_connection(tx: &mut Tx<'_>, connection: &ConnectionId) -> Result<Vec<UpstreamGrant>, StoreError> {
    let rows = tx.run(|conn| {
        upstream_grants::table
            .filter(upstream_grants::connection_id.eq(connection.as_str()))
            .order(upstream_grants::id)
            .select(UpstreamGrantRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// The same, each row by itself.
pub fn each_of_connection(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
) -> Result<Each<UpstreamGrant>, StoreError> {
    let rows = tx.run(|conn| {
        upstream_grants::table
            .filter(upstream_grants::connection_id.eq(connection.as_str()))
            .order(upstream_grants::id)
            .select(UpstreamGrantRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(rows))
}

/// Replaces the grant, its lease too, if its version is still `expected_version`; whether it was. When it was not,
/// somebody else has rotated it, or its connection was revoked.
pub fn rotate(tx: &mut Tx<'_>, grant: &UpstreamGrant, expected_version: i64) -> Result<bool, StoreError> {
    let row = UpstreamGrantRow::from(grant);
    let expected = upstream_grants::table
        .filter(upstream_grants::id.eq(&row.id))
        .filter(upstream_grants::version.eq(expected_version))
        .filter(upstream_grants::connection_id.eq(&row.connection_id));
    let rotated = tx.run(|conn| diesel::update(expected).set(&row).execute(conn))?;
    Ok(rotated > 0)
}

/// Notes since when the outcome of a refresh is unknown, or that it no longer is, if the grant's version is still
/// `version`; whether it was.
pub fn set_outcome_unknown(
    tx: &mut Tx<'_>,
    id: &UpstreamGrantId,
    version: i64,
    since: Option<UnixMillis>,
) -> Result<bool, StoreError> {
    let row = upstream_grants::table
        .find(id.as_str())
        .filter(upstream_grants::version.eq(version));
    let since = upstream_grants::outcome_unknown_since.eq(millis(since));
    let updated = tx.run(|conn| diesel::update(row).set(since).execute(conn))?;
    Ok(updated > 0)
}

/// Takes the lease until `until` if nobody holds it at `now`; whether it was taken. Its holder cannot take it again:
/// two tasks of one owner exclude each other too.
pub fn take_lease(
    tx: &mut Tx<'_>,
    id: &UpstreamGrantId,
    owner: &str,
    until: UnixMillis,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let free = upstream_grants::table
        .filter(upstream_grants::id.eq(id.as_str()))
        .filter(
            upstream_grants::lease_until
                .is_null()
                .or(upstream_grants::lease_until.assume_not_null().le(now.0)),
        );
    let lease = (
        upstream_grants::lease_owner.eq(Some(owner)),
        upstream_grants::lease_until.eq(Some(until.0)),
    );
    let taken = tx.run(|conn| diesel::update(free).set(lease).execute(conn))?;
    Ok(taken > 0)
}

/// Frees every lease, and marks their grants: whoever held one is gone, and with it the provider's answer. Only where
/// nobody else can hold any. How many there were.
pub fn abandon_leases(tx: &mut Tx<'_>, now: UnixMillis) -> Result<usize, StoreError> {
    let held = upstream_grants::table.filter(upstream_grants::lease_until.is_not_null());
    let gone = (
        upstream_grants::lease_owner.eq(None::<String>),
        upstream_grants::lease_until.eq(None::<i64>),
        upstream_grants::outcome_unknown_since.eq(Some(now.0)),
    );
    tx.run(|conn| diesel::update(held).set(gone).execute(conn))
}

/// Gives the lease back; whether `owner` still held it.
pub fn release_lease(tx: &mut Tx<'_>, id: &UpstreamGrantId, owner: &str) -> Result<bool, StoreError> {
    let held = upstream_grants::table
        .filter(upstream_grants::id.eq(id.as_str()))
        .filter(upstream_grants::lease_owner.eq(owner));
    let none = (
        upstream_grants::lease_owner.eq(None::<String>),
        upstream_grants::lease_until.eq(None::<i64>),
    );
    let released = tx.run(|conn| diesel::update(held).set(none).execute(conn))?;
    Ok(released > 0)
}

/// Deletes a grant as it was read, its access tokens first; `Conflict` when somebody has changed it since: a refresh
/// may have put another refresh token there, which must not vanish unseen.
pub fn delete(tx: &mut Tx<'_>, read: &UpstreamGrant) -> Result<(), StoreError> {
    access_tokens::delete_of_grant(tx, &read.id)?;
    let row = upstream_grants::table
        .find(read.id.as_str())
        .filter(upstream_grants::version.eq(read.version));
    let deleted = tx.run(|conn| diesel::delete(row).execute(conn))?;
    if deleted == 1 {
        Ok(())
    } else {
        Err(StoreError::Conflict)
    }
}

/// Deletes the grants of a connection; how many. Their access tokens must be gone.
pub fn delete_of_connection(tx: &mut Tx<'_>, connection: &ConnectionId) -> Result<usize, StoreError> {
    let grants = upstream_grants::table.filter(upstream_grants::connection_id.eq(connection.as_str()));
    tx.run(|conn| diesel::delete(grants).execute(conn))
}

/// Whether there is any.
pub(crate) fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let row = tx.run(|conn| {
        upstream_grants::table
            .select(upstream_grants::id)
            .first::<String>(conn)
            .optional()
    })?;
    Ok(row.is_some())
}

/// Which of these data keys have sealed a grant.
pub(crate) fn data_keys_in_use(tx: &mut Tx<'_>, keys: &[String]) -> Result<Vec<String>, StoreError> {
    let sealed = upstream_grants::table.filter(upstream_grants::data_key_id.eq_any(keys));
    tx.run(|conn| sealed.select(upstream_grants::data_key_id).load(conn))
}

impl From<&UpstreamGrant> for UpstreamGrantRow {
    fn from(grant: &UpstreamGrant) -> Self {
        Self {
            id: grant.id.to_string(),
            connection_id: grant.connection_id.to_string(),
            part: grant.part.clone(),
            scope: to_json(&grant.scope),
            refresh_token: grant
                .refresh_token
                .as_ref()
                .map(|sealed| sealed.as_bytes().to_vec()),
            data_key_id: grant.data_key_id.to_string(),
            version: grant.version,
            refresh_expires_at: millis(grant.refresh_expires_at),
            lease_owner: grant.lease_owner.clone(),
            lease_until: millis(grant.lease_until),
            outcome_unknown_since: millis(grant.outcome_unknown_since),
            updated_at: grant.updated_at.0,
        }
    }
}

impl TryFrom<UpstreamGrantRow> for UpstreamGrant {
    type Error = StoreError;

    fn try_from(row: UpstreamGrantRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            connection_id: parsed(&row.connection_id, TABLE, "connection_id")?,
            part: row.part,
            scope: from_json(&row.scope, TABLE, "scope")?,
            refresh_token: row.refresh_token.map(Sealed::from_bytes),
            data_key_id: parsed(&row.data_key_id, TABLE, "data_key_id")?,
            version: row.version,
            refresh_expires_at: time(row.refresh_expires_at),
            lease_owner: row.lease_owner,
            lease_until: time(row.lease_until),
            outcome_unknown_since: time(row.outcome_unknown_since),
            updated_at: UnixMillis(row.updated_at),
        })
    }
}

const TABLE: &str = "upstream_grants";
