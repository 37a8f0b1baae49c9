//! Upstream providers: data, not code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::client::ManagedBy;
use crate::clock::UnixMillis;
use crate::sealed::{HostsDigest, Sealed};
use crate::tagged::Authority;

/// The operator's name for a provider entry (`github`): the `audience` agents name and part of its redirect URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderId(Box<str>);

/// The text cannot be a provider id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a provider id is 1 to 64 of the characters a-z 0-9 -, and begins with a letter")]
pub struct InvalidProviderId;

impl ProviderId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProviderId {
    type Err = InvalidProviderId;

    fn from_str(text: &str) -> Result<Self, InvalidProviderId> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let begins = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if begins && text.len() <= 64 && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidProviderId)
        }
    }
}

impl TryFrom<String> for ProviderId {
    type Error = InvalidProviderId;

    fn try_from(text: String) -> Result<Self, InvalidProviderId> {
        text.parse()
    }
}

impl From<ProviderId> for String {
    fn from(id: ProviderId) -> Self {
        id.0.into()
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A configured provider. The resolved catalogue entry travels as JSON; `identity-provider` knows its shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Id.
    pub id: ProviderId,
    /// The resolved entry, as JSON without secrets.
    pub entry: String,
    /// Our `client_id` there.
    pub client_id: String,
    /// Our `client_secret` there; absent for public clients.
    pub client_secret: Option<Sealed<String>>,
    /// Digest of every host the entry may send a secret to.
    pub hosts: HostsDigest,
    /// Version of `client_secret`, part of its seal.
    pub version: i64,
    /// Whether it may be used.
    pub enabled: bool,
    /// Who maintains this row.
    pub managed_by: ManagedBy,
    /// Last change.
    pub updated_at: UnixMillis,
}

impl Authority for Provider {
    const KIND: &'static str = "providers/1";
}
