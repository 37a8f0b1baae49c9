//! `delegations`: people's leave for clients to use connections. One per user, client and connection.

use diesel::prelude::*;
use vouchsafe_model::{
    ClientId, ConnectionId, Delegation, DelegationId, ProviderId, Tagged, UnixMillis, UserId,
};

use crate::column::{
    Each, Keyed, all, each_row, from_json, millis, one, parsed, tagged, time, to_json, value,
};
use crate::error::StoreError;
use crate::page::{Page, WINDOW};
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        delegations (id) {
            id -> Text,
            user_id -> Text,
            client_id -> Text,
            connection_id -> Text,
            provider_id -> Text,
            scope -> Text,
            decision -> Text,
            expires_at -> Nullable<BigInt>,
            decided_in -> Text,
            decided_at -> BigInt,
            version -> BigInt,
            tag_key_id -> Text,
            tag_mac -> Binary,
        }
    }
}
use schema::delegations;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = delegations, treat_none_as_default_value = false, treat_none_as_null = true)]
struct DelegationRow {
    id: String,
    user_id: String,
    client_id: String,
    connection_id: String,
    provider_id: String,
    scope: String,
    decision: String,
    expires_at: Option<i64>,
    decided_in: String,
    decided_at: i64,
    version: i64,
    tag_key_id: String,
    tag_mac: Vec<u8>,
}

impl Keyed for DelegationRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts the delegation, or replaces the one of the same user, client and connection, its id too.
pub fn put(tx: &mut Tx<'_>, delegation: &Tagged<Delegation>) -> Result<(), StoreError> {
    let row = DelegationRow::from(delegation);
    let same = delegations::table
        .filter(delegations::user_id.eq(&row.user_id))
        .filter(delegations::client_id.eq(&row.client_id))
        .filter(delegations::connection_id.eq(&row.connection_id));
    let updated = tx.run(|conn| {
        diesel::update(same)
            .set((delegations::id.eq(&row.id), &row))
            .execute(conn)
    })?;
    if updated == 0 {
        tx.run(|conn| diesel::insert_into(delegations::table).values(&row).execute(conn))?;
    }
    Ok(())
}

