//! `upstream_revocations`: what is to be revoked at providers, with the secrets that this needs.

use diesel::prelude::*;
use vouchsafe_model::{
    ConnectionId, ConnectionState, RevocationId, RevocationSecret, UnixMillis, UpstreamRevocation,
};

use crate::column::{Keyed, all, millis, one, parsed, time};
use crate::error::StoreError;
use crate::transaction::Tx;
use crate::{connections, data_keys, upstream_revocation_secrets};

mod schema {
    diesel::table! {
        upstream_revocations (id) {
            id -> Text,
            connection_id -> Text,
            user_id -> Text,
            provider_id -> Text,
            state -> Text,
            reason -> Nullable<Text>,
            attempts -> Integer,
            deadline_at -> BigInt,
            created_at -> BigInt,
            forgotten_at -> Nullable<BigInt>,
        }
    }
}
use schema::upstream_revocations;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = upstream_revocations, treat_none_as_default_value = false, treat_none_as_null = true)]
struct UpstreamRevocationRow {
    id: String,
    connection_id: String,
    user_id: String,
    provider_id: String,
    state: String,
    reason: Option<String>,
    attempts: i32,
    deadline_at: i64,
    created_at: i64,
    forgotten_at: Option<i64>,
}

impl Keyed for UpstreamRevocationRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts a revocation with the secrets it needs.
pub fn insert(
    tx: &mut Tx<'_>,
    revocation: &UpstreamRevocation,
    secrets: &[RevocationSecret],
) -> Result<(), StoreError> {
    let row = UpstreamRevocationRow::from(revocation);
    tx.run(|conn| {
        diesel::insert_into(upstream_revocations::table)
            .values(&row)
            .execute(conn)
    })?;
    secrets
        .iter()
        .try_for_each(|secret| upstream_revocation_secrets::insert(tx, secret))
}

/// The revocation of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &RevocationId) -> Result<Option<UpstreamRevocation>, StoreError> {
    let row = tx.run(|conn| {
        upstream_revocations::table
            .find(id.as_str())
            .select(UpstreamRevocationRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// The revocations of a connection, oldest first.
pub fn of_connection(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
) -> Result<Vec<UpstreamRevocation>, StoreError> {
    let rows = tx.run(|conn| {
        upstream_revocations::table
            .filter(upstream_revocations::connection_id.eq(connection.as_str()))
            .order(upstream_revocations::id)
            .select(UpstreamRevocationRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// Everything that is not yet forgotten, oldest first.
pub fn pending(tx: &mut Tx<'_>) -> Result<Vec<UpstreamRevocation>, StoreError> {
    let rows = tx.run(|conn| {
        upstream_revocations::table
            .filter(upstream_revocations::forgotten_at.is_null())
            .order(upstream_revocations::id)
            .select(UpstreamRevocationRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// The secrets that still wait.
pub fn secrets(tx: &mut Tx<'_>, id: &RevocationId) -> Result<Vec<RevocationSecret>, StoreError> {
    upstream_revocation_secrets::of_revocation(tx, id)
}

/// Replaces the revocation; whether there was one.
pub fn update(tx: &mut Tx<'_>, revocation: &UpstreamRevocation) -> Result<bool, StoreError> {
    let row = UpstreamRevocationRow::from(revocation);
    let updated = tx.run(|conn| {
        diesel::update(upstream_revocations::table.find(&row.id))
            .set(&row)
            .execute(conn)
    })?;
    Ok(updated > 0)
}

/// Deletes the secrets that came from one row; whether there were any.
pub fn delete_secret(tx: &mut Tx<'_>, id: &RevocationId, origin_row: &str) -> Result<bool, StoreError> {
    upstream_revocation_secrets::delete(tx, id, origin_row)
}

/// Destroys what is left of the secrets, and the data keys that sealed them unless they seal something else, and notes
/// when; whether there is such a revocation.
pub fn forget(tx: &mut Tx<'_>, id: &RevocationId, at: UnixMillis) -> Result<bool, StoreError> {
    let Some(revocation) = by_id(tx, id)? else {
        return Ok(false);
    };
    let mut keys: Vec<String> = upstream_revocation_secrets::of_revocation(tx, id)?
        .into_iter()
        .map(|secret| secret.data_key_id)
        .collect();
    // Secrets that were deleted one by one name their key no more; a revoked connection needs none of its keys.
    let connection = connections::by_id(tx, &revocation.connection_id)?;
    if connection.is_none_or(|connection| matches!(connection.state, ConnectionState::Revoked { .. })) {
        let of_connection = data_keys::of_connection(tx, &revocation.connection_id)?;
        keys.extend(of_connection.into_iter().map(|key| key.id.to_string()));
    }
    upstream_revocation_secrets::delete_of_revocation(tx, id)?;
    data_keys::delete_unused_of(tx, keys)?;
    let row = upstream_revocations::table.find(id.as_str());
    let forgotten = upstream_revocations::forgotten_at.eq(Some(at.0));
    tx.run(|conn| diesel::update(row).set(forgotten).execute(conn))?;
    Ok(true)
}

impl From<&UpstreamRevocation> for UpstreamRevocationRow {
    fn from(revocation: &UpstreamRevocation) -> Self {
        Self {
            id: revocation.id.to_string(),
            connection_id: revocation.connection_id.to_string(),
            user_id: revocation.user_id.to_string(),
            provider_id: revocation.provider_id.to_string(),
            state: revocation.state.to_string(),
            reason: revocation.reason.clone(),
            attempts: revocation.attempts,
            deadline_at: revocation.deadline_at.0,
            created_at: revocation.created_at.0,
            forgotten_at: millis(revocation.forgotten_at),
        }
    }
}

impl TryFrom<UpstreamRevocationRow> for UpstreamRevocation {
    type Error = StoreError;

    fn try_from(row: UpstreamRevocationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            connection_id: parsed(&row.connection_id, TABLE, "connection_id")?,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            provider_id: parsed(&row.provider_id, TABLE, "provider_id")?,
            state: parsed(&row.state, TABLE, "state")?,
            reason: row.reason,
            attempts: row.attempts,
            deadline_at: UnixMillis(row.deadline_at),
            created_at: UnixMillis(row.created_at),
            forgotten_at: time(row.forgotten_at),
        })
    }
}

const TABLE: &str = "upstream_revocations";
