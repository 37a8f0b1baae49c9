//! How we speak to the token endpoint.

use serde::{Deserialize, Serialize};

/// Client authentication.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `client_secret_basic` (RFC 6749 section 2.3.1).
    #[default]
    Basic,
    /// `client_secret_post`.
    Post,
    /// A public client: only `client_id`.
    None,
}

/// The body of a token request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded` (RFC 6749).
    #[default]
    Form,
    /// A flat JSON object.
    Json,
}
