//! What can happen. An event says what, to whom (by pseudonym), and which authority it changed; never a secret.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vouchsafe_model::{
    AccessOf, AccessToken, Change, Connection, Identity, Interaction, InteractionId, Tagged, UnixMillis,
    UpstreamGrant, UpstreamGrantId, UpstreamRevocation,
};

use crate::print;

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// The kinds of event, by their stable names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $variant,)+
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

event_kinds! {
    /// The instance was created.
    InstanceCreated = "instance.created",
    /// A token was released to a client by token exchange.
    TokenExchanged = "token.exchanged",
    /// An exchange was refused.
    ExchangeRefused = "exchange.refused",
    /// Client authentication failed; `count` of them.
    ClientAuthenticationFailed = "client_authentication.failed",
    /// An access token of ours was issued for an authorization code.
    TokenIssued = "token.issued",
    /// A code was refused.
    CodeRefused = "code.refused",
    /// A code was presented again; what came from it is revoked.
    CodeReplayed = "code.replayed",
    /// A person signed in.
    SessionStarted = "session.started",
    /// A session ended.
    SessionEnded = "session.ended",
    /// Signing in failed; `count` of them.
    SignInFailed = "sign_in.failed",
    /// A person consented to a client at our authorization server.
    AuthorizationGranted = "authorization.granted",
    /// A person refused a client.
    AuthorizationDenied = "authorization.denied",
    /// A browser left for a provider.
    ConnectStarted = "connect.started",
    /// A connect attempt ended without a connection.
    ConnectFailed = "connect.failed",
    /// An account was connected, reconnected or widened.
    ConnectionConnected = "connection.connected",
    /// A refresh token was used, and its successor stored.
    ConnectionRefreshed = "connection.refreshed",
    /// A refresh failed without harm to the grant.
    RefreshFailed = "refresh.failed",
    /// The user must consent again.
    ConnectionNeedsConsent = "connection.needs_consent",
    /// A connection was revoked here.
    ConnectionRevoked = "connection.revoked",
    /// The account of a revoked connection was forgotten, because its owner was erased.
    ConnectionErased = "connection.erased",
    /// Everything of a user, a client or a provider was revoked here.
    AccessRevoked = "access.revoked",
    /// An upstream revocation reached a new state.
    UpstreamRevocation = "upstream_revocation.updated",
    /// A person gave a client leave.
    DelegationGranted = "delegation.granted",
    /// A person denied a client.
    DelegationDenied = "delegation.denied",
    /// A person took leave back.
    DelegationWithdrawn = "delegation.withdrawn",
    /// An agent was told that a person must act.
    InteractionRequested = "interaction.requested",
    /// A person answered.
    InteractionDecided = "interaction.decided",
    /// A client was created or changed.
    ClientChanged = "client.changed",
    /// A client may no longer do anything.
    ClientDisabled = "client.disabled",
    /// A user was created or changed.
    UserChanged = "user.changed",
    /// Nothing is done in a user's name any more.
    UserDisabled = "user.disabled",
    /// A person was erased: what names them is deleted, or about to be.
    UserErased = "user.erased",
    /// Nothing here names an erased person any more.
    UserErasureFinished = "user.erasure_finished",
    /// A provider was created or changed.
    ProviderChanged = "provider.changed",
    /// A provider is no longer used.
    ProviderDisabled = "provider.disabled",
    /// An admin key was created.
    AdminKeyCreated = "admin_key.created",
    /// An admin key was deleted.
    AdminKeyDeleted = "admin_key.deleted",
    /// The admin API refused a caller.
    AdminRefused = "admin.refused",
    /// An operator went on with a database that contradicts the last checkpoint.
    RecordAdopted = "record.adopted",
    /// A row that somebody signs in or calls with, or that was written anew, carried no valid MAC: somebody changed the
    /// database. Other rows are found by verifying.
    TamperedRow = "row.tampered",
}

