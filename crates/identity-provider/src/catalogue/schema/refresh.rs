//! What a refresh does, and whether it can return less.

use serde::{Deserialize, Serialize};

use crate::catalogue::lifetime::Lifetime;

/// Refresh tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshRules {
    /// Whether there are any.
    pub support: RefreshSupport,
    /// Whether a refresh returns another refresh token.
    pub rotation: Rotation,
    /// For how many seconds a spent refresh token still works.
    pub grace_s: u32,
    /// What a spent refresh token does after that.
    pub reuse: Reuse,
    /// Whether the request repeats `redirect_uri`.
    pub send_redirect_uri: bool,
    /// Whether the request carries `scope`.
    pub send_scope: SendScope,
    /// Whether a refresh ends the access token before it. The rotation is then an authority change.
    pub kills_access_token: bool,
    /// How long a refresh token lives unused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ttl: Option<Lifetime>,
    /// How long it lives at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute_ttl: Option<Lifetime>,
    /// Whether that counts from the consent, so that refreshing does not help.
    pub fixed_from_consent: bool,
}

/// Whether a provider has refresh tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshSupport {
    /// RFC 6749 section 6.
    #[default]
    RefreshToken,
    /// None.
    None,
}

/// Whether a refresh returns another refresh token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Not known: treated as `always`, and an answer without one keeps the old.
    #[default]
    Unknown,
    /// Each time.
    Always,
    /// Now and then.
    Sometimes,
    /// Never.
    Never,
}

/// What a spent refresh token does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// It is refused.
    #[default]
    Reject,
    /// It is refused and ends every token of the grant.
    KillsFamily,
    /// It still works and does no harm.
    Idempotent,
}

/// Whether a refresh request carries `scope`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendScope {
    /// Never.
    #[default]
    Never,
    /// Only to ask for less.
    Narrow,
}

/// Asking for less than the grant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NarrowRules {
    /// By `scope` on refresh.
    pub refresh_scope: RefreshNarrowing,
}

/// What `scope` on a refresh does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshNarrowing {
    /// Nothing, or nobody knows.
    #[default]
    No,
    /// The access token is smaller, the grant stays.
    Yes,
    /// The grant shrinks for good: never used by itself.
    YesPermanent,
    /// It chooses the audience; within it the token can do everything consented.
    AudienceOnly,
}
