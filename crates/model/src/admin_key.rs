//! Keys for the admin API.

use serde::{Deserialize, Serialize};

use crate::client::ClientSecretDigest;
use crate::clock::UnixMillis;
use crate::id::AdminKeyId;
use crate::tagged::Authority;
use crate::text::text_enum;

text_enum!(/// What an admin key may do (`architecture` section 11).
AdminScope {
    /// Look.
    Read = "read",
    /// Revoke.
    Revoke = "revoke",
    /// Manage users, clients and connections.
    Manage = "manage",
    /// Change what is trusted: issuers, hosts, keys, redirects, marks, resets.
    Trust = "trust",
});

/// An admin key: shown once, kept as a keyed MAC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminKey {
    /// Id; the first part of the key's text.
    pub id: AdminKeyId,
    /// What the operator calls it.
    pub name: String,
    /// MAC of the secret part.
    pub secret: ClientSecretDigest,
    /// What it may do.
    pub scopes: Vec<AdminScope>,
    /// Creation.
    pub created_at: UnixMillis,
    /// End of its life.
    pub expires_at: Option<UnixMillis>,
}

impl Authority for AdminKey {
    const KIND: &'static str = "admin_keys/1";
}
