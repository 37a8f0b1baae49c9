//! A file with the environment laid over it, checked against the list of settings.

use std::cell::RefCell;
use std::path::Path;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::check;
use super::environment::Environment;
use super::error::{ConfigError, Place, library_words, syntax};
use super::setting::{Kind, Section};
use super::settings::FILE;
use super::table::ConfigTable;

/// Everything that is set, wherever it was set.
pub(super) struct Document<'a> {
    place: Place<'a>,
    table: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// Parses, lays the environment over it, and checks keys and kinds.
    pub(super) fn read(
        file: &'a Path,
        text: &'a str,
        variables: &'a [String],
        environment: &'a Environment,
    ) -> Result<Self, ConfigError> {
        let mut table = DeTable::parse(text).map_err(|error| syntax(file, text, &error))?;
        environment.lay_over(table.get_mut(), Place::behind(text))?;
        let place = Place {
            file,
            text,
            variables,
            document: table.get_ref().clone(),
            secret_files: RefCell::default(),
        };
        check::file(&place, table.get_ref())?;
        Ok(Self { place, table })
    }

    /// As structs.
    pub(super) fn into_parts(self) -> Result<(Place<'a>, ConfigTable), ConfigError> {
        let Self { place, table } = self;
        let read = ConfigTable::deserialize(Deserializer::from(table));
        // The check has seen every key and kind, so this is for a check that forgot one.
        let table = read.map_err(|error| {
            let (problem, _) = library_words(error.message());
            place.at(error.span(), "a value", problem, "see docs/CONFIGURATION.md")
        })?;
        Ok((place, table))
    }

    /// Whether a secret stands in the file itself.
    pub(super) fn holds_secrets(&self) -> bool {
        holds_secrets(FILE, self.table.get_ref(), Place::behind(self.place.text))
    }

    /// The tables, and the name of the variable that a span belongs to.
    pub(super) fn table(&self) -> &DeTable<'a> {
        self.table.get_ref()
    }

    pub(super) fn variable(&self, value: &Spanned<DeValue<'_>>) -> Option<&str> {
        let index = value.span().start.checked_sub(Place::behind(self.place.text))?;
        self.place.variables.get(index).map(String::as_str)
    }
}

fn holds_secrets(section: &Section, table: &DeTable<'_>, behind: usize) -> bool {
    table.iter().any(|(key, value)| {
        let kind = section.setting(key.get_ref()).map(|setting| setting.kind);
        match (kind, value.get_ref()) {
            (Some(Kind::Secret | Kind::Secrets), value_here) => {
                // The address of an embedded database is a path.
                let path = value_here
                    .as_str()
                    .is_some_and(|text| text.starts_with("sqlite:"));
                value.span().start < behind && !path
            }
            (Some(Kind::Table(section)), DeValue::Table(table)) => holds_secrets(section, table, behind),
            (Some(Kind::Tables(section)), DeValue::Array(tables)) => tables.iter().any(|table| {
                let table = table.get_ref().as_table();
                table.is_some_and(|table| holds_secrets(section, table, behind))
            }),
            _ => false,
        }
    })
}
