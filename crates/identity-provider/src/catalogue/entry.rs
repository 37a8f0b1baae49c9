//! A provider as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vouchsafe_oauth_types::Scope;

use super::error::CatalogueError;
use super::schema::{
    Api, BodyFormat, ClientAuth, ErrorDetection, ErrorRules, ExpiryRules, GrantModel, IdentityRules,
    IntrospectRules, IssuerCheck, Kind, NarrowRules, Part, Pkce, RefreshRules, ResponseFormat, RevokeRules,
    ScopeNames, ScopeRules, TokenPointers, Var,
};
use super::validate::Stage;

/// A provider: everything that differs from one to the next. Every field has a default, which is the safe choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The entry's own name, for errors. Operators name their provider themselves.
    pub(super) name: String,
    pub(super) display_name: String,
    #[serde(default)]
    pub(super) kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
    #[serde(default)]
    pub(super) issuer_check: IssuerCheck,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer_template: Option<String>,
    #[serde(default)]
    pub(super) iss_parameter_supported: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) jwks_uri: Option<String>,

    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorize_url: Option<String>,
    #[serde(default)]
    pub(super) default_scopes: ScopeNames,
    #[serde(default)]
    pub(super) pkce: Pkce,
    #[serde(default)]
    pub(super) grant_model: GrantModel,

    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_url: Option<String>,
    #[serde(default)]
    pub(super) client_auth: ClientAuth,
    #[serde(default)]
    pub(super) body: BodyFormat,

    #[serde(default)]
    pub(super) format: ResponseFormat,
    /// The token types that are bearer tokens here; `""` lets an answer omit it.
    #[serde(default = "bearer")]
    pub(super) token_types: Vec<String>,
    /// Where the lifetime of the refresh token stands, from the object that holds the access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_expires_pointer: Option<String>,

    #[serde(default)]
    pub(super) parts: Vec<Part>,
    #[serde(default)]
    pub(super) vars: BTreeMap<String, Var>,
    #[serde(default)]
    pub(super) authorize_params: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) param_rename: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) scope: ScopeRules,
    #[serde(default)]
    pub(super) token_params: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) refresh_params: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) token_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) error: ErrorDetection,
    #[serde(default)]
    pub(super) token_pointer: TokenPointers,
    #[serde(default)]
    pub(super) expires: ExpiryRules,
    #[serde(default)]
    pub(super) refresh: RefreshRules,
    #[serde(default)]
    pub(super) errors: ErrorRules,
    #[serde(default)]
    pub(super) revoke: RevokeRules,
    #[serde(default)]
    pub(super) introspect: IntrospectRules,
    #[serde(default)]
    pub(super) identity: IdentityRules,
    #[serde(default)]
    pub(super) narrow: NarrowRules,
    #[serde(default)]
    pub(super) api: Api,
}

fn bearer() -> Vec<String> {
    vec!["bearer".into()]
}

impl Entry {
    /// Reads an entry written by hand. It may still have variables and lack endpoints; [`Entry::resolve`] ends that.
    pub fn from_toml(text: &str) -> Result<Self, CatalogueError> {
        let table: toml::Table = text.parse().map_err(|e| syntax("(TOML)", &e))?;
        Self::from_table(table, &Stage::Template)
    }

    pub(super) fn from_table(table: toml::Table, stage: &Stage<'_>) -> Result<Self, CatalogueError> {
        let name = table
            .get("name")
            .and_then(toml::Value::as_str)
            .unwrap_or("(unnamed)")
            .to_owned();
        let entry: Self = table.try_into().map_err(|e| syntax(&name, &e))?;
        entry.validate(stage)?;
        Ok(entry)
    }

    /// The stored form. Defaults are written out, so that a later version does not change what an entry means.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("an entry has only text keys and no floats")
    }

    /// Reads the stored form. Its endpoints were checked when it was resolved; its row is under a MAC.
    pub fn from_json(text: &str) -> Result<Self, CatalogueError> {
        let entry: Self = serde_json::from_str(text).map_err(|e| CatalogueError::Syntax {
            entry: "(stored)".into(),
            message: e.to_string(),
        })?;
        entry.validate(&Stage::Template)?;
        Ok(entry)
    }

    /// The entry's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name for people.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Which protocol it speaks.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The issuer, for comparison with `iss` (see [`Entry::issuer_matches`]).
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// The keys that its ID tokens are verified with.
    pub fn jwks_uri(&self) -> Option<&str> {
        self.jwks_uri.as_deref()
    }

    /// The token endpoint. A flow keeps the one it began with (UP-06).
    pub fn token_url(&self) -> Option<&str> {
        self.token_url.as_deref()
    }

    /// What is asked for when nobody names a scope.
    pub fn default_scopes(&self) -> Scope {
        self.default_scopes.as_scope().clone()
    }

    /// Where its API is, and how it takes tokens.
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// Refresh tokens.
    pub const fn refresh_rules(&self) -> &RefreshRules {
        &self.refresh
    }

    /// Revocation.
    pub const fn revoke_rules(&self) -> &RevokeRules {
        &self.revoke
    }

    /// Identity.
    pub const fn identity_rules(&self) -> &IdentityRules {
        &self.identity
    }

    /// What a second consent does to the first.
    pub const fn grant_model(&self) -> GrantModel {
        self.grant_model
    }

    pub(super) fn endpoint<'a>(
        &self,
        url: Option<&'a String>,
        field: &'static str,
    ) -> Result<&'a str, CatalogueError> {
        url.map(String::as_str)
            .ok_or_else(|| CatalogueError::EndpointUnknown {
                entry: self.name.clone(),
                field,
            })
    }
}

fn syntax(entry: &str, error: &toml::de::Error) -> CatalogueError {
    CatalogueError::Syntax {
        entry: entry.to_owned(),
        message: error.to_string().trim_end().replace('\n', " "),
    }
}
