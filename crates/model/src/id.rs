//! Typed ids: a prefix that says what it is, then a UUIDv7 as 26 lower-case Crockford base-32 characters.
//!
//! Ids are opaque, not secret. UUIDv7 keeps rows made together close together in the index.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use crate::clock::UnixMillis;

/// What is wrong with the text of an id. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind} id: expected `{prefix}_` and 26 characters")]
pub struct InvalidId {
    kind: &'static str,
    prefix: &'static str,
}

/// What all typed ids have in common.
pub trait TypedId: Sized {
    /// The prefix, without the underscore.
    const PREFIX: &'static str;
    /// Makes the id of a UUID.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The text, as stored and shown.
    fn as_str(&self) -> &str;

    /// When it was made, by the clock of its maker (RFC 9562 section 5.7). Nothing may rest on it: anyone can write an id.
    fn made_at(&self) -> UnixMillis {
        let digits = self.as_str().bytes().skip(Self::PREFIX.len() + 1);
        let digit = |byte| ALPHABET.iter().position(|known| *known == byte).unwrap_or(0);
        let value = digits.fold(0_u128, |value, byte| value << 5 | digit(byte) as u128);
        UnixMillis(i64::try_from(value >> 80 & 0xffff_ffff_ffff).unwrap_or(0))
    }
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Box<str>);

        impl TypedId for $name {
            const PREFIX: &'static str = $prefix;

            fn from_uuid(uuid: Uuid) -> Self {
                Self(format!(concat!($prefix, "_{}"), encode(uuid.as_u128())).into_boxed_str())
            }

            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $name {
            /// The text, as stored and shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                if is_well_formed(text, $prefix) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { kind: $kind, prefix: $prefix })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

typed_id!(/// This database: bound into every ciphertext and MAC.
    InstanceId, "ins", "instance");
typed_id!(/// A person.
    UserId, "usr", "user");
typed_id!(/// A person in one browser.
    SessionId, "ses", "session");
typed_id!(/// A person's leave for a client at our authorization server.
    AuthorizationId, "azn", "authorization");
typed_id!(/// An authorization code (the row, not the code).
    CodeId, "cod", "code");
typed_id!(/// The `jti` of an access token of ours.
    TokenId, "tok", "token");
typed_id!(/// An account at a provider, connected by a user.
    ConnectionId, "con", "connection");
typed_id!(/// One refresh chain of a connection.
    UpstreamGrantId, "ugr", "upstream grant");
typed_id!(/// A stored upstream access token.
    AccessTokenId, "uat", "access token");
typed_id!(/// A person's leave for a client to use a connection.
    DelegationId, "dlg", "delegation");
typed_id!(/// A request that a person act.
    InteractionId, "itn", "interaction");
typed_id!(/// One journey to a provider and back.
    ConnectAttemptId, "cat", "connect attempt");
typed_id!(/// The data key of one connection.
    DataKeyId, "dek", "data key");
typed_id!(/// A key of the server.
    KeyId, "key", "key");
typed_id!(/// An entry of the record.
    RecordId, "rec", "record");
typed_id!(/// A revocation to be carried out upstream.
    RevocationId, "urv", "upstream revocation");
typed_id!(/// A unit of durable background work.
    JobId, "job", "job");
typed_id!(/// A key for the admin API.
    AdminKeyId, "adm", "admin key");

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn encode(value: u128) -> String {
    (0..26)
        .rev()
        .map(|i| ALPHABET[((value >> (i * 5)) & 31) as usize] as char)
        .collect()
}

fn is_well_formed(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .is_some_and(|rest| rest.len() == 26 && rest.bytes().all(|b| ALPHABET.contains(&b)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_reads_back_as_itself(value: u128) {
            let id = ConnectionId::from_uuid(Uuid::from_u128(value));
            prop_assert_eq!(id.as_str().parse::<ConnectionId>().unwrap(), id.clone());
            prop_assert!(id.as_str().parse::<UserId>().is_err());
        }

        #[test]
        fn ids_sort_as_their_uuids(a: u128, b: u128) {
            let (x, y) = (UserId::from_uuid(Uuid::from_u128(a)), UserId::from_uuid(Uuid::from_u128(b)));
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<RecordId>();
        }
    }
}
