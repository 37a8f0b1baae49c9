//! `providers`: where people connect accounts.

use diesel::prelude::*;
use vouchsafe_model::{HostsDigest, Provider, ProviderId, Sealed, Tagged, UnixMillis};

use crate::column::{Each, Keyed, all as all_rows, bytes32, each_row, one, parsed, readable, tagged, value};
use crate::error::StoreError;
use crate::page::Page;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        providers (id) {
            id -> Text,
            entry -> Text,
            client_id -> Text,
            client_secret -> Nullable<Binary>,
            hosts -> Binary,
            version -> BigInt,
            enabled -> Bool,
            managed_by -> Text,
            updated_at -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
        }
    }
}
use schema::providers;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = providers, treat_none_as_default_value = false, treat_none_as_null = true)]
struct ProviderRow {
    id: String,
    entry: String,
    client_id: String,
    client_secret: Option<Vec<u8>>,
    hosts: Vec<u8>,
    version: i64,
    enabled: bool,
    managed_by: String,
    updated_at: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for ProviderRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts the provider, or replaces the one of the same id.
pub fn put(tx: &mut Tx<'_>, provider: &Tagged<Provider>) -> Result<(), StoreError> {
    let row = ProviderRow::from(provider);
    let updated = tx.run(|conn| {
        diesel::update(providers::table.find(&row.id))
            .set(&row)
            .execute(conn)
    })?;
    if updated == 0 {
        tx.run(|conn| diesel::insert_into(providers::table).values(&row).execute(conn))?;
    }
    Ok(())
}

/// Inserts a provider of which none was there to be held; one that came meanwhile is a [`StoreError::Conflict`].
pub fn insert(tx: &mut Tx<'_>, provider: &Tagged<Provider>) -> Result<(), StoreError> {
    let row = ProviderRow::from(provider);
    tx.run(|conn| diesel::insert_into(providers::table).values(&row).execute(conn))?;
    Ok(())
}

/// The provider of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &ProviderId) -> Result<Option<Tagged<Provider>>, StoreError> {
    let row = tx.run(|conn| {
        providers::table
            .find(id.as_str())
            .select(ProviderRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Holds the row until the end of the transaction: who changes it meanwhile waits. `false` when there is none.
pub fn hold(tx: &mut Tx<'_>, id: &ProviderId) -> Result<bool, StoreError> {
    let row = providers::table.find(id.as_str());
    let held = tx.run(|conn| {
        diesel::update(row)
            .set(providers::id.eq(providers::id))
            .execute(conn)
    })?;
    Ok(held > 0)
}

/// Up to `limit` providers in order of id, beginning behind `after`.
pub fn page(
    tx: &mut Tx<'_>,
    after: Option<&ProviderId>,
    limit: i64,
) -> Result<Page<Tagged<Provider>>, StoreError> {
    let after = after.map_or("", ProviderId::as_str);
    let rows = tx.run(|conn| {
        providers::table
            .filter(providers::id.gt(after))
            .order(providers::id)
            .limit(limit + 1)
            .select(ProviderRow::as_select())
            .load(conn)
    })?;
    Ok(Page::read(rows, limit, value::<ProviderRow, _>))
}

/// All providers, in order of id.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Tagged<Provider>>, StoreError> {
    all_rows(every(tx)?)
}

/// All that can be read, in order of id: for the pages of people, who have nothing to do with a damaged one.
pub fn all_readable(tx: &mut Tx<'_>) -> Result<Vec<Tagged<Provider>>, StoreError> {
    Ok(readable(every(tx)?))
}

/// Whether any of them holds a sealed secret.
pub(crate) fn any_sealed(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let sealed = providers::table.filter(providers::client_secret.is_not_null());
    let row = tx.run(|conn| sealed.select(providers::id).first::<String>(conn).optional())?;
    Ok(row.is_some())
}

/// Every row in order of id, whatever it is.
pub fn each(tx: &mut Tx<'_>) -> Result<Each<Tagged<Provider>>, StoreError> {
    Ok(each_row(every(tx)?))
}

fn every(tx: &mut Tx<'_>) -> Result<Vec<ProviderRow>, StoreError> {
    tx.run(|conn| {
        providers::table
            .order(providers::id)
            .select(ProviderRow::as_select())
            .load(conn)
    })
}

impl From<&Tagged<Provider>> for ProviderRow {
    fn from(tagged: &Tagged<Provider>) -> Self {
        let provider = tagged.unverified();
        Self {
            id: provider.id.to_string(),
            entry: provider.entry.clone(),
            client_id: provider.client_id.clone(),
            client_secret: provider
                .client_secret
                .as_ref()
                .map(|sealed| sealed.as_bytes().to_vec()),
            hosts: provider.hosts.as_bytes().to_vec(),
            version: provider.version,
            enabled: provider.enabled,
            managed_by: provider.managed_by.to_string(),
            updated_at: provider.updated_at.0,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<ProviderRow> for Tagged<Provider> {
    type Error = StoreError;

    fn try_from(row: ProviderRow) -> Result<Self, StoreError> {
        let provider = Provider {
            id: parsed(&row.id, TABLE, "id")?,
            entry: row.entry,
            client_id: row.client_id,
            client_secret: row.client_secret.map(Sealed::from_bytes),
            hosts: HostsDigest::from_bytes(bytes32(&row.hosts, TABLE, "hosts")?),
            version: row.version,
            enabled: row.enabled,
            managed_by: parsed(&row.managed_by, TABLE, "managed_by")?,
            updated_at: UnixMillis(row.updated_at),
        };
        tagged(provider, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "providers";
