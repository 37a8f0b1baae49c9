//! An upstream access token in the vault.

use crate::clock::UnixMillis;
use crate::id::{AccessTokenId, ConnectionId, DataKeyId, UpstreamGrantId};
use crate::sealed::Sealed;
use crate::upstream_grant::EffectiveScope;

/// A stored access token: one per upstream grant, audience and scope set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Id.
    pub id: AccessTokenId,
    /// The grant it came from.
    pub upstream_grant_id: UpstreamGrantId,
    /// Its connection.
    pub connection_id: ConnectionId,
    /// Audience at the provider; empty where the provider knows only one.
    pub audience: String,
    /// The narrowing it was asked for: a scope string, or empty for the whole grant.
    pub scope_key: String,
    /// What it can really do.
    pub scope: EffectiveScope,
    /// The token, sealed.
    pub token: Sealed<String>,
    /// The data key that sealed it.
    pub data_key_id: DataKeyId,
    /// Version of the value; part of the seal.
    pub version: i64,
    /// End of its life; `None` = lives without bound.
    pub expires_at: Option<UnixMillis>,
    /// When we received it.
    pub issued_at: UnixMillis,
}
