//! `upstream_revocation_secrets`: what waits to be revoked upstream, sealed as it was. Reached through
//! [`crate::upstream_revocations`].

use diesel::prelude::*;
use vouchsafe_model::{HostsDigest, RevocationId, RevocationSecret};

use crate::column::{Keyed, all, bytes32, millis, parsed, time};
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        upstream_revocation_secrets (revocation_id, origin_table, origin_column, origin_row) {
            revocation_id -> Text,
            kind -> Text,
            part -> Text,
            origin_table -> Text,
            origin_column -> Text,
            origin_row -> Text,
            version -> BigInt,
            hosts -> Binary,
            sealed -> Binary,
            data_key_id -> Text,
            expires_at -> Nullable<BigInt>,
        }
    }
}
use schema::upstream_revocation_secrets as secrets;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = secrets, treat_none_as_default_value = false)]
struct RevocationSecretRow {
    revocation_id: String,
    kind: String,
    part: String,
    origin_table: String,
    origin_column: String,
    origin_row: String,
    version: i64,
    hosts: Vec<u8>,
    sealed: Vec<u8>,
    data_key_id: String,
    expires_at: Option<i64>,
}

impl Keyed for RevocationSecretRow {
    fn key(&self) -> &str {
        &self.revocation_id
    }
}

pub(crate) fn insert(tx: &mut Tx<'_>, secret: &RevocationSecret) -> Result<(), StoreError> {
    let row = RevocationSecretRow::from(secret);
    tx.run(|conn| diesel::insert_into(secrets::table).values(&row).execute(conn))?;
    Ok(())
}

pub(crate) fn of_revocation(
    tx: &mut Tx<'_>,
    revocation: &RevocationId,
) -> Result<Vec<RevocationSecret>, StoreError> {
    let rows = tx.run(|conn| {
        secrets::table
            .filter(secrets::revocation_id.eq(revocation.as_str()))
            .order((secrets::origin_table, secrets::origin_row, secrets::origin_column))
            .select(RevocationSecretRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

pub(crate) fn delete(
    tx: &mut Tx<'_>,
    revocation: &RevocationId,
    origin_row: &str,
) -> Result<bool, StoreError> {
    let secret = secrets::table
        .filter(secrets::revocation_id.eq(revocation.as_str()))
        .filter(secrets::origin_row.eq(origin_row));
    let deleted = tx.run(|conn| diesel::delete(secret).execute(conn))?;
    Ok(deleted > 0)
}

pub(crate) fn delete_of_revocation(tx: &mut Tx<'_>, revocation: &RevocationId) -> Result<(), StoreError> {
    let all = secrets::table.filter(secrets::revocation_id.eq(revocation.as_str()));
    tx.run(|conn| diesel::delete(all).execute(conn))?;
    Ok(())
}

/// Whether there is any.
pub(crate) fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let row = tx.run(|conn| {
        secrets::table
            .select(secrets::revocation_id)
            .first::<String>(conn)
            .optional()
    })?;
    Ok(row.is_some())
}

/// Which of these data keys have sealed a secret that still waits.
pub(crate) fn data_keys_in_use(tx: &mut Tx<'_>, keys: &[String]) -> Result<Vec<String>, StoreError> {
    let sealed = secrets::table.filter(secrets::data_key_id.eq_any(keys));
    tx.run(|conn| sealed.select(secrets::data_key_id).load(conn))
}

impl From<&RevocationSecret> for RevocationSecretRow {
    fn from(secret: &RevocationSecret) -> Self {
        Self {
            revocation_id: secret.revocation_id.to_string(),
            kind: secret.kind.clone(),
            part: secret.part.clone(),
            origin_table: secret.origin_table.clone(),
            origin_column: secret.origin_column.clone(),
            origin_row: secret.origin_row.clone(),
            version: secret.version,
            hosts: secret.hosts.as_bytes().to_vec(),
            sealed: secret.sealed.clone(),
            data_key_id: secret.data_key_id.clone(),
            expires_at: millis(secret.expires_at),
        }
    }
}

impl TryFrom<RevocationSecretRow> for RevocationSecret {
    type Error = StoreError;

    fn try_from(row: RevocationSecretRow) -> Result<Self, StoreError> {
        Ok(Self {
            revocation_id: parsed(&row.revocation_id, TABLE, "revocation_id")?,
            kind: row.kind,
            part: row.part,
            origin_table: row.origin_table,
            origin_column: row.origin_column,
            origin_row: row.origin_row,
            version: row.version,
            hosts: HostsDigest::from_bytes(bytes32(&row.hosts, TABLE, "hosts")?),
            sealed: row.sealed,
            data_key_id: row.data_key_id,
            expires_at: time(row.expires_at),
        })
    }
}

const TABLE: &str = "upstream_revocation_secrets";
