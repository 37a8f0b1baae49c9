//! `[[provider]]`: a template of the catalogue, with what the operator adds.

use std::collections::BTreeSet;

use toml::Spanned;
use vouchsafe_identity_provider::catalogue::{template, template_names};
use vouchsafe_identity_provider::{Entry, EntryOverrides};
use vouchsafe_model::{ProviderId, Secret};

use super::error::{ConfigError, Place};
use super::secret_source::Source;
use super::table::ProviderTable;

/// A provider as configured. Where its metadata says more, that is fetched when the configuration is applied.
#[derive(Debug, Clone)]
pub struct ProviderLine {
    /// The operator's name for it; the `audience` of agents.
    pub id: ProviderId,
    /// The entry, with variables and overrides filled in.
    pub entry: Entry,
    /// Our `client_id` there.
    pub client_id: String,
    /// Our `client_secret` there.
    pub client_secret: Option<Secret<String>>,
}

pub(super) fn lines(
    place: &Place<'_>,
    tables: Vec<Spanned<ProviderTable>>,
    internal_hosts: &[String],
) -> Result<Vec<ProviderLine>, ConfigError> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for table in tables {
        let span = table.span();
        let line = line(place, table, internal_hosts)?;
        if !seen.insert(line.id.clone()) {
            return Err(place.at(
                Some(span),
                format!("provider {}", line.id),
                "there are two of this id",
                "rename or remove one",
            ));
        }
        lines.push(line);
    }
    Ok(lines)
}

fn line(
    place: &Place<'_>,
    table: Spanned<ProviderTable>,
    internal_hosts: &[String],
) -> Result<ProviderLine, ConfigError> {
    let span = table.span();
    let ProviderTable {
        id,
        template: name,
        client_id,
        client_secret,
        client_secret_file,
        vars,
        fields,
    } = table.into_inner();
    let id: ProviderId = id.parse().map_err(|error: vouchsafe_model::InvalidProviderId| {
        place.at(
            Some(span.clone()),
            "provider.id",
            error.to_string(),
            "choose such a name",
        )
    })?;
    let known = template(&name).ok_or_else(|| {
        let remedy = format!("use one of {}", template_names().join(", "));
        place.at(
            Some(span.clone()),
            format!("provider {id}, template"),
            "there is no such template",
            remedy,
        )
    })?;
    let secret = Source {
        inline: client_secret,
        file: client_secret_file,
        of: format!("provider {id}"),
        key: "client_secret",
    };
    let client_secret = secret.read(place, &span)?;
    let overrides = EntryOverrides {
        vars,
        fields,
        internal_hosts: internal_hosts.to_vec(),
    };
    let entry = known.resolve(overrides).map_err(|error| {
        let remedy = "its fields stand under [provider.override], its variables under [provider.vars]";
        place.at(
            Some(span.clone()),
            format!("provider {id}"),
            error.to_string(),
            remedy,
        )
    })?;
    if client_id.is_empty() {
        return Err(place.at(
            Some(span),
            format!("provider {id}, client_id"),
            "it is empty",
            "register Vouchsafe with the provider and write the client id here",
        ));
    }
    Ok(ProviderLine {
        id,
        entry,
        client_id,
        client_secret,
    })
}
