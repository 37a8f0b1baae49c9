//! `interactions`: requests that a person act.

use diesel::prelude::*;
use vouchsafe_model::{ClientId, Digest, Interaction, InteractionId, InteractionState, UnixMillis, UserId};

use crate::column::{Each, Keyed, bytes32, each_row, from_json, one, parsed, parsed_option, to_json, value};
use crate::error::StoreError;
use crate::revoked_access;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        interactions (id) {
            id -> Text,
            binding -> Binary,
            user_id -> Text,
            client_id -> Text,
            provider_id -> Text,
            scope -> Text,
            reason -> Text,
            connection_id -> Nullable<Text>,
            account -> Nullable<Text>,
            state -> Text,
            change_seq -> BigInt,
            created_at -> BigInt,
            expires_at -> BigInt,
            decided_at -> Nullable<BigInt>,
        }
    }
}
use schema::interactions;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = interactions, treat_none_as_default_value = false)]
struct InteractionRow {
    id: String,
    binding: Vec<u8>,
    user_id: String,
    client_id: String,
    provider_id: String,
    scope: String,
    reason: String,
    connection_id: Option<String>,
    account: Option<String>,
    state: String,
    change_seq: i64,
    created_at: i64,
    expires_at: i64,
}

impl Keyed for InteractionRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts an interaction.
pub fn insert(tx: &mut Tx<'_>, interaction: &Interaction) -> Result<(), StoreError> {
    let row = InteractionRow::from(interaction);
    tx.run(|conn| {
        diesel::insert_into(interactions::table)
            .values(&row)
            .execute(conn)
    })?;
    Ok(())
}

