//! Revocations to be carried out upstream.

use crate::clock::UnixMillis;
use crate::id::{ConnectionId, RevocationId, UserId};
use crate::provider::ProviderId;
use crate::sealed::HostsDigest;
use crate::text::text_enum;

text_enum!(/// What has become of a revocation, as the admin API says it.
RevocationState {
    /// Dead here; the provider has not confirmed yet.
    PendingUpstream = "pending_upstream",
    /// The provider confirmed.
    RevokedUpstream = "revoked_upstream",
    /// The provider cannot, or did not before the deadline.
    Abandoned = "abandoned",
});

/// A revocation of a connection at its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamRevocation {
    /// Id.
    pub id: RevocationId,
    /// The dead connection.
    pub connection_id: ConnectionId,
    /// Its owner (part of the seals).
    pub user_id: UserId,
    /// Its provider.
    pub provider_id: ProviderId,
    /// What has become of it.
    pub state: RevocationState,
    /// Why it was abandoned, or the last failure: a fixed word, never the provider's text.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is given up.
    pub deadline_at: UnixMillis,
    /// Creation.
    pub created_at: UnixMillis,
    /// When its key was destroyed: only then is the secret `forgotten` (AR-05).
    pub forgotten_at: Option<UnixMillis>,
}

/// A secret that waits for its revocation: ciphertext and key reference moved unchanged, with the context of its seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationSecret {
    /// The revocation it belongs to.
    pub revocation_id: RevocationId,
    /// `refresh_token` or `access_token`: also the column it was sealed in.
    pub kind: String,
    /// The part of the grant, empty for most.
    pub part: String,
    /// Table of the row it was sealed in.
    pub origin_table: String,
    /// Column it was sealed in.
    pub origin_column: String,
    /// Row it was sealed in.
    pub origin_row: String,
    /// Version it was sealed as.
    pub version: i64,
    /// Hosts it was sealed for.
    pub hosts: HostsDigest,
    /// The ciphertext.
    pub sealed: Vec<u8>,
    /// The wrapped data key, moved from `data_keys`.
    pub data_key_id: String,
    /// When the token ends by itself.
    pub expires_at: Option<UnixMillis>,
}
