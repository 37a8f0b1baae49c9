//! The endpoints, each written once for all personalities.

pub(crate) mod api;
pub(crate) mod authorize;
mod client_auth;
mod consent_page;
pub(crate) mod github;
pub(crate) mod introspect;
pub(crate) mod openid;
pub(crate) mod revoke;
pub(crate) mod slack;
pub(crate) mod token;
mod token_reply;