/// The interaction of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &InteractionId) -> Result<Option<Interaction>, StoreError> {
    let row = tx.run(|conn| {
        interactions::table
            .find(id.as_str())
            .select(InteractionRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// The live link for the same request of this client: pending, not expired, and made since everything of the client was
/// last revoked.
pub fn live_by_binding(
    tx: &mut Tx<'_>,
    binding: &Digest<Interaction>,
    client: &ClientId,
    now: UnixMillis,
) -> Result<Option<Interaction>, StoreError> {
    let since = since(tx, client)?;
    let row = tx.run(|conn| {
        interactions::table
            .filter(interactions::binding.eq(binding.as_bytes().as_slice()))
            .filter(interactions::state.eq(InteractionState::Pending.as_str()))
            .filter(interactions::expires_at.gt(now.0))
            .filter(interactions::created_at.gt(since))
            .order(interactions::id.desc())
            .select(InteractionRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// When the person last refused the same request.
pub fn last_denied(
    tx: &mut Tx<'_>,
    binding: &Digest<Interaction>,
) -> Result<Option<(Interaction, UnixMillis)>, StoreError> {
    let row: Option<(InteractionRow, Option<i64>)> = tx.run(|conn| {
        interactions::table
            .filter(interactions::binding.eq(binding.as_bytes().as_slice()))
            .filter(interactions::state.eq(InteractionState::Denied.as_str()))
            .order(interactions::decided_at.desc())
            .select((InteractionRow::as_select(), interactions::decided_at))
            .first(conn)
            .optional()
    })?;
    let Some((row, decided_at)) = row else {
        return Ok(None);
    };
    let decided_at = decided_at.ok_or_else(|| StoreError::corrupt(TABLE, "decided_at").in_row(&row.id))?;
    Ok(Some((value(row)?, UnixMillis(decided_at))))
}

/// What waits for a user, oldest first, each row by itself.
pub fn each_pending_of_user(
    tx: &mut Tx<'_>,
    user: &UserId,
    now: UnixMillis,
) -> Result<Each<Interaction>, StoreError> {
    let rows = tx.run(|conn| {
        interactions::table
            .filter(interactions::user_id.eq(user.as_str()))
            .filter(interactions::state.eq(InteractionState::Pending.as_str()))
            .filter(interactions::expires_at.gt(now.0))
            .order(interactions::id)
            .select(InteractionRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(rows))
}

/// Every request that nobody has answered, expired ones too.
pub fn each_pending(tx: &mut Tx<'_>) -> Result<Each<Interaction>, StoreError> {
    let rows = tx.run(|conn| {
        interactions::table
            .filter(interactions::state.eq(InteractionState::Pending.as_str()))
            .order(interactions::id)
            .select(InteractionRow::as_select())
            .load(conn)
    })?;
    Ok(each_row(rows))
}

/// Behind when something of a client began that counts.
fn since(tx: &mut Tx<'_>, client: &ClientId) -> Result<i64, StoreError> {
    let revoked = revoked_access::of_client(tx, client)?;
    Ok(revoked.map_or(i64::MIN, |revoked| revoked.0))
}

/// How many links a client has open with a user: of those that were made since everything of the client was last
/// revoked.
pub fn count_pending(
    tx: &mut Tx<'_>,
    user: &UserId,
    client: &ClientId,
    now: UnixMillis,
) -> Result<i64, StoreError> {
    let since = since(tx, client)?;
    tx.run(|conn| {
        interactions::table
            .filter(interactions::user_id.eq(user.as_str()))
            .filter(interactions::client_id.eq(client.as_str()))
            .filter(interactions::state.eq(InteractionState::Pending.as_str()))
            .filter(interactions::expires_at.gt(now.0))
            .filter(interactions::created_at.gt(since))
            .count()
            .get_result(conn)
    })
}

/// Decides a pending interaction: true for exactly one caller, and only while the link lives.
pub fn decide(
    tx: &mut Tx<'_>,
    id: &InteractionId,
    state: InteractionState,
    at: UnixMillis,
) -> Result<bool, StoreError> {
    let pending = interactions::table
        .filter(interactions::id.eq(id.as_str()))
        .filter(interactions::state.eq(InteractionState::Pending.as_str()))
        .filter(interactions::expires_at.gt(at.0));
    let decision = (
        interactions::state.eq(state.as_str()),
        interactions::decided_at.eq(Some(at.0)),
    );
    let decided = tx.run(|conn| diesel::update(pending).set(decision).execute(conn))?;
    Ok(decided == 1)
}

/// Deletes what ended before `before`, decided or not; how many. A decided one stays until its link would have expired:
/// until then the record says that it must be there.
pub fn purge_expired(tx: &mut Tx<'_>, before: UnixMillis) -> Result<usize, StoreError> {
    let expired = interactions::table.filter(interactions::expires_at.lt(before.0));
    tx.run(|conn| diesel::delete(expired).execute(conn))
}

/// Deletes everything that was asked of a user, and names it.
pub fn delete_of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Vec<InteractionId>, StoreError> {
    let theirs = interactions::table.filter(interactions::user_id.eq(user.as_str()));
    let deleted = tx.run(|conn| {
        diesel::delete(theirs)
            .returning(interactions::id)
            .get_results::<String>(conn)
    })?;
    deleted.iter().map(|id| parsed(id, TABLE, "id")).collect()
}

impl From<&Interaction> for InteractionRow {
    fn from(interaction: &Interaction) -> Self {
        Self {
            id: interaction.id.to_string(),
            binding: interaction.binding.as_bytes().to_vec(),
            user_id: interaction.user_id.to_string(),
            client_id: interaction.client_id.to_string(),
            provider_id: interaction.provider_id.to_string(),
            scope: to_json(&interaction.scope),
            reason: interaction.reason.as_str().to_owned(),
            connection_id: interaction.connection_id.as_ref().map(ToString::to_string),
            account: interaction.account.clone(),
            state: interaction.state.to_string(),
            change_seq: interaction.change_seq,
            created_at: interaction.created_at.0,
            expires_at: interaction.expires_at.0,
        }
    }
}

impl TryFrom<InteractionRow> for Interaction {
    type Error = StoreError;

    fn try_from(row: InteractionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            binding: Digest::from_bytes(bytes32(&row.binding, TABLE, "binding")?),
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            client_id: parsed(&row.client_id, TABLE, "client_id")?,
            provider_id: parsed(&row.provider_id, TABLE, "provider_id")?,
            scope: from_json(&row.scope, TABLE, "scope")?,
            reason: parsed(&row.reason, TABLE, "reason")?,
            connection_id: parsed_option(row.connection_id.as_deref(), TABLE, "connection_id")?,
            account: row.account,
            state: parsed(&row.state, TABLE, "state")?,
            change_seq: row.change_seq,
            created_at: UnixMillis(row.created_at),
            expires_at: UnixMillis(row.expires_at),
        })
    }
}

const TABLE: &str = "interactions";
