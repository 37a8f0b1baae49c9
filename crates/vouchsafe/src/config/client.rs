//! `[[client]]`: agents and applications, with what each may at most be given.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use vouchsafe_model::{Ceiling, ClientAuthMethod, ClientId, ManagedBy, ScopeBound, Secret};
use vouchsafe_oauth_types::{GrantType, Scope};
use vouchsafe_token_exchange::ClientDefinition;

use super::error::{ConfigError, Place};
use super::provider::ProviderLine;
use super::secret_source::{self, Hidden, Source};
use super::table::{CeilingTable, ClientTable};

pub(super) fn definitions(
    place: &Place<'_>,
    tables: Vec<Spanned<ClientTable>>,
    providers: &[ProviderLine],
) -> Result<Vec<ClientDefinition>, ConfigError> {
    let known: BTreeSet<String> = tables.iter().map(|table| table.get_ref().id.clone()).collect();
    let mut seen = BTreeSet::new();
    let mut definitions = Vec::new();
    for table in tables {
        let reading = Reading {
            place,
            span: table.span(),
            id: table.get_ref().id.clone(),
        };
        if !seen.insert(reading.id.clone()) {
            return Err(reading.wrong("id", "there are two of this id", "rename or remove one"));
        }
        if let Some(stranger) = table
            .get_ref()
            .accepts_tokens_of
            .iter()
            .find(|id| !known.contains(*id))
        {
            let problem = format!("there is no client `{stranger}`");
            return Err(reading.wrong("accepts_tokens_of", problem, "name the id of another [[client]]"));
        }
        definitions.push(reading.definition(table.into_inner(), providers)?);
    }
    Ok(definitions)
}

/// One client being read.
struct Reading<'a> {
    place: &'a Place<'a>,
    span: Range<usize>,
    id: String,
}

impl Reading<'_> {
    fn definition(
        self,
        table: ClientTable,
        providers: &[ProviderLine],
    ) -> Result<ClientDefinition, ConfigError> {
        let id = self.client_id("id", &table.id)?;
        let grant_types = table
            .grant_types
            .iter()
            .map(|text| self.grant_type(text))
            .collect::<Result<_, _>>()?;
        let linked = table
            .accepts_tokens_of
            .iter()
            .map(|text| self.client_id("accepts_tokens_of", text));
        let accepts_tokens_of = linked.collect::<Result<_, _>>()?;
        let ceilings = self.ceilings(&table.ceilings, providers)?;
        let definition = ClientDefinition {
            name: table.name.clone().unwrap_or_else(|| table.id.clone()),
            auth_method: self.auth_method(table.auth_method.as_deref())?,
            redirect_uris: table.redirect_uris.clone(),
            grant_types,
            scope: self.scope("scope", table.scope.as_deref().unwrap_or_default())?,
            accepts_tokens_of,
            ceilings,
            managed_by: ManagedBy::Config,
            secrets: self.secrets(table)?,
            id,
        };
        definition.check().map_err(|error| {
            let problem = error.to_string();
            self.place.at(
                Some(self.span.clone()),
                format!("client {}", self.id),
                problem,
                "change the client's lines",
            )
        })?;
        Ok(definition)
    }

    fn secrets(&self, table: ClientTable) -> Result<Vec<Secret<String>>, ConfigError> {
        let source = Source {
            inline: table.secret,
            file: table.secret_file,
            label: self.label(),
            key: "secret",
        };
        let mut secrets: Vec<_> = source.read(self.place, &self.span)?.into_iter().collect();
        for (key, more) in [
            ("secrets", table.secrets.len()),
            ("secret_files", table.secret_files.len()),
        ] {
            if more > 0 && !secrets.is_empty() {
                return Err(self.wrong(key, "there is a single secret as well", "keep the list alone"));
            }
        }
        secrets.extend(table.secrets.into_iter().map(|Hidden(secret)| secret));
        for path in table.secret_files {
            let read = secret_source::read(self.place, &path);
            secrets.push(read.map_err(|problem| {
                self.wrong(
                    "secret_files",
                    problem,
                    "name a file that holds it and that this user may read",
                )
            })?);
        }
        Ok(secrets)
    }

    fn auth_method(&self, text: Option<&str>) -> Result<ClientAuthMethod, ConfigError> {
        let Some(text) = text else {
            return Ok(ClientAuthMethod::ClientSecretBasic);
        };
        text.parse().map_err(|_| {
            self.wrong(
                "auth_method",
                "there is no such method",
                "use client_secret_basic, client_secret_post or none",
            )
        })
    }

    fn grant_type(&self, text: &str) -> Result<GrantType, ConfigError> {
        let remedy = "use authorization_code or urn:ietf:params:oauth:grant-type:token-exchange";
        match text.parse() {
            Ok(grant @ (GrantType::AuthorizationCode | GrantType::TokenExchange)) => Ok(grant),
            Ok(_) => Err(self.wrong("grant_types", "this server does not have that grant yet", remedy)),
            Err(_) => Err(self.wrong("grant_types", "there is no such grant type", remedy)),
        }
    }

    fn ceilings(
        &self,
        tables: &[Spanned<CeilingTable>],
        providers: &[ProviderLine],
    ) -> Result<Vec<Ceiling>, ConfigError> {
        let mut ceilings: Vec<Ceiling> = Vec::new();
        for table in tables {
            let reading = Reading {
                place: self.place,
                span: table.span(),
                id: self.id.clone(),
            };
            let CeilingTable {
                provider,
                scope,
                allow_unbounded_raw,
                trusted,
            } = table.get_ref();
            let Some(line) = providers.iter().find(|line| line.id.as_str() == provider) else {
                let problem = format!("there is no provider `{provider}`");
                return Err(reading.wrong("ceiling.provider", problem, "name the id of a [[provider]]"));
            };
            if ceilings.iter().any(|ceiling| ceiling.provider_id == line.id) {
                return Err(reading.wrong(
                    "ceiling.provider",
                    "there are two ceilings for it",
                    "make them one",
                ));
            }
            ceilings.push(Ceiling {
                provider_id: line.id.clone(),
                scope: reading.bound("ceiling.scope", scope)?,
                allow_unbounded_raw: *allow_unbounded_raw,
                trusted: trusted
                    .as_deref()
                    .map(|text| reading.bound("ceiling.trusted", text))
                    .transpose()?,
            });
        }
        Ok(ceilings)
    }

    /// `*` = everything; otherwise a scope.
    fn bound(&self, key: &str, text: &str) -> Result<ScopeBound, ConfigError> {
        match text {
            "*" => Ok(ScopeBound::Everything),
            "" => Err(self.wrong(key, "it is empty", "name the scopes, or \"*\" for everything")),
            text => self.scope(key, text).map(ScopeBound::Scopes),
        }
    }

    fn scope(&self, key: &str, text: &str) -> Result<Scope, ConfigError> {
        Scope::parse(text)
            .map_err(|error| self.wrong(key, error.to_string(), "write scopes with single spaces between"))
    }

    fn client_id(&self, key: &str, text: &str) -> Result<ClientId, ConfigError> {
        text.parse().map_err(|error: vouchsafe_model::InvalidClientId| {
            self.wrong(key, error.to_string(), "choose such an id")
        })
    }

    fn label(&self) -> String {
        if self.id.is_empty() {
            return "client.".to_owned();
        }
        format!("client {}, ", self.id)
    }

    fn wrong(&self, key: &str, problem: impl Into<String>, remedy: &str) -> ConfigError {
        self.place
            .of_key(&self.span, (&self.label(), key), problem, remedy)
    }
}
