//! Scopes between our names and the provider's.

use serde_json::Value;
use vouchsafe_model::EffectiveScope;
use vouchsafe_oauth_types::Scope;

use super::entry::Entry;
use super::schema::{EchoMissing, GrantModel, ScopeSeparator};

/// A scope parameter of the request.
pub(super) struct ScopeParameter<'a> {
    pub(super) name: &'a str,
    pub(super) part: &'a str,
    pub(super) prefix: &'a str,
}

impl Entry {
    /// Everything that asking for `scopes` asks for: also what a refresh token and the account's identity need.
    pub fn requested_scope(&self, scopes: &Scope) -> Scope {
        scopes
            .union(self.scope.offline.as_scope())
            .union(self.identity.scopes.as_scope())
    }

    /// Whether its answers say anything of what a token can do.
    pub(super) fn tells_scopes(&self) -> bool {
        self.grant_model != GrantModel::NoScopes && self.scope.separator != ScopeSeparator::None
    }

    pub(super) fn scope_params(&self) -> Vec<ScopeParameter<'_>> {
        if self.scope.params.is_empty() {
            let part = self.parts.first().map_or("", |part| part.name.as_str());
            return vec![ScopeParameter {
                name: "scope",
                part,
                prefix: "",
            }];
        }
        let rules = self.scope.params.iter();
        rules
            .map(|rule| ScopeParameter {
                name: &rule.name,
                part: &rule.part,
                prefix: &rule.prefix,
            })
            .collect()
    }

    /// The longest prefix that `name` begins with.
    pub(super) fn prefix_of(&self, name: &str) -> &str {
        let prefixes = self.scope.params.iter().map(|rule| rule.prefix.as_str());
        prefixes
            .filter(|prefix| name.starts_with(prefix))
            .max_by_key(|prefix| prefix.len())
            .unwrap_or("")
    }

    /// What a token of `part` can do, from what the answer says, or from what was asked when it says nothing.
    pub(super) fn effective_scope(
        &self,
        echoed: Option<&Value>,
        asked: &Scope,
        part: &str,
    ) -> EffectiveScope {
        let prefix = self
            .scope_params()
            .into_iter()
            .find(|rule| rule.part == part)
            .map_or("", |rule| rule.prefix);
        let found = match echoed {
            _ if !self.tells_scopes() => None,
            None | Some(Value::Null) => self.silent_scope(asked, prefix),
            Some(echoed) => self
                .echoed_names(echoed)
                .map(|found| self.in_our_names(found, prefix)),
        };
        let Some(mut found) = found else {
            return EffectiveScope::Unknown;
        };
        // They only ask for a refresh token, and give an access token no power.
        found.retain(|name| !self.scope.offline.as_scope().contains(name));
        match Scope::from_tokens(found.iter().map(String::as_str)) {
            Ok(scope) if !found.is_empty() => EffectiveScope::Known(scope),
            _ => EffectiveScope::Unknown,
        }
    }

    fn silent_scope(&self, asked: &Scope, prefix: &str) -> Option<Vec<String>> {
        let alone = matches!(
            self.grant_model,
            GrantModel::Independent | GrantModel::ReplacesPrevious
        );
        if self.scope.echo_missing_means == EchoMissing::Unknown || !alone {
            return None;
        }
        let requested = self.requested_scope(asked);
        Some(
            requested
                .iter()
                .filter(|name| self.prefix_of(name) == prefix)
                .map(str::to_owned)
                .collect(),
        )
    }

    fn echoed_names<'a>(&self, echoed: &'a Value) -> Option<Vec<&'a str>> {
        let split = |c: char| match self.scope.response.separator {
            ScopeSeparator::Space => c == ' ',
            ScopeSeparator::Comma | ScopeSeparator::Either => c == ',' || c == ' ',
            ScopeSeparator::None => false,
        };
        match echoed {
            _ if self.scope.response.separator == ScopeSeparator::None => None,
            Value::String(text) => Some(text.split(split).filter(|name| !name.is_empty()).collect()),
            Value::Array(items) => items.iter().map(Value::as_str).collect(),
            _ => None,
        }
    }

    fn in_our_names(&self, found: Vec<&str>, prefix: &str) -> Vec<String> {
        let canonical = |name| self.scope.response.aliases.get(name).map_or(name, String::as_str);
        found
            .into_iter()
            .map(|name| format!("{prefix}{}", canonical(name)))
            .collect()
    }
}
