//! What a client is, as flags.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cli::Failure;

/// A client to be registered.
#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct New {
    /// Its `client_id`.
    #[arg(long)]
    id: String,
    #[command(flatten)]
    #[serde(flatten)]
    fields: Fields,
    /// What it does at the token endpoint: `authorization_code`,
    /// `urn:ietf:params:oauth:grant-type:token-exchange`. May be repeated.
    #[arg(long = "grant-type", required = true, value_name = "GRANT_TYPE")]
    grant_types: Vec<String>,
    #[command(flatten)]
    #[serde(skip)]
    ceilings: Ceilings,
}

/// What of a client is to be otherwise. A list that is said replaces the whole list.
#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct Changed {
    #[command(flatten)]
    #[serde(flatten)]
    fields: Fields,
    /// What it does at the token endpoint. May be repeated.
    #[arg(long = "grant-type", value_name = "GRANT_TYPE")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grant_types: Vec<String>,
    #[command(flatten)]
    #[serde(skip)]
    ceilings: Ceilings,
    /// It has no redirect URI any more.
    #[arg(long, conflicts_with = "redirect_uris")]
    #[serde(skip)]
    no_redirect_uris: bool,
    /// It may present no tokens of other clients any more.
    #[arg(long, conflicts_with = "accepts_tokens_of")]
    #[serde(skip)]
    no_accepts_tokens_of: bool,
    /// It may be given nothing any more.
    #[arg(long, conflicts_with = "scopes")]
    #[serde(skip)]
    no_ceilings: bool,
}

/// What both have; what is not said is not sent.
#[derive(Debug, Args, Serialize)]
struct Fields {
    /// What consent pages call it.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// How it proves who it is: `client_secret_basic`, `client_secret_post` or `none`.
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_method: Option<String>,
    /// Where browsers may be sent back to, exactly. May be repeated.
    #[arg(long = "redirect-uri", value_name = "URI")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redirect_uris: Vec<String>,
    /// Scopes of this server that it may ask for, with single spaces between.
    #[arg(long, value_name = "SCOPES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// A client whose tokens it may present. May be repeated.
    #[arg(long, value_name = "CLIENT")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accepts_tokens_of: Vec<String>,
}

/// What it may at most be given, provider by provider.
#[derive(Debug, Args)]
struct Ceilings {
    /// What it may at most be given at a provider: scopes with single spaces between, or `*` for everything, as in
    /// 'github=repo read:org'. May be repeated.
    #[arg(long = "ceiling", value_name = "PROVIDER=SCOPES", value_parser = pair)]
    scopes: Vec<(String, String)>,
    /// So much of the ceiling needs no leave of the user, as in 'github=read:org'. May be repeated.
    #[arg(long = "ceiling-trusted", value_name = "PROVIDER=SCOPES", value_parser = pair)]
    trusted: Vec<(String, String)>,
    /// There it may be given tokens that live without bound, or that the provider cannot revoke. May be repeated.
    #[arg(long = "ceiling-allow-unbounded-raw", value_name = "PROVIDER")]
    allow_unbounded_raw: Vec<String>,
}

impl New {
    pub(super) fn body(&self) -> Result<Map<String, Value>, Failure> {
        let mut body = object(self)?;
        if let Some(ceilings) = self.ceilings.value()? {
            body.insert("ceilings".to_owned(), ceilings);
        }
        Ok(body)
    }
}

impl Changed {
    pub(super) fn body(&self) -> Result<Map<String, Value>, Failure> {
        let mut body = object(self)?;
        if let Some(ceilings) = self.ceilings.value()? {
            body.insert("ceilings".to_owned(), ceilings);
        }
        for (emptied, name) in [
            (self.no_redirect_uris, "redirect_uris"),
            (self.no_accepts_tokens_of, "accepts_tokens_of"),
            (self.no_ceilings, "ceilings"),
        ] {
            if emptied {
                body.insert(name.to_owned(), json!([]));
            }
        }
        Ok(body)
    }
}

impl Ceilings {
    fn value(&self) -> Result<Option<Value>, Failure> {
        let trusted: BTreeMap<_, _> = self.trusted.iter().cloned().collect();
        let of = |provider: &String| self.scopes.iter().any(|(ceiling, _)| ceiling == provider);
        let named = trusted.keys().chain(&self.allow_unbounded_raw);
        if let Some(provider) = named.into_iter().find(|provider| !of(provider)) {
            let sentence =
                format!("there is no --ceiling for {provider}: say the whole ceiling, with its scopes");
            return Err(Failure::new(sentence).with_status(2));
        }
        if self.scopes.is_empty() {
            return Ok(None);
        }
        let ceiling = |(provider, scope): &(String, String)| {
            let mut ceiling = json!({ "provider": provider, "scope": scope });
            if self.allow_unbounded_raw.contains(provider) {
                ceiling["allow_unbounded_raw"] = true.into();
            }
            if let Some(trusted) = trusted.get(provider) {
                ceiling["trusted"] = trusted.as_str().into();
            }
            ceiling
        };
        Ok(Some(self.scopes.iter().map(ceiling).collect()))
    }
}

fn object(fields: &impl Serialize) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(fields)? {
        Value::Object(members) => Ok(members),
        _ => Err(Failure::new("the fields of a client are an object")),
    }
}

/// `name=value`; the value may hold further signs.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}
