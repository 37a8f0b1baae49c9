//! One refresh chain of a connection. Slack has two, most providers one.

use serde::{Deserialize, Serialize};
use vouchsafe_oauth_types::Scope;

use crate::clock::UnixMillis;
use crate::id::{ConnectionId, DataKeyId, UpstreamGrantId};
use crate::sealed::Sealed;

/// What a token can really do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectiveScope {
    /// The provider told us.
    Known(Scope),
    /// The provider did not say: it counts as everything (AR-10).
    Unknown,
}

/// A grant held upstream (connection x provider), with its refresh token when there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamGrant {
    /// Id.
    pub id: UpstreamGrantId,
    /// Its connection.
    pub connection_id: ConnectionId,
    /// Which part of the provider's answer it came from; empty for most.
    pub part: String,
    /// What it can do.
    pub scope: EffectiveScope,
    /// The refresh token, sealed.
    pub refresh_token: Option<Sealed<String>>,
    /// The data key that sealed it.
    pub data_key_id: DataKeyId,
    /// Version of the value; part of the seal, compared and set at each rotation, carried by the record.
    pub version: i64,
    /// When the refresh token ends, if the provider says.
    pub refresh_expires_at: Option<UnixMillis>,
    /// Who is refreshing it.
    pub lease_owner: Option<String>,
    /// Until when.
    pub lease_until: Option<UnixMillis>,
    /// Since when the outcome of a refresh is unknown: the token may be spent.
    pub outcome_unknown_since: Option<UnixMillis>,
    /// Last change.
    pub updated_at: UnixMillis,
}
