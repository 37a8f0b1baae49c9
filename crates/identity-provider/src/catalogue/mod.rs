//! The provider catalogue: what to send to an upstream provider, and what its answer means.
//!
//! A provider is data, an [`Entry`]. The catalogue performs no I/O and knows no HTTP client: builders make an
//! [`UpstreamRequest`], readers turn an [`UpstreamAnswer`] into a [`TokenAnswer`] or an [`UpstreamFailure`].
//!
//! An entry goes through three steps: a built-in [`template`] (or [`Entry::from_toml`]); [`Entry::resolve`] with what
//! the operator wrote; and, where [`Entry::discovery_url`] names a document, [`Entry::with_discovery`]. The result is
//! stored as JSON ([`Entry::to_json`]).
//!
//! # Scopes of more than one part
//!
//! Slack issues a bot and a user token from one consent. Scopes of the bot are written plainly (`chat:write`), scopes
//! of the user with the prefix `user:` (`user:search:read`), on the way out and on the way in. An entry declares its
//! prefixes in `scope.params`.

mod answer;
mod authorize;
mod destinations;
mod discovery;
mod endpoints;
mod entry;
mod error;
mod expiry;
mod failure;
mod identity;
mod json;
mod lifetime;
mod placeholder;
mod power;
mod refresh_answer;
mod request;
mod resolve;
mod retry_after;
mod revoke;
mod schema;
mod scope;
mod template;
mod token_answer;
mod token_request;
mod validate;

#[cfg(test)]
mod tests;

pub use answer::UpstreamAnswer;
pub use authorize::AuthorizeParameters;
pub use entry::Entry;
pub use error::CatalogueError;
pub use failure::UpstreamFailure;
pub use identity::{Account, IdentitySource};
pub use lifetime::Lifetime;
pub use power::Narrowing;
pub use refresh_answer::{KeptRefreshToken, RefreshAnswer, RefusedRefresh};
pub use request::{Method, TokenKind, UpstreamClient, UpstreamRequest};
pub use resolve::EntryOverrides;
pub use revoke::RevokeOutcome;
pub use schema::{
    Api, BodyFormat, ClientAuth, EchoMissing, ErrorDetection, ErrorRules, ErrorSign, ExpiryRules, ExpiryUnit,
    GrantModel, IdentityOrigin, IdentityRules, IntrospectRules, IntrospectShape, IssuerCheck, Kind, Matcher,
    NarrowRules, Part, Pkce, RefreshNarrowing, RefreshRules, RefreshSupport, ResponseFormat, Reuse,
    RevokeEffect, RevokeRules, RevokeShape, RevokeTokens, Rotation, ScopeNames, ScopeParam, ScopeResponse,
    ScopeRules, ScopeSeparator, SendScope, TokenPointers, Var, VarPattern,
};
pub use template::{template, template_names};
pub use token_answer::{TokenAnswer, TokenPart};
