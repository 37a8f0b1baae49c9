//! An account at a provider, connected by a user.

use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;
use crate::id::{ConnectionId, UserId};
use crate::provider::ProviderId;
use crate::sealed::HostsDigest;
use crate::text::text_enum;

text_enum!(/// Why the user must connect again.
ReconnectReason {
    /// The provider says that the grant is gone.
    GrantDead = "grant_dead",
    /// The provider's hosts changed, so the stored secret may not be sent any more (AR-03).
    HostsChanged = "hosts_changed",
    /// An admin reset the user's credentials.
    CredentialsReset = "credentials_reset",
});

/// Where a connection is in its life. `Revoked` is terminal (AR-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ConnectionState {
    /// Usable.
    Active,
    /// The user must consent again; the same upstream account keeps the id.
    NeedsConsent {
        /// Why.
        reason: ReconnectReason,
        /// Since when.
        since: UnixMillis,
    },
    /// Dead for ever; its secrets have moved to the revocation queue.
    Revoked {
        /// When.
        at: UnixMillis,
    },
}

/// A connection. Its id is allocated when the connect flow begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Id.
    pub id: ConnectionId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where.
    pub provider_id: ProviderId,
    /// The provider's stable id of the account, never an e-mail address.
    pub account_id: String,
    /// What the user calls the account.
    pub account_label: Option<String>,
    /// Where it is in its life.
    pub state: ConnectionState,
    /// The upstream client that obtained the grants; another one cannot refresh them.
    pub upstream_client_id: String,
    /// The hosts its secrets are sealed for.
    pub hosts: HostsDigest,
    /// Grows with every change of the row; the record carries it.
    pub version: i64,
    /// Creation.
    pub created_at: UnixMillis,
    /// Last change.
    pub updated_at: UnixMillis,
}
