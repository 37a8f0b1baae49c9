//! Everything of somebody, revoked at once: an epoch, swept later.

use std::fmt;
use std::str::FromStr;

use crate::client::ClientId;
use crate::id::UserId;
use crate::provider::ProviderId;

/// Whose access is revoked as a whole. One row says so: what was there by then is dead from that moment, however much it
/// is, and a job does the rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccessOf {
    /// Every connection of a user.
    User(UserId),
    /// Every leave that people gave to a client, and every token of ours that was issued to it.
    Client(ClientId),
    /// Every connection at a provider.
    Provider(ProviderId),
}

impl AccessOf {
    /// What it is, by its stored name.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => USER,
            Self::Client(_) => CLIENT,
            Self::Provider(_) => PROVIDER,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Client(id) => id.as_str(),
            Self::Provider(id) => id.as_str(),
        }
    }
}

impl fmt::Display for AccessOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.id())
    }
}

/// The text names nobody whose access can be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected user, client or provider, and an id")]
pub struct UnknownAccess;

impl FromStr for AccessOf {
    type Err = UnknownAccess;

    fn from_str(text: &str) -> Result<Self, UnknownAccess> {
        let (kind, id) = text.split_once(' ').ok_or(UnknownAccess)?;
        let of = match kind {
            USER => id.parse().map(Self::User).ok(),
            CLIENT => id.parse().map(Self::Client).ok(),
            PROVIDER => id.parse().map(Self::Provider).ok(),
            _ => None,
        };
        of.ok_or(UnknownAccess)
    }
}

const USER: &str = "user";
const CLIENT: &str = "client";
const PROVIDER: &str = "provider";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TypedId as _;

    #[test]
    fn it_reads_what_it_writes() {
        let user = UserId::from_uuid("00000000-0000-7000-8000-000000000001".parse().unwrap());
        for of in [
            AccessOf::User(user),
            AccessOf::Client("agent".parse().unwrap()),
            AccessOf::Provider("github".parse().unwrap()),
        ] {
            assert_eq!(of.to_string().parse(), Ok(of));
        }
        for text in ["", "user", "user nobody", "people github", "provider GitHub"] {
            assert_eq!(text.parse::<AccessOf>(), Err(UnknownAccess), "{text}");
        }
    }
}
