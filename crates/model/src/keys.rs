//! Keys as the database holds them: wrapped.

use crate::clock::UnixMillis;
use crate::id::{ConnectionId, DataKeyId, KeyId};
use crate::text::text_enum;

text_enum!(/// What a server key is for. One key per purpose is active; older ones stay to verify.
KeyPurpose {
    /// Wraps data keys and other server keys; itself wrapped by the key provider.
    Instance = "instance",
    /// Signs our access tokens (Ed25519).
    Signing = "signing",
    /// Signs heads of the record (Ed25519).
    Checkpoint = "checkpoint",
    /// HMAC of client secrets and admin keys.
    ClientSecret = "client_secret",
    /// HMAC of rows that grant.
    RowMac = "row_mac",
    /// HMAC fingerprints of released tokens.
    Fingerprint = "fingerprint",
    /// HMAC digests of our opaque tokens and cookies, and CSRF tokens.
    Cookie = "cookie",
});

text_enum!(/// Where a key is in its life.
KeyState {
    /// Makes new values.
    Active = "active",
    /// Only verifies and opens old ones.
    Retired = "retired",
});

/// A key of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerKey {
    /// Id; every MAC, signature and ciphertext names it.
    pub id: KeyId,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Where it is in its life.
    pub state: KeyState,
    /// The wrapped key.
    pub sealed: Vec<u8>,
    /// The public half, for signing keys.
    pub public: Option<Vec<u8>>,
    /// Creation.
    pub created_at: UnixMillis,
}

/// The key of one connection's secrets, wrapped by an instance key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKey {
    /// Id.
    pub id: DataKeyId,
    /// Its connection.
    pub connection_id: ConnectionId,
    /// The wrapped key.
    pub sealed: Vec<u8>,
    /// Creation.
    pub created_at: UnixMillis,
}
