//! Where things stand in a token answer.

use serde::{Deserialize, Serialize};

/// How a token answer is written. Content types are not believed: providers mislabel them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// JSON only.
    #[default]
    Json,
    /// Form-encoded; JSON is understood too.
    Form,
    /// Whatever it looks like.
    Auto,
}

/// JSON pointers (RFC 6901) to the fields, from the object that holds the access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenPointers {
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// The lifetime of the access token.
    pub expires_in: String,
    /// The token type.
    pub token_type: String,
    /// The ID token, from the top of the answer.
    pub id_token: String,
}

impl Default for TokenPointers {
    fn default() -> Self {
        Self {
            access_token: "/access_token".into(),
            refresh_token: "/refresh_token".into(),
            expires_in: "/expires_in".into(),
            token_type: "/token_type".into(),
            id_token: "/id_token".into(),
        }
    }
}

/// A token of its own, with a refresh chain of its own, inside one answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name; stored with the upstream grant.
    pub name: String,
    /// JSON pointers to the objects it may stand in; the first that holds it wins. Empty is the top of the answer.
    #[serde(default = "top")]
    pub at: Vec<String>,
    /// The `token_type` that tells it from other parts; empty means any that `token_types` accepts.
    #[serde(default)]
    pub token_type: String,
}

fn top() -> Vec<String> {
    vec![String::new()]
}

/// How lifetimes are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExpiryRules {
    /// What the number counts. A number in a string is always understood.
    pub unit: ExpiryUnit,
    /// The lifetime of a token whose answer names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_s: Option<u32>,
    /// Whether zero means without end.
    pub zero_means_never: bool,
    /// Whether every access token of this provider ends. Unless an entry says so, tokens count as unbounded (AR-08).
    pub always: bool,
}

/// What a lifetime counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryUnit {
    /// Seconds.
    #[default]
    S,
    /// Milliseconds.
    Ms,
    /// Minutes.
    Min,
}