/// What names a person: kept beside the body, hashed into it with a salt, erasable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// `iss` of the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// `sub` of the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Account at the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Network address of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// User agent of the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl Details {
    const fn none() -> Self {
        Self {
            issuer: None,
            subject: None,
            account: None,
            address: None,
            user_agent: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An event on its way to the record.
#[derive(Debug, Clone)]
pub struct Event {
    pub(crate) kind: EventKind,
    pub(crate) user: Option<String>,
    /// Each name once.
    pub(crate) facts: Vec<(&'static str, Value)>,
    pub(crate) details: Details,
    pub(crate) changes: Vec<Change>,
    pub(crate) versions: Vec<(&'static str, String, i64)>,
}

impl Event {
    /// An event without facts.
    pub fn new(kind: EventKind) -> Self {
        Self {
            kind,
            user: None,
            facts: Vec::with_capacity(FACTS),
            details: Details::default(),
            changes: Vec::new(),
            versions: Vec::new(),
        }
    }

    /// The person concerned, by pseudonym.
    pub fn user(mut self, pseudonym: &str) -> Self {
        self.user = Some(pseudonym.to_owned());
        self
    }

    /// A fact of the body. Never a secret, never what names a person.
    pub fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        match self.facts.iter_mut().find(|(known, _)| *known == name) {
            Some(fact) => fact.1 = value,
            None => self.facts.push((name, value)),
        }
        self
    }

    /// A fact of the body when there is one.
    pub fn fact_if(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// What names persons.
    pub fn details(mut self, details: Details) -> Self {
        self.details = details;
        self
    }

    /// Authority that this event changes: releases resting on it become stale.
    pub fn changes(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The version that a row has after this event; `0` = the row is gone. Verification compares it with the row.
    pub fn version(mut self, table: &'static str, id: &(impl ToString + ?Sized), version: i64) -> Self {
        self.versions.push((table, id.to_string(), version));
        self
    }

    /// The row that a granting table has after this event, told by its MAC. Verification compares it with the row: one
    /// that was put back as it once was has a good MAC, but not this one.
    pub fn row<T>(self, table: &'static str, id: &(impl ToString + ?Sized), row: &Tagged<T>) -> Self {
        self.version(table, id, print::tagged(row))
    }

    /// An identity that is there after this event.
    pub fn identity(self, row: &Tagged<Identity>) -> Self {
        self.version("identities", &print::identity_name(row), 1)
    }

    /// An identity that is gone.
    pub fn identity_gone(self, row: &Tagged<Identity>) -> Self {
        self.version("identities", &print::identity_name(row), 0)
    }

    /// A connection as it is after this event.
    pub fn connection(self, connection: &Connection) -> Self {
        self.version("connections", &connection.id, connection.version)
            .version(CONNECTION_PRINTS, &connection.id, print::connection(connection))
    }

    /// A grant as it is after this event.
    pub fn upstream_grant(self, grant: &UpstreamGrant) -> Self {
        self.version("upstream_grants", &grant.id, grant.version).version(
            GRANT_PRINTS,
            &grant.id,
            print::upstream_grant(grant),
        )
    }

    /// A grant is gone, and its access tokens with it.
    pub fn upstream_grant_gone(self, id: &UpstreamGrantId) -> Self {
        self.version("upstream_grants", id, 0)
    }

    /// An access token as it is stored after this event; what stood in its place before is gone.
    pub fn access_token(self, token: &AccessToken) -> Self {
        self.version("access_tokens", &print::slot(token), print::access_token(token))
    }

    /// An access token is gone.
    pub fn access_token_gone(self, token: &AccessToken) -> Self {
        self.version("access_tokens", &print::slot(token), 0)
    }

    /// A request that a person act, as it is after this event.
    pub fn interaction(self, interaction: &Interaction) -> Self {
        self.version("interactions", &interaction.id, print::interaction(interaction))
            .version(INTERACTION_ENDS, &interaction.id, interaction.expires_at.0)
    }

    /// A request that a person act is gone.
    pub fn interaction_gone(self, id: &InteractionId) -> Self {
        self.version("interactions", id, 0)
    }

    /// An upstream revocation as it is after this event.
    pub fn upstream_revocation(self, revocation: &UpstreamRevocation) -> Self {
        let state = print::revocation_state(revocation.state);
        self.version("upstream_revocations", &revocation.id, state)
    }

    /// Until when everything of `of` is revoked after this event.
    pub fn revoked_access(self, of: &AccessOf, at: UnixMillis) -> Self {
        self.version(REVOKED_ACCESS, of, at.0)
    }

    /// The same facts, as another kind of event.
    pub const fn into_kind(mut self, kind: EventKind) -> Self {
        self.kind = kind;
        self
    }

    /// Itself, once: what is left has its kind alone.
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::empty(self.kind))
    }

    const fn empty(kind: EventKind) -> Self {
        Self {
            kind,
            user: None,
            facts: Vec::new(),
            details: Details::none(),
            changes: Vec::new(),
            versions: Vec::new(),
        }
    }

    /// Its kind.
    pub const fn kind(&self) -> EventKind {
        self.kind
    }
}

/// Facts of an exchange, about.
const FACTS: usize = 24;

/// Where the epochs stand among the versions, by the text of whose they are.
pub(crate) const REVOKED_ACCESS: &str = "revoked_access";
/// Where the prints of connections stand among the versions.
pub(crate) const CONNECTION_PRINTS: &str = "connections.print";
/// Where the prints of grants stand.
pub(crate) const GRANT_PRINTS: &str = "upstream_grants.print";
/// Where the ends of interactions stand: afterwards the row may go.
pub(crate) const INTERACTION_ENDS: &str = "interactions.expires_at";
