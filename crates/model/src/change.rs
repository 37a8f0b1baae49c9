//! The change feed: what lost, gained or changed authority, and when in the record.

use crate::text::text_enum;

text_enum!(/// What changed.
ChangeKind {
    /// A connection.
    Connection = "connection",
    /// A grant's state.
    UpstreamGrant = "upstream_grant",
    /// A delegation.
    Delegation = "delegation",
    /// Which connections and delegations a user has, by the user's id: there is another one.
    Leave = "leave",
    /// A client.
    Client = "client",
    /// A user.
    User = "user",
    /// A browser session.
    Session = "session",
    /// A consent at our authorization server.
    Authorization = "authorization",
    /// An access token of ours.
    Token = "token",
    /// A provider.
    Provider = "provider",
    /// A trusted issuer.
    Issuer = "issuer",
    /// A policy.
    Policy = "policy",
    /// A server key.
    Key = "key",
});

/// One authority change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// What kind of thing.
    pub kind: ChangeKind,
    /// Its id.
    pub id: String,
}

impl Change {
    /// A change of `id`.
    pub fn of(kind: ChangeKind, id: &(impl ToString + ?Sized)) -> Self {
        Self {
            kind,
            id: id.to_string(),
        }
    }
}
