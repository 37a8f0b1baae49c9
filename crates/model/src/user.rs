//! People.

use serde::{Deserialize, Serialize};

use crate::client::ManagedBy;
use crate::clock::UnixMillis;
use crate::id::UserId;
use crate::tagged::Authority;
use crate::text::text_enum;

text_enum!(/// Whether a user may do anything.
UserStatus {
    /// May sign in and be acted for.
    Active = "active",
    /// Nothing is done in this user's name.
    Disabled = "disabled",
    /// The person is forgotten: nothing here says who it was, and nothing brings the user back.
    Erased = "erased",
});

/// A person. What names the person lies in `username` and in identities; the record knows only `pseudonym`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Id; also the `sub` of our own tokens.
    pub id: UserId,
    /// Name for signing in, compared byte for byte after lower-casing ASCII at creation.
    pub username: String,
    /// Random; stands for the person in the record. Empty once the person is erased and the record knows nothing of them.
    pub pseudonym: String,
    /// Whether anything may be done in this user's name.
    pub status: UserStatus,
    /// Who maintains this row.
    pub managed_by: ManagedBy,
    /// When an admin last reset the credentials: connections made before stay locked until reconnected.
    pub credentials_reset_at: Option<UnixMillis>,
    /// Creation.
    pub created_at: UnixMillis,
}

impl Authority for User {
    const KIND: &'static str = "users/1";
}

/// How a person is known to an issuer. Users are `(iss, sub)`; e-mail never matches anyone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Issuer; ours for built-in users.
    pub issuer: String,
    /// Subject at that issuer.
    pub subject: String,
    /// The user it is.
    pub user_id: UserId,
    /// Creation.
    pub created_at: UnixMillis,
}

impl Authority for Identity {
    const KIND: &'static str = "identities/1";
}

/// A user's password, as an argon2id PHC string.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Whose it is.
    pub user_id: UserId,
    /// PHC string (RFC 9106).
    pub password_hash: String,
    /// Last change.
    pub updated_at: UnixMillis,
}

impl Authority for Credential {
    const KIND: &'static str = "user_credentials/1";
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}
