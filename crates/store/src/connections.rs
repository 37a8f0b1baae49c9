//! `connections`: accounts at providers. `last_used_at` is beside the version: using changes nothing.
//!
//! Whoever reads a connection sees it as revoked from the moment that everything of its user or at its provider is
//! ([`crate::revoked_access`]), whether a job has come to it yet or not. Only what writes that down, and what compares
//! rows with the record, looks at what is stored: [`stored`], [`all_live`] and [`unswept`].

use diesel::dsl::{auto_type, max};
use diesel::prelude::*;
use vouchsafe_model::{
    AccessOf, Connection, ConnectionId, ConnectionState, HostsDigest, ProviderId, UnixMillis, UserId,
};

use crate::column::{Each, Keyed, all, bytes32, each_row, one, parsed, parsed_option, time, value};
use crate::error::StoreError;
use crate::page::{Page, WINDOW};
use crate::revoked_access::schema::revoked_access;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        connections (id) {
            id -> Text,
            user_id -> Text,
            provider_id -> Text,
            account_id -> Text,
            account_label -> Nullable<Text>,
            state -> Text,
            state_reason -> Nullable<Text>,
            state_at -> Nullable<BigInt>,
            upstream_client_id -> Text,
            hosts -> Binary,
            version -> BigInt,
            created_at -> BigInt,
            updated_at -> BigInt,
            last_used_at -> Nullable<BigInt>,
        }
    }
}
use schema::connections;

diesel::allow_tables_to_appear_in_same_query!(connections, revoked_access);

/// Until when everything of its user, or at its provider, is revoked.
#[auto_type]
fn revoked_with_all() -> _ {
    let of_user = revoked_access::kind
        .eq("user")
        .and(revoked_access::id.eq(connections::user_id));
    let of_provider = revoked_access::kind
        .eq("provider")
        .and(revoked_access::id.eq(connections::provider_id));
    let latest: diesel::helper_types::max<revoked_access::revoked_at> = max(revoked_access::revoked_at);
    revoked_access::table
        .filter(of_user.or(of_provider))
        .select(latest)
        .single_value()
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = connections, treat_none_as_default_value = false)]
struct ConnectionRow {
    id: String,
    user_id: String,
    provider_id: String,
    account_id: String,
    account_label: Option<String>,
    state: String,
    state_reason: Option<String>,
    state_at: Option<i64>,
    upstream_client_id: String,
    hosts: Vec<u8>,
    version: i64,
    created_at: i64,
    updated_at: i64,
    #[diesel(select_expression = revoked_with_all(), skip_insertion)]
    revoked_with_all: Option<i64>,
}

impl ConnectionRow {
    /// As it is stored.
    fn alone(self) -> Self {
        Self {
            revoked_with_all: None,
            ..self
        }
    }
}

impl Keyed for ConnectionRow {
    fn key(&self) -> &str {
        &self.id
    }
}

impl Keyed for (ConnectionRow, Option<i64>) {
    fn key(&self) -> &str {
        &self.0.id
    }
}

/// Inserts a connection.
pub fn insert(tx: &mut Tx<'_>, connection: &Connection) -> Result<(), StoreError> {
    let row = ConnectionRow::from(connection);
    tx.run(|conn| diesel::insert_into(connections::table).values(&row).execute(conn))?;
    Ok(())
}

/// The connection of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
    one(row(tx, id)?)
}

