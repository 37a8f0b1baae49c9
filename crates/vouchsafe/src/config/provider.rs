//! `[[provider]]`: a template of the catalogue, with what the operator adds.

use std::collections::BTreeSet;

use toml::{Spanned, Table, Value};
use vouchsafe_identity_provider::catalogue::{CatalogueError, template, template_names};
use vouchsafe_identity_provider::{Entry, EntryOverrides};
use vouchsafe_model::{ProviderId, Secret};

use super::error::{ConfigError, Place, field_of_words, library_words};
use super::nearest::nearest;
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
            let label = format!("provider {}, ", line.id);
            return Err(place.of_key(
                &span,
                (&label, "id"),
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
        place.of_key(
            &span,
            ("provider.", "id"),
            error.to_string(),
            "choose such a name",
        )
    })?;
    let label = format!("provider {id}, ");
    let wrong =
        |key: &str, problem: String, remedy: &str| place.of_key(&span, (&label, key), problem, remedy);
    let known = template(&name).ok_or_else(|| {
        let names = template_names();
        let remedy = match nearest(&name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use one of {}", names.join(", ")),
        };
        wrong("template", "there is no such template".to_owned(), &remedy)
    })?;
    if client_id.is_empty() {
        let remedy = "register Vouchsafe with the provider and write the client id here";
        return Err(wrong("client_id", "it is empty".to_owned(), remedy));
    }
    if client_id.len() > 512 || !client_id.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let problem =
            "it is longer than 512 characters, or holds something else than printable ASCII".to_owned();
        return Err(wrong(
            "client_id",
            problem,
            "copy it again from the provider's page",
        ));
    }
    let secret = Source {
        inline: client_secret,
        file: client_secret_file,
        label: label.clone(),
        key: "client_secret",
    };
    let client_secret = secret.read(place, &span)?;
    let overrides = EntryOverrides {
        vars,
        fields,
        internal_hosts: internal_hosts.to_vec(),
    };
    let written = overrides.clone();
    let entry = known.resolve(overrides).map_err(|error| {
        let remedy = "its fields stand under [provider.override], its variables under [provider.vars]; docs/PROVIDERS.md \
                      lists them";
        match error {
            CatalogueError::Field {
                field,
                problem,
                remedy,
                ..
            } if field.starts_with("vars.") => wrong(&field, problem, &remedy),
            CatalogueError::Field {
                field,
                problem,
                remedy,
                ..
            } => wrong(&format!("override.{field}"), problem, &remedy),
            // The words of the parser may hold a value, and values may be secrets.
            CatalogueError::Syntax { message, .. } => {
                let message = naming_the_words(&known, written, message);
                let (problem, better) = library_words(&message);
                wrong("override", problem, better.as_deref().unwrap_or(remedy))
            }
            other => wrong("override", other.to_string(), remedy),
        }
    })?;
    Ok(ProviderLine {
        id,
        entry,
        client_id,
        client_secret,
    })
}

/// Where something else than text stands for one of some words, the library does not say which words there are. It does
/// for a text that is none of them, so that is put in its place.
fn naming_the_words(known: &Entry, mut written: EntryOverrides, message: String) -> String {
    let Some(field) = field_of_words(&message) else {
        return message;
    };
    if !put(&mut written.fields, &field, NO_WORD) {
        return message;
    }
    match known.resolve(written) {
        Err(CatalogueError::Syntax { message, .. }) => message,
        _ => message,
    }
}

/// Replaces what stands at a dotted key; every member of a list.
fn put(table: &mut Table, field: &str, text: &str) -> bool {
    match (field.split_once('.'), table) {
        (Some((outer, rest)), table) => match table.get_mut(outer) {
            Some(Value::Table(inner)) => put(inner, rest, text),
            _ => false,
        },
        (None, table) => match table.get_mut(field) {
            Some(Value::Array(members)) => {
                for member in members.iter_mut() {
                    *member = text.into();
                }
                true
            }
            Some(value) => {
                *value = text.into();
                true
            }
            None => false,
        },
    }
}

const NO_WORD: &str = "?";
