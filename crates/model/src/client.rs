//! OAuth clients: agents and applications.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use vouchsafe_oauth_types::{GrantType, Scope};

use crate::clock::UnixMillis;
use crate::id::KeyId;
use crate::provider::ProviderId;
use crate::tagged::Authority;
use crate::text::text_enum;

/// A `client_id` (RFC 6749 section 2.2): 1 to 128 of `A-Z a-z 0-9 . _ -`, so that every reading of HTTP Basic agrees on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(Box<str>);

/// The text cannot be a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client id is 1 to 128 of the characters A-Z a-z 0-9 . _ -, and does not begin with a dot")]
pub struct InvalidClientId;

impl ClientId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;

    fn from_str(text: &str) -> Result<Self, InvalidClientId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        // `.` and `..` would be steps in a path, and nobody wants to explain more than this.
        if (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with('.') {
            Ok(Self(text.into()))
        } else {
            Err(InvalidClientId)
        }
    }
}

impl TryFrom<String> for ClientId {
    type Error = InvalidClientId;

    fn try_from(text: String) -> Result<Self, InvalidClientId> {
        text.parse()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_enum!(/// Who maintains a row.
ManagedBy {
    /// `vouchsafe.toml`: read-only elsewhere, disabled when its line goes.
    Config = "config",
    /// The admin API or CLI.
    Admin = "admin",
});

text_enum!(/// Whether a client may do anything.
ClientStatus {
    /// May authenticate.
    Active = "active",
    /// May not.
    Disabled = "disabled",
});

text_enum!(/// `token_endpoint_auth_method` (RFC 7591 section 2).
ClientAuthMethod {
    /// A public client.
    None = "none",
    /// HTTP Basic.
    ClientSecretBasic = "client_secret_basic",
    /// Credentials in the form.
    ClientSecretPost = "client_secret_post",
});

/// HMAC of a client secret under a server key and the owner's id: copied to another client it authenticates nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSecretDigest {
    /// The HMAC key.
    pub key_id: KeyId,
    /// HMAC-SHA-256 over kind, owner and secret.
    pub mac: [u8; 32],
    /// When it was made; `None` for one of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<UnixMillis>,
}

impl ClientSecretDigest {
    /// Names the secret among those of its owner without telling anything about it: the first 12 hexadecimal digits of
    /// the MAC.
    pub fn id(&self) -> String {
        self.mac[..6]
            .iter()
            .fold(String::new(), |id, byte| id + &format!("{byte:02x}"))
    }
}

/// How much: everything a token can do, or named scopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeBound {
    /// Whatever the upstream token can do, known or not.
    Everything,
    /// No more than these.
    Scopes(Scope),
}

impl fmt::Display for ScopeBound {
    /// `*`, or scopes with single spaces between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("*"),
            Self::Scopes(scope) => scope.fmt(f),
        }
    }
}

impl ScopeBound {
    /// The narrower of two bounds; never wider than either.
    pub fn narrow(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everything, bound) | (bound, Self::Everything) => bound.clone(),
            (Self::Scopes(a), Self::Scopes(b)) => Self::Scopes(a.intersection(b)),
        }
    }

    /// Both bounds together.
    pub fn widen(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Scopes(a), Self::Scopes(b)) => Self::Scopes(a.union(b)),
            _ => Self::Everything,
        }
    }

    /// Whether all of `other` lies inside.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Scopes(_), Self::Everything) => false,
            (Self::Scopes(bound), Self::Scopes(scope)) => scope.is_subset(bound),
        }
    }

    /// Whether `scope` lies inside.
    pub fn covers(&self, scope: &Scope) -> bool {
        match self {
            Self::Everything => true,
            Self::Scopes(bound) => scope.is_subset(bound),
        }
    }
}

/// What a client may at most be given at one provider. Set by admins; a user's delegation lies inside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// The provider; also the `audience` the client names.
    pub provider_id: ProviderId,
    /// The most it may ever do there.
    pub scope: ScopeBound,
    /// Whether raw tokens may be handed out although they live without bound or cannot be revoked (AR-08).
    pub allow_unbounded_raw: bool,
    /// An admin's trusted mark: this much needs no delegation, unless the user denies it.
    pub trusted: Option<ScopeBound>,
}

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// `client_name`, shown on consent pages.
    pub name: String,
    /// `token_endpoint_auth_method`.
    pub auth_method: ClientAuthMethod,
    /// Live secrets; two while one is being replaced.
    pub secrets: Vec<ClientSecretDigest>,
    /// `redirect_uris`, exact.
    pub redirect_uris: Vec<String>,
    /// `grant_types`.
    pub grant_types: Vec<GrantType>,
    /// Scopes of ours it may ask for.
    pub scope: Scope,
    /// Clients whose tokens it may present as a resource they were meant for (the admin-set link of AR-02).
    pub accepts_tokens_of: Vec<ClientId>,
    /// What it may at most be given, per provider.
    pub ceilings: Vec<Ceiling>,
    /// Whether it may do anything.
    pub status: ClientStatus,
    /// Who maintains this row.
    pub managed_by: ManagedBy,
    /// Creation.
    pub created_at: UnixMillis,
}

impl Client {
    /// What it may at most be given at `provider`; `None` = not allow-listed.
    pub fn ceiling(&self, provider: &ProviderId) -> Option<&Ceiling> {
        self.ceilings
            .iter()
            .find(|ceiling| ceiling.provider_id == *provider)
    }

    /// Whether it cannot keep a secret (RFC 6749 section 2.1).
    pub fn is_public(&self) -> bool {
        self.auth_method == ClientAuthMethod::None
    }
}

impl Authority for Client {
    const KIND: &'static str = "clients/1";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FixedClock, Ids, OsEntropy};

    #[test]
    fn an_id_can_stand_in_a_path() {
        for good in ["a", "-", "a..b", "A.z_0-", &"a".repeat(128)] {
            assert_eq!(good.parse::<ClientId>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", ".a", "a b", "a/b", "ä", &"a".repeat(129)] {
            assert_eq!(bad.parse::<ClientId>(), Err(InvalidClientId), "{bad}");
        }
    }

    #[test]
    fn a_digest_without_a_time_is_written_as_it_always_was() {
        let ids = Ids::new(
            std::sync::Arc::new(FixedClock::at(UnixMillis(0))),
            std::sync::Arc::new(OsEntropy),
        );
        let digest = ClientSecretDigest {
            key_id: ids.next(),
            mac: [0xab; 32],
            created_at: None,
        };
        let text = serde_json::to_string(&digest).unwrap();
        assert!(text.starts_with(&format!(r#"{{"key_id":"{}","mac":[171,"#, digest.key_id.as_str())));
        assert!(
            !text.contains("created_at"),
            "the rows of old would lose their tags: {text}"
        );
        assert_eq!(serde_json::from_str::<ClientSecretDigest>(&text).unwrap(), digest);
        assert_eq!(digest.id(), "abababababab");
    }
}
