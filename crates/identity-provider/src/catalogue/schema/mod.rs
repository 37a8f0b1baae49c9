//! The shape of an entry, group by group. Every field has a default, and the default is the safe choice.

mod after;
mod api;
mod authorize;
mod errors;
mod refresh;
mod response;
mod scope_names;
mod token;
mod vars;

pub use after::{
    IdentityOrigin, IdentityRules, IntrospectRules, IntrospectShape, RevokeEffect, RevokeRules, RevokeShape,
    RevokeTokens,
};
pub use api::Api;
pub use authorize::{
    EchoMissing, GrantModel, IssuerCheck, Kind, Pkce, ScopeParam, ScopeResponse, ScopeRules, ScopeSeparator,
};
pub use errors::{ErrorDetection, ErrorRules, ErrorSign, Matcher};
pub use refresh::{NarrowRules, RefreshNarrowing, RefreshRules, RefreshSupport, Reuse, Rotation, SendScope};
pub use response::{ExpiryRules, ExpiryUnit, Part, ResponseFormat, TokenPointers};
pub use scope_names::ScopeNames;
pub use token::{BodyFormat, ClientAuth};
pub(super) use vars::is_guid;
pub use vars::{Var, VarPattern};
