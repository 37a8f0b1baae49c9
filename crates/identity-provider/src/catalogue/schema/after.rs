//! What can be done with a token: revoke it, ask about it, learn whose it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::errors::Matcher;
use super::scope_names::ScopeNames;
use crate::catalogue::request::Method;

/// Revocation at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RevokeRules {
    /// How it is asked for.
    pub shape: RevokeShape,
    /// Where; `{client_id}` is filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The method of `api_delete`.
    pub method: Method,
    /// The JSON body of `api_delete`; `{token}` and `{client_id}` are filled in.
    pub json_body: BTreeMap<String, String>,
    /// Which tokens it takes.
    pub tokens: RevokeTokens,
    /// The statuses that confirm it.
    pub ok: Vec<u16>,
    /// Errors that say the token was dead already.
    pub gone: Vec<Matcher>,
    /// What dies.
    pub effect: RevokeEffect,
}

impl Default for RevokeRules {
    fn default() -> Self {
        Self {
            shape: RevokeShape::None,
            url: None,
            method: Method::Delete,
            json_body: BTreeMap::new(),
            tokens: RevokeTokens::Any,
            ok: vec![200],
            gone: vec![Matcher::code("invalid_token")],
            effect: RevokeEffect::Token,
        }
    }
}

/// How a revocation is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeShape {
    /// The provider cannot.
    #[default]
    None,
    /// RFC 7009, with the client authentication of the token endpoint.
    Rfc7009,
    /// RFC 7009 with nothing but the token.
    Rfc7009NoClientAuth,
    /// RFC 7009 with the client's secret in the body, whatever the token endpoint takes.
    PostClient,
    /// A call of the provider's API with `method`, `json_body` and the client as HTTP Basic user.
    #[serde(alias = "json_basic")]
    ApiDelete,
    /// A POST that carries the token to be revoked as its own authorization.
    #[serde(alias = "api_call_with_token")]
    SelfBearer,
}

/// Which tokens a revocation takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeTokens {
    /// Either.
    #[default]
    Any,
    /// Only access tokens.
    Access,
    /// Only refresh tokens.
    Refresh,
}

/// What dies with a revocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeEffect {
    /// The token, and what hangs on it.
    #[default]
    Token,
    /// Everything of this client and account: also other connections to the same account.
    Grant,
}

/// Asking about a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntrospectRules {
    /// How.
    pub shape: IntrospectShape,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How a token is asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntrospectShape {
    /// Not at all.
    #[default]
    None,
    /// RFC 7662.
    Rfc7662,
    /// A call that carries the token as its own authorization.
    SelfCall,
    /// A JSON body with the client as HTTP Basic user.
    PostBasicJson,
}

/// Learning whose account it is (UP-17).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityRules {
    /// Where it stands.
    pub source: IdentityOrigin,
    /// The userinfo call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its method.
    pub method: Method,
    /// Its JSON body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Pointers to the stable account id; several are joined by `:`. Never an e-mail address.
    pub account_id: Vec<String>,
    /// Pointers to a name for people; the first string wins.
    pub label: Vec<String>,
    /// Pointer to the e-mail address: a label when there is no better one, never a key.
    pub email: String,
    /// Scopes that this needs; always asked for.
    pub scopes: ScopeNames,
}

impl Default for IdentityRules {
    fn default() -> Self {
        Self {
            source: IdentityOrigin::Userinfo,
            url: None,
            method: Method::Get,
            body: None,
            account_id: vec!["/sub".into()],
            label: Vec::new(),
            email: "/email".into(),
            scopes: ScopeNames::default(),
        }
    }
}

/// Where the account stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityOrigin {
    /// In the answer to a call with the access token.
    #[default]
    Userinfo,
    /// In the token answer.
    TokenResponse,
    /// In the claims of the verified ID token.
    IdToken,
}