fn row(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<Option<ConnectionRow>, StoreError> {
    tx.run(|conn| {
        connections::table
            .find(id.as_str())
            .select(ConnectionRow::as_select())
            .first(conn)
            .optional()
    })
}

/// All connections of a user, revoked ones too, oldest first, each row by itself.
pub fn each_of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Each<Connection>, StoreError> {
    let rows = tx.run(|conn| {
        connections::table
            .filter(connections::user_id.eq(user.as_str()))
            .order(connections::id)
            .select(ConnectionRow::as_select())
            .load(conn)
    })?;
    Ok(each_row::<ConnectionRow, _>(rows))
}

/// The connections of a user at a provider that are not revoked, oldest first.
pub fn live_of_user_provider(
    tx: &mut Tx<'_>,
    user: &UserId,
    provider: &ProviderId,
) -> Result<Vec<Connection>, StoreError> {
    let rows = tx.run(|conn| {
        connections::table
            .filter(connections::user_id.eq(user.as_str()))
            .filter(connections::provider_id.eq(provider.as_str()))
            .filter(connections::state.ne(REVOKED))
            .order(connections::id)
            .select(ConnectionRow::as_select())
            .load(conn)
    })?;
    let mut live: Vec<Connection> = all(rows)?;
    live.retain(|connection| !matches!(connection.state, ConnectionState::Revoked { .. }));
    Ok(live)
}

/// All connections to one account at a provider, whoever connected it, revoked ones too.
pub fn by_provider_account(
    tx: &mut Tx<'_>,
    provider: &ProviderId,
    account: &str,
) -> Result<Vec<Connection>, StoreError> {
    let rows = tx.run(|conn| {
        connections::table
            .filter(connections::provider_id.eq(provider.as_str()))
            .filter(connections::account_id.eq(account))
            .order(connections::id)
            .select(ConnectionRow::as_select())
            .load(conn)
    })?;
    all(rows)
}

/// The connection of this id as it is stored: what is revoked with everything of somebody may not be written here yet.
pub fn stored(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
    one(row(tx, id)?.map(ConnectionRow::alone))
}

/// Which connections everything of `of` takes along and that do not say so themselves yet: up to `limit` ids in their
/// order, behind `after`. A page looks at so many connections and no more: it may be short, and still go on.
pub fn unswept(
    tx: &mut Tx<'_>,
    of: &AccessOf,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<ConnectionId>, StoreError> {
    let after = after.unwrap_or_default();
    let end = end_of_window(tx, after)?;
    let mut query = connections::table
        .filter(connections::id.gt(after))
        .filter(connections::state.ne(REVOKED))
        .filter(revoked_with_all().ge(connections::created_at.nullable()))
        .order(connections::id)
        .limit(limit + 1)
        .select(connections::id)
        .into_boxed();
    if let Some(end) = &end {
        query = query.filter(connections::id.le(end));
    }
    query = match of {
        AccessOf::User(id) => query.filter(connections::user_id.eq(id.as_str())),
        AccessOf::Provider(id) => query.filter(connections::provider_id.eq(id.as_str())),
        AccessOf::Client(_) => {
            return Ok(Page {
                items: Vec::new(),
                next: None,
                unreadable: Vec::new(),
            });
        }
    };
    let ids: Vec<String> = tx.run(|conn| query.load(conn))?;
    let page = Page::read(ids, limit, |id| parsed(&id, TABLE, "id"));
    Ok(Page {
        next: page.next.or(end),
        ..page
    })
}

/// All connections that are not stored as revoked, as they are stored.
pub fn each_live(tx: &mut Tx<'_>) -> Result<Each<Connection>, StoreError> {
    let rows = tx.run(|conn| {
        connections::table
            .filter(connections::state.ne(REVOKED))
            .order(connections::id)
            .select(ConnectionRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(
        rows.into_iter().map(ConnectionRow::alone).collect::<Vec<_>>(),
    ))
}

/// Which connections a page is about; `None` = any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectionFilter {
    /// Of this user.
    pub user_id: Option<UserId>,
    /// At this provider.
    pub provider_id: Option<ProviderId>,
    /// In this state, by its stored name.
    pub state: Option<&'static str>,
}

/// Up to `limit` connections in order of id, beginning behind `after`, each with its last use. What is asked of a user
/// is found by the index; otherwise a page looks at so many connections and no more, and may be short.
pub fn page(
    tx: &mut Tx<'_>,
    filter: &ConnectionFilter,
    after: Option<&ConnectionId>,
    limit: i64,
) -> Result<Page<(Connection, Option<UnixMillis>)>, StoreError> {
    let after = after.map_or("", ConnectionId::as_str);
    let sparse = filter.user_id.is_none() && (filter.provider_id.is_some() || filter.state.is_some());
    let end = if sparse { end_of_window(tx, after)? } else { None };
    let mut query = connections::table
        .filter(connections::id.gt(after))
        .order(connections::id)
        .limit(limit + 1)
        .select((ConnectionRow::as_select(), connections::last_used_at))
        .into_boxed();
    if let Some(end) = &end {
        query = query.filter(connections::id.le(end));
    }
    if let Some(user) = &filter.user_id {
        query = query.filter(connections::user_id.eq(user.as_str()));
    }
    if let Some(provider) = &filter.provider_id {
        query = query.filter(connections::provider_id.eq(provider.as_str()));
    }
    let created_at = connections::created_at.nullable();
    match filter.state {
        Some(REVOKED) => {
            let revoked = connections::state.eq(REVOKED).nullable();
            query = query.filter(revoked.or(revoked_with_all().ge(created_at)));
        }
        Some(state) => {
            let spared = revoked_with_all().is_null().nullable();
            query = query
                .filter(connections::state.eq(state))
                .filter(spared.or(revoked_with_all().lt(created_at)));
        }
        None => {}
    }
    let rows = tx.run(|conn| query.load::<(ConnectionRow, Option<i64>)>(conn))?;
    let page = Page::read(rows, limit, |(row, last_used)| Ok((value(row)?, time(last_used))));
    Ok(Page {
        next: page.next.or(end),
        ..page
    })
}

/// The last id of a window that begins behind `after`, if anything follows it.
fn end_of_window(tx: &mut Tx<'_>, after: &str) -> Result<Option<String>, StoreError> {
    let behind = connections::table
        .filter(connections::id.gt(after))
        .order(connections::id)
        .select(connections::id);
    tx.run(|conn| behind.offset(WINDOW - 1).first(conn).optional())
}

/// Replaces the connection if its version is still `expected_version`; whether it was. A revoked connection never
/// changes again, and none changes its owner, provider or account.
pub fn update(tx: &mut Tx<'_>, connection: &Connection, expected_version: i64) -> Result<bool, StoreError> {
    let row = ConnectionRow::from(connection);
    let expected = connections::table
        .filter(connections::id.eq(&row.id))
        .filter(connections::version.eq(expected_version))
        .filter(connections::state.ne(REVOKED))
        .filter(connections::user_id.eq(&row.user_id))
        .filter(connections::provider_id.eq(&row.provider_id))
        .filter(connections::account_id.eq(&row.account_id));
    let new = (
        connections::account_label.eq(&row.account_label),
        connections::state.eq(&row.state),
        connections::state_reason.eq(&row.state_reason),
        connections::state_at.eq(row.state_at),
        connections::upstream_client_id.eq(&row.upstream_client_id),
        connections::hosts.eq(&row.hosts),
        connections::version.eq(row.version),
        connections::updated_at.eq(row.updated_at),
    );
    let updated = tx.run(|conn| diesel::update(expected).set(new).execute(conn))?;
    Ok(updated > 0)
}

/// Writes a revoked connection without what names the account, if its version is still `expected_version`; whether it was.
pub fn forget_account(
    tx: &mut Tx<'_>,
    connection: &Connection,
    expected_version: i64,
) -> Result<bool, StoreError> {
    let row = ConnectionRow::from(connection);
    let expected = connections::table
        .filter(connections::id.eq(&row.id))
        .filter(connections::version.eq(expected_version))
        .filter(connections::state.eq(REVOKED));
    let new = (
        connections::account_id.eq(&row.account_id),
        connections::account_label.eq(&row.account_label),
        connections::version.eq(row.version),
        connections::updated_at.eq(row.updated_at),
    );
    let updated = tx.run(|conn| diesel::update(expected).set(new).execute(conn))?;
    Ok(updated > 0)
}

/// Notes that the connection was used.
pub fn touch_used(tx: &mut Tx<'_>, id: &ConnectionId, at: UnixMillis) -> Result<(), StoreError> {
    let row = connections::table.find(id.as_str());
    tx.run(|conn| {
        diesel::update(row)
            .set(connections::last_used_at.eq(Some(at.0)))
            .execute(conn)
    })?;
    Ok(())
}

/// When the connection was last used, as far as that was noted.
pub fn last_used(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<Option<UnixMillis>, StoreError> {
    let row = connections::table
        .find(id.as_str())
        .select(connections::last_used_at);
    let last_used = tx.run(|conn| row.first::<Option<i64>>(conn).optional())?;
    Ok(time(last_used.flatten()))
}

impl From<&Connection> for ConnectionRow {
    fn from(connection: &Connection) -> Self {
        let (state, reason, at) = match connection.state {
            ConnectionState::Active => (ACTIVE, None, None),
            ConnectionState::NeedsConsent { reason, since } => (NEEDS_CONSENT, Some(reason), Some(since.0)),
            ConnectionState::Revoked { at } => (REVOKED, None, Some(at.0)),
        };
        Self {
            id: connection.id.to_string(),
            user_id: connection.user_id.to_string(),
            provider_id: connection.provider_id.to_string(),
            account_id: connection.account_id.clone(),
            account_label: connection.account_label.clone(),
            state: state.to_owned(),
            state_reason: reason.map(|reason| reason.to_string()),
            state_at: at,
            upstream_client_id: connection.upstream_client_id.clone(),
            hosts: connection.hosts.as_bytes().to_vec(),
            version: connection.version,
            created_at: connection.created_at.0,
            updated_at: connection.updated_at.0,
            revoked_with_all: None,
        }
    }
}

impl TryFrom<ConnectionRow> for Connection {
    type Error = StoreError;

    fn try_from(row: ConnectionRow) -> Result<Self, StoreError> {
        let reason = parsed_option(row.state_reason.as_deref(), TABLE, "state_reason")?;
        let revoked_with_all = row.revoked_with_all.filter(|at| *at >= row.created_at);
        let state = match (row.state.as_str(), reason, row.state_at) {
            (ACTIVE | NEEDS_CONSENT, _, _) if revoked_with_all.is_some() => ConnectionState::Revoked {
                at: UnixMillis(revoked_with_all.unwrap_or_default()),
            },
            (ACTIVE, None, None) => ConnectionState::Active,
            (NEEDS_CONSENT, Some(reason), Some(since)) => ConnectionState::NeedsConsent {
                reason,
                since: UnixMillis(since),
            },
            (REVOKED, None, Some(at)) => ConnectionState::Revoked { at: UnixMillis(at) },
            _ => {
                return Err(StoreError::corrupt(TABLE, "state"));
            }
        };
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            provider_id: parsed(&row.provider_id, TABLE, "provider_id")?,
            account_id: row.account_id,
            account_label: row.account_label,
            state,
            upstream_client_id: row.upstream_client_id,
            hosts: HostsDigest::from_bytes(bytes32(&row.hosts, TABLE, "hosts")?),
            version: row.version,
            created_at: UnixMillis(row.created_at),
            updated_at: UnixMillis(row.updated_at),
        })
    }
}

const TABLE: &str = "connections";
const ACTIVE: &str = "active";
const NEEDS_CONSENT: &str = "needs_consent";
const REVOKED: &str = "revoked";
