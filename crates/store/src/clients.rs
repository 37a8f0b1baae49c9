//! `clients`: agents and applications.

use diesel::prelude::*;
use vouchsafe_model::{Client, ClientId, Tagged, UnixMillis};

use crate::column::{
    Each, Keyed, all as all_rows, each_row, from_json, one, parsed, readable, tagged, to_json, value,
};
use crate::error::StoreError;
use crate::page::Page;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        clients (id) {
            id -> Text,
            name -> Text,
            auth_method -> Text,
            secrets -> Text,
            redirect_uris -> Text,
            grant_types -> Text,
            scope -> Text,
            accepts_tokens_of -> Text,
            ceilings -> Text,
            status -> Text,
            managed_by -> Text,
            created_at -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
        }
    }
}
use schema::clients;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = clients)]
struct ClientRow {
    id: String,
    name: String,
    auth_method: String,
    secrets: String,
    redirect_uris: String,
    grant_types: String,
    scope: String,
    accepts_tokens_of: String,
    ceilings: String,
    status: String,
    managed_by: String,
    created_at: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for ClientRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts the client, or replaces the one of the same id.
pub fn put(tx: &mut Tx<'_>, client: &Tagged<Client>) -> Result<(), StoreError> {
    let row = ClientRow::from(client);
    let updated = tx.run(|conn| {
        diesel::update(clients::table.find(&row.id))
            .set(&row)
            .execute(conn)
    })?;
    if updated == 0 {
        tx.run(|conn| diesel::insert_into(clients::table).values(&row).execute(conn))?;
    }
    Ok(())
}

/// Inserts a client of which none was there to be held; one that came meanwhile is a [`StoreError::Conflict`].
pub fn insert(tx: &mut Tx<'_>, client: &Tagged<Client>) -> Result<(), StoreError> {
    let row = ClientRow::from(client);
    tx.run(|conn| diesel::insert_into(clients::table).values(&row).execute(conn))?;
    Ok(())
}

/// The client of this `client_id`.
pub fn by_id(tx: &mut Tx<'_>, id: &ClientId) -> Result<Option<Tagged<Client>>, StoreError> {
    let row = tx.run(|conn| {
        clients::table
            .find(id.as_str())
            .select(ClientRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Holds the row until the end of the transaction: who changes it meanwhile waits. `false` when there is none.
pub fn hold(tx: &mut Tx<'_>, id: &ClientId) -> Result<bool, StoreError> {
    let row = clients::table.find(id.as_str());
    let held = tx.run(|conn| diesel::update(row).set(clients::id.eq(clients::id)).execute(conn))?;
    Ok(held > 0)
}

/// Up to `limit` clients in order of id, beginning behind `after`.
pub fn page(
    tx: &mut Tx<'_>,
    after: Option<&ClientId>,
    limit: i64,
) -> Result<Page<Tagged<Client>>, StoreError> {
    let after = after.map_or("", ClientId::as_str);
    let rows = tx.run(|conn| {
        clients::table
            .filter(clients::id.gt(after))
            .order(clients::id)
            .limit(limit + 1)
            .select(ClientRow::as_select())
            .load(conn)
    })?;
    Ok(Page::read(rows, limit, value::<ClientRow, _>))
}

/// All clients, in order of id.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Tagged<Client>>, StoreError> {
    all_rows(every(tx)?)
}

/// All that can be read, in order of id: for the pages of people, who have nothing to do with a damaged one.
pub fn all_readable(tx: &mut Tx<'_>) -> Result<Vec<Tagged<Client>>, StoreError> {
    Ok(readable(every(tx)?))
}

/// Every row in order of id, whatever it is.
pub fn each(tx: &mut Tx<'_>) -> Result<Each<Tagged<Client>>, StoreError> {
    Ok(each_row(every(tx)?))
}

fn every(tx: &mut Tx<'_>) -> Result<Vec<ClientRow>, StoreError> {
    tx.run(|conn| {
        clients::table
            .order(clients::id)
            .select(ClientRow::as_select())
            .load(conn)
    })
}

impl From<&Tagged<Client>> for ClientRow {
    fn from(tagged: &Tagged<Client>) -> Self {
        let client = tagged.unverified();
        Self {
            id: client.id.to_string(),
            name: client.name.clone(),
            auth_method: client.auth_method.to_string(),
            secrets: to_json(&client.secrets),
            redirect_uris: to_json(&client.redirect_uris),
            grant_types: to_json(&client.grant_types),
            scope: to_json(&client.scope),
            accepts_tokens_of: to_json(&client.accepts_tokens_of),
            ceilings: to_json(&client.ceilings),
            status: client.status.to_string(),
            managed_by: client.managed_by.to_string(),
            created_at: client.created_at.0,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<ClientRow> for Tagged<Client> {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        let client = Client {
            id: parsed(&row.id, TABLE, "id")?,
            name: row.name,
            auth_method: parsed(&row.auth_method, TABLE, "auth_method")?,
            secrets: from_json(&row.secrets, TABLE, "secrets")?,
            redirect_uris: from_json(&row.redirect_uris, TABLE, "redirect_uris")?,
            grant_types: from_json(&row.grant_types, TABLE, "grant_types")?,
            scope: from_json(&row.scope, TABLE, "scope")?,
            accepts_tokens_of: from_json(&row.accepts_tokens_of, TABLE, "accepts_tokens_of")?,
            ceilings: from_json(&row.ceilings, TABLE, "ceilings")?,
            status: parsed(&row.status, TABLE, "status")?,
            managed_by: parsed(&row.managed_by, TABLE, "managed_by")?,
            created_at: UnixMillis(row.created_at),
        };
        tagged(client, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "clients";
