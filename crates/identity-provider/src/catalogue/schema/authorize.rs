//! Identity of the provider, and what the browser is sent away with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scope_names::ScopeNames;

/// Which protocol the provider speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// OAuth 2.0.
    #[default]
    Oauth2,
    /// OpenID Connect: `nonce` is sent, and an ID token is verified (UP-03, UP-08).
    Oidc,
}

/// How `iss` is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerCheck {
    /// Byte by byte with `issuer`.
    #[default]
    Exact,
    /// With `issuer_template`, whose `{tid}` is the tenant in the token.
    Template,
}

/// PKCE (RFC 7636), with S256 only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pkce {
    /// Sent, unless discovery says that the provider has no S256.
    #[default]
    S256,
    /// Sent, and a provider without it is refused.
    Required,
    /// Not sent: the provider refuses parameters that it does not know.
    Omit,
}

/// Scopes on the way out and back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScopeRules {
    /// Between scopes in the request.
    pub separator: ScopeSeparator,
    /// The parameters that carry scopes; empty means the one parameter `scope`.
    pub params: Vec<ScopeParam>,
    /// Scopes that only ask for a refresh token. Always sent, and no power of an access token.
    pub offline: ScopeNames,
    /// How the answer names them.
    pub response: ScopeResponse,
    /// What an answer without scopes means.
    pub echo_missing_means: EchoMissing,
}

/// What stands between scopes in a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeSeparator {
    /// A space (RFC 6749 section 3.3).
    #[default]
    Space,
    /// A comma.
    Comma,
    /// In an answer: spaces or commas. In a request: a space.
    Either,
    /// The provider has no scopes: no parameter is sent, and an answer is not believed.
    None,
}

/// A parameter that carries the scopes of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeParam {
    /// The parameter.
    pub name: String,
    /// The part whose scopes it carries.
    #[serde(default)]
    pub part: String,
    /// How our names of these scopes begin; taken off on the way out, put on on the way in.
    #[serde(default)]
    pub prefix: String,
}

/// Scopes in a token answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScopeResponse {
    /// Where they stand, from the object that holds the access token.
    pub pointer: String,
    /// What stands between them. An array is always understood.
    pub separator: ScopeSeparator,
    /// The provider's name in answers, and the name that requests use.
    pub aliases: BTreeMap<String, String>,
}

impl Default for ScopeResponse {
    fn default() -> Self {
        Self {
            pointer: "/scope".into(),
            separator: ScopeSeparator::Space,
            aliases: BTreeMap::new(),
        }
    }
}

/// What an answer without scopes means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoMissing {
    /// What was asked for (RFC 6749 section 5.1). Believed only where `grant_model` is `independent` or
    /// `replaces_previous`: elsewhere an earlier consent may have widened the token.
    #[default]
    AsRequested,
    /// Nothing: the token counts as able to do everything (AR-10).
    Unknown,
}

/// What a second consent does to the grants of the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantModel {
    /// Each consent is a grant of its own.
    #[default]
    Independent,
    /// One grant per account and client; a later consent widens the tokens already out.
    AdditiveSingle,
    /// A later consent ends the earlier one.
    ReplacesPrevious,
    /// Power comes from the registration of the client, not from scopes.
    NoScopes,
}
