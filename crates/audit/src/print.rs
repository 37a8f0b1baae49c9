//! Prints: what a row says, as one number. The record then knows a row without holding what is in it, and a row that
//! was edited past the server says something else.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use vouchsafe_model::{
    AccessToken, Connection, Identity, Interaction, RevocationState, Tagged, UpstreamGrant,
};

/// What a tagged row says: its MAC covers it.
pub(crate) fn tagged<T>(row: &Tagged<T>) -> i64 {
    number(&row.tag().mac)
}

pub(crate) fn connection(row: &Connection) -> i64 {
    of(row)
}

/// Its lease and the time of its last unclear refresh come and go without an event.
pub(crate) fn upstream_grant(row: &UpstreamGrant) -> i64 {
    of(&(
        (&row.id, &row.connection_id, &row.part),
        (&row.scope, &row.refresh_token, &row.data_key_id),
        (row.version, row.refresh_expires_at),
    ))
}

pub(crate) fn access_token(row: &AccessToken) -> i64 {
    of(&(
        (&row.id, &row.connection_id, slot(row)),
        (&row.scope, &row.token, &row.data_key_id),
        (row.version, row.expires_at, row.issued_at),
    ))
}

pub(crate) fn interaction(row: &Interaction) -> i64 {
    of(&(
        (&row.id, row.binding.as_bytes(), row.change_seq),
        (&row.user_id, &row.client_id, &row.provider_id),
        (&row.scope, row.reason.as_str(), &row.connection_id, &row.account),
        (row.state.as_str(), row.created_at, row.expires_at),
    ))
}

pub(crate) const fn revocation_state(state: RevocationState) -> i64 {
    match state {
        RevocationState::PendingUpstream => 1,
        RevocationState::RevokedUpstream => 2,
        RevocationState::Abandoned => 3,
    }
}

/// The place that one access token takes: its successor replaces it there. The grant comes first.
pub(crate) fn slot(row: &AccessToken) -> String {
    format!("{} {} {}", row.upstream_grant_id, row.audience, row.scope_key)
}

/// The grant of a slot.
pub(crate) fn grant_of_slot(slot: &str) -> &str {
    slot.split(' ').next().unwrap_or_default()
}

/// An identity's name on the record: subjects name people, and have no place there.
pub(crate) fn identity_name(row: &Tagged<Identity>) -> String {
    format!("{}/{:016x}", row.unverified().user_id, tagged(row))
}

fn of(row: &impl Serialize) -> i64 {
    let bytes = serde_json::to_vec(row).expect("rows are plain structs with string keys");
    number(&Sha256::digest(bytes).into())
}

/// A positive number from a hash: another row, another number.
fn number(hash: &[u8; 32]) -> i64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&hash[..8]);
    (i64::from_be_bytes(bytes) & i64::MAX).max(1)
}
