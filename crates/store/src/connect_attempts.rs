//! `connect_attempts`: journeys to providers and back.
//!
//! An attempt goes from pending to redeeming by one UPDATE that holds every binding, so that a callback with a foreign
//! cookie, session or provider changes nothing and a second callback finds nothing (CL-03).

use diesel::prelude::*;
use vouchsafe_model::{
    ConnectAttempt, ConnectAttemptId, ConnectAttemptState, Digest, ProviderId, Sealed, SessionId, UnixMillis,
    UserId,
};

use crate::column::{one, readable};
use crate::conn::MultiBackend;
use crate::error::StoreError;
use crate::transaction::Tx;

mod row;
use row::{ConnectAttemptRow, connect_attempts};

/// What a callback brings; all of it must belong to the same attempt.
#[derive(Debug, Clone, Copy)]
pub struct Callback<'a> {
    /// Digest of the `state` parameter.
    pub state_digest: &'a Digest<ConnectAttempt>,
    /// Digest of the per-flow cookie.
    pub cookie_digest: &'a Digest<ConnectAttempt>,
    /// The browser session.
    pub session_id: &'a SessionId,
    /// The user of that session.
    pub user_id: &'a UserId,
    /// The provider of the callback's path.
    pub provider_id: &'a ProviderId,
    /// The time of the callback.
    pub now: UnixMillis,
}

/// Inserts an attempt.
pub fn insert(tx: &mut Tx<'_>, attempt: &ConnectAttempt) -> Result<(), StoreError> {
    let row = ConnectAttemptRow::from(attempt);
    tx.run(|conn| {
        diesel::insert_into(connect_attempts::table)
            .values(&row)
            .execute(conn)
    })?;
    Ok(())
}

/// The attempt of this id.
pub fn by_id(tx: &mut Tx<'_>, id: &ConnectAttemptId) -> Result<Option<ConnectAttempt>, StoreError> {
    let row = tx.run(|conn| {
        connect_attempts::table
            .find(id.as_str())
            .select(ConnectAttemptRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// The attempt of this `state`, in whatever state it is: for the page that a duplicate callback gets.
pub fn by_state(
    tx: &mut Tx<'_>,
    state_digest: &Digest<ConnectAttempt>,
) -> Result<Option<ConnectAttempt>, StoreError> {
    let row = tx.run(|conn| {
        connect_attempts::table
            .filter(connect_attempts::state_digest.eq(state_digest.as_bytes().as_slice()))
            .select(ConnectAttemptRow::as_select())
            .first(conn)
            .optional()
    })?;
    one(row)
}

/// Takes a pending attempt for redeeming: `Some` for exactly one callback, and only if every binding holds.
pub fn begin_redeeming(
    tx: &mut Tx<'_>,
    callback: Callback<'_>,
) -> Result<Option<ConnectAttempt>, StoreError> {
    let bound = connect_attempts::table
        .filter(connect_attempts::state_digest.eq(callback.state_digest.as_bytes().as_slice()))
        .filter(connect_attempts::cookie_digest.eq(callback.cookie_digest.as_bytes().as_slice()))
        .filter(connect_attempts::session_id.eq(callback.session_id.as_str()))
        .filter(connect_attempts::user_id.eq(callback.user_id.as_str()))
        .filter(connect_attempts::provider_id.eq(callback.provider_id.as_str()))
        .filter(connect_attempts::state.eq(PENDING))
        .filter(connect_attempts::expires_at.gt(callback.now.0));
    let row = tx.run(|conn| {
        diesel::update(bound)
            .set(connect_attempts::state.eq(REDEEMING))
            .returning(<ConnectAttemptRow as Selectable<MultiBackend>>::construct_selection())
            .get_result::<ConnectAttemptRow>(conn)
            .optional()
    })?;
    one(row)
}

/// Puts the sealed token response aside while the account is not known; whether the attempt was being redeemed.
pub fn quarantine(
    tx: &mut Tx<'_>,
    id: &ConnectAttemptId,
    response: &Sealed<String>,
) -> Result<bool, StoreError> {
    let redeeming = connect_attempts::table
        .filter(connect_attempts::id.eq(id.as_str()))
        .filter(connect_attempts::state.eq(REDEEMING));
    let quarantined = (
        connect_attempts::state.eq(QUARANTINED),
        connect_attempts::quarantine.eq(Some(response.as_bytes())),
    );
    let updated = tx.run(|conn| diesel::update(redeeming).set(quarantined).execute(conn))?;
    Ok(updated == 1)
}

/// Ends an attempt that has not ended, and wipes what it had sealed; whether it had not ended.
pub fn finish(
    tx: &mut Tx<'_>,
    id: &ConnectAttemptId,
    state: ConnectAttemptState,
    at: UnixMillis,
) -> Result<bool, StoreError> {
    let unended = connect_attempts::table
        .filter(connect_attempts::id.eq(id.as_str()))
        .filter(connect_attempts::state.eq_any([PENDING, REDEEMING, QUARANTINED]));
    let ended = (
        connect_attempts::state.eq(state.as_str()),
        connect_attempts::secrets.eq(WIPED),
        connect_attempts::quarantine.eq(None::<Vec<u8>>),
        connect_attempts::finished_at.eq(Some(at.0)),
    );
    let updated = tx.run(|conn| diesel::update(unended).set(ended).execute(conn))?;
    Ok(updated == 1)
}

/// Attempts that a crash may have left between the provider's answer and their end; not those that cannot be read.
pub fn unfinished(tx: &mut Tx<'_>) -> Result<Vec<ConnectAttempt>, StoreError> {
    let rows = tx.run(|conn| {
        connect_attempts::table
            .filter(connect_attempts::state.eq_any([REDEEMING, QUARANTINED]))
            .order(connect_attempts::id)
            .select(ConnectAttemptRow::as_select())
            .load(conn)
    })?;
    Ok(readable(rows))
}

/// Deletes attempts that expired before `before`; how many. Unfinished ones stay: they may hold live tokens.
pub fn purge_expired(tx: &mut Tx<'_>, before: UnixMillis) -> Result<usize, StoreError> {
    let expired = connect_attempts::table
        .filter(connect_attempts::expires_at.lt(before.0))
        .filter(connect_attempts::state.ne_all([REDEEMING, QUARANTINED]));
    tx.run(|conn| diesel::delete(expired).execute(conn))
}

/// Whether any of them holds a sealed secret.
pub(crate) fn any_sealed(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let sealed = connect_attempts::table.filter(connect_attempts::secrets.ne(WIPED));
    let row = tx.run(|conn| {
        sealed
            .select(connect_attempts::id)
            .first::<String>(conn)
            .optional()
    })?;
    Ok(row.is_some())
}

/// What stands in `secrets` once there are none.
const WIPED: &[u8] = &[];

const PENDING: &str = ConnectAttemptState::Pending.as_str();
const REDEEMING: &str = ConnectAttemptState::Redeeming.as_str();
const QUARANTINED: &str = ConnectAttemptState::Quarantined.as_str();
