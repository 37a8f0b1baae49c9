//! Who takes part in the journey, and what they are given.

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// Who takes part, and what each knows.
#[derive(Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Parties {
    pub issuer: Url,
    pub client_id: String,
    pub client_secret: String,
    pub redirect_uri: String,
    pub username: String,
    pub password: String,
    pub audience: String,
    pub scope: String,
    pub admin_key: String,
    /// The provider's protected API.
    pub api: String,
}

/// A token of ours that says in whose name the agent asks.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the names are those of RFC 6749")]
pub struct SubjectToken {
    pub access_token: String,
    pub expires_in: u64,
}

/// What an exchange came to.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names are those of RFC 6749 and RFC 8693")]
pub enum Exchanged {
    /// A token of the provider.
    Token {
        access_token: String,
        expires_in: Option<u64>,
        scope: Option<String>,
        record: String,
    },
    /// A person must act first.
    Ask {
        reason: String,
        interaction_uri: Url,
        interval: u64,
    },
    /// Neither.
    Refused { status: StatusCode, body: String },
}

/// What the provider's API said to a token.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ApiAnswer {
    pub status: StatusCode,
    pub body: Value,
}