/// The delegation of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &DelegationId) -> Result<Option<Tagged<Delegation>>, StoreError> {
    let row = tx.run(|conn| {
        delegations::table
            .find(id.as_str())
            .select(DelegationRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// What the user has decided about the client at a provider, for every connection there, denials too.
pub fn of_user_client_provider(
    tx: &mut Tx<'_>,
    user: &UserId,
    client: &ClientId,
    provider: &ProviderId,
) -> Result<Vec<Tagged<Delegation>>, StoreError> {
    let rows = tx.run(|conn| {
        delegations::table
            .filter(delegations::user_id.eq(user.as_str()))
            .filter(delegations::client_id.eq(client.as_str()))
            .filter(delegations::provider_id.eq(provider.as_str()))
            .order(delegations::id)
            .select(DelegationRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// What the user has decided about the client and one connection.
pub fn by_user_client_connection(
    tx: &mut Tx<'_>,
    user: &UserId,
    client: &ClientId,
    connection: &ConnectionId,
) -> Result<Option<Tagged<Delegation>>, StoreError> {
    let row = tx.run(|conn| {
        delegations::table
            .filter(delegations::user_id.eq(user.as_str()))
            .filter(delegations::client_id.eq(client.as_str()))
            .filter(delegations::connection_id.eq(connection.as_str()))
            .select(DelegationRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Everything a user has decided.
pub fn of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Vec<Tagged<Delegation>>, StoreError> {
    let rows = tx.run(|conn| {
        delegations::table
            .filter(delegations::user_id.eq(user.as_str()))
            .order(delegations::id)
            .select(DelegationRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// The same, each row by itself.
pub fn each_of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Each<Tagged<Delegation>>, StoreError> {
    let rows = tx.run(|conn| {
        delegations::table
            .filter(delegations::user_id.eq(user.as_str()))
            .order(delegations::id)
            .select(DelegationRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(rows))
}

/// Which delegations a page is about; `None` = any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DelegationFilter {
    /// Given by this user.
    pub user_id: Option<UserId>,
    /// Given to this client.
    pub client_id: Option<ClientId>,
    /// For this connection.
    pub connection_id: Option<ConnectionId>,
}

/// Up to `limit` delegations in order of id, beginning behind `after`. What is asked of a user or a connection is found
/// by an index; of a client alone, a page looks at so many delegations and no more, and may be short.
pub fn page(
    tx: &mut Tx<'_>,
    filter: &DelegationFilter,
    after: Option<&DelegationId>,
    limit: i64,
) -> Result<Page<Tagged<Delegation>>, StoreError> {
    let after = after.map_or("", DelegationId::as_str);
    let sparse = filter.client_id.is_some() && filter.user_id.is_none() && filter.connection_id.is_none();
    let end = if sparse { end_of_window(tx, after)? } else { None };
    let mut query = delegations::table
        .filter(delegations::id.gt(after))
        .order(delegations::id)
        .limit(limit + 1)
        .select(DelegationRow::as_select())
        .into_boxed();
    if let Some(end) = &end {
        query = query.filter(delegations::id.le(end));
    }
    if let Some(user) = &filter.user_id {
        query = query.filter(delegations::user_id.eq(user.as_str()));
    }
    if let Some(client) = &filter.client_id {
        query = query.filter(delegations::client_id.eq(client.as_str()));
    }
    if let Some(connection) = &filter.connection_id {
        query = query.filter(delegations::connection_id.eq(connection.as_str()));
    }
    let rows = tx.run(|conn| query.load(conn))?;
    let page = Page::read(rows, limit, value::<DelegationRow, _>);
    Ok(Page {
        next: page.next.or(end),
        ..page
    })
}

/// The last id of a window that begins behind `after`, if anything follows it.
fn end_of_window(tx: &mut Tx<'_>, after: &str) -> Result<Option<String>, StoreError> {
    let behind = delegations::table
        .filter(delegations::id.gt(after))
        .order(delegations::id)
        .select(delegations::id);
    tx.run(|conn| behind.offset(WINDOW - 1).first(conn).optional())
}

/// Holds the row until the end of the transaction: who changes it meanwhile waits. `false` when there is none.
pub fn hold(tx: &mut Tx<'_>, id: &DelegationId) -> Result<bool, StoreError> {
    let row = delegations::table.find(id.as_str());
    let held = tx.run(|conn| {
        diesel::update(row)
            .set(delegations::id.eq(delegations::id))
            .execute(conn)
    })?;
    Ok(held > 0)
}

/// Everything that was decided about a connection.
pub fn of_connection(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
) -> Result<Vec<Tagged<Delegation>>, StoreError> {
    each_of_connection(tx, connection)?.into_iter().collect()
}

/// The same, each row by itself.
pub fn each_of_connection(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
) -> Result<Each<Tagged<Delegation>>, StoreError> {
    let rows = tx.run(|conn| {
        delegations::table
            .filter(delegations::connection_id.eq(connection.as_str()))
            .order(delegations::id)
            .select(DelegationRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(rows))
}

impl From<&Tagged<Delegation>> for DelegationRow {
    fn from(tagged: &Tagged<Delegation>) -> Self {
        let delegation = tagged.unverified();
        Self {
            id: delegation.id.to_string(),
            user_id: delegation.user_id.to_string(),
            client_id: delegation.client_id.to_string(),
            connection_id: delegation.connection_id.to_string(),
            provider_id: delegation.provider_id.to_string(),
            scope: to_json(&delegation.scope),
            decision: delegation.decision.to_string(),
            expires_at: millis(delegation.expires_at),
            decided_in: delegation.decided_in.to_string(),
            decided_at: delegation.decided_at.0,
            version: delegation.version,
            tag_key_id: tagged.tag().key_id.to_string(),
            tag_mac: tagged.tag().mac.to_vec(),
        }
    }
}

impl TryFrom<DelegationRow> for Tagged<Delegation> {
    type Error = StoreError;

    fn try_from(row: DelegationRow) -> Result<Self, StoreError> {
        let delegation = Delegation {
            id: parsed(&row.id, TABLE, "id")?,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            client_id: parsed(&row.client_id, TABLE, "client_id")?,
            connection_id: parsed(&row.connection_id, TABLE, "connection_id")?,
            provider_id: parsed(&row.provider_id, TABLE, "provider_id")?,
            scope: from_json(&row.scope, TABLE, "scope")?,
            decision: parsed(&row.decision, TABLE, "decision")?,
            expires_at: time(row.expires_at),
            decided_in: parsed(&row.decided_in, TABLE, "decided_in")?,
            decided_at: UnixMillis(row.decided_at),
            version: row.version,
        };
        tagged(delegation, &row.tag_key_id, &row.tag_mac, TABLE)
    }
}

const TABLE: &str = "delegations";
