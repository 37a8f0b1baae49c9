//! What is in force: file, environment and defaults in one text, without secrets.

use std::path::Path;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::document::Document;
use super::environment::Environment;
use super::error::ConfigError;
use super::setting::{Kind, Need, Section, Setting};
use super::settings::FILE;
use super::text_of;

/// The text of a file as it is in force, in the order of the reference. Each value that is not from the file says where
/// it is from.
pub fn effective(file: &Path, environment: &Environment) -> Result<String, ConfigError> {
    let text = text_of(file)?;
    let variables = environment.names();
    let document = Document::read(file, text.expose(), &variables, environment)?;
    let mut shown = Shown {
        document: &document,
        lines: vec![format!(
            "# {}, with what the environment and the defaults add. Secrets are left out.",
            file.display()
        )],
    };
    shown.section(FILE, Some(document.table()));
    shown.lines.push(String::new());
    Ok(shown.lines.join("\n"))
}

struct Shown<'a> {
    document: &'a Document<'a>,
    lines: Vec<String>,
}

impl Shown<'_> {
    /// Values first: in TOML, whatever follows a table belongs to it.
    fn section(&mut self, section: &'static Section, table: Option<&DeTable<'_>>) {
        let is_table = |setting: &&Setting| matches!(setting.kind, Kind::Table(_) | Kind::Tables(_));
        for setting in section.settings.iter().filter(|setting| !is_table(setting)) {
            self.setting(setting, table.and_then(|table| table.get(setting.key)));
        }
        for setting in section.settings.iter().filter(is_table) {
            let value = table.and_then(|table| table.get(setting.key));
            let value = value.map(Spanned::get_ref);
            match (setting.kind, value) {
                (Kind::Table(inner), value) => {
                    // A table with keys that must be there says something by not being there.
                    let all = |setting: &Setting| matches!(setting.need, Need::Required);
                    if value.is_some() || !inner.settings.iter().any(all) {
                        self.lines.extend([String::new(), format!("[{}]", inner.name)]);
                        self.section(inner, value.and_then(DeValue::as_table));
                    }
                }
                (Kind::Tables(inner), Some(DeValue::Array(tables))) => {
                    for table in tables {
                        self.lines.extend([String::new(), format!("[[{}]]", inner.name)]);
                        self.section(inner, table.get_ref().as_table());
                    }
                }
                _ => {}
            }
        }
    }

    fn setting(&mut self, setting: &Setting, value: Option<&Spanned<DeValue<'_>>>) {
        let Some(value) = value else {
            if let Need::Default(default) = setting.need {
                self.lines
                    .push(format!("{} = {default}    # default", setting.key));
            }
            return;
        };
        let origin = match self.document.variable(value) {
            Some(variable) => format!("    # {variable}"),
            None => String::new(),
        };
        self.lines.push(match setting.kind {
            // What a provider is asked may hold keys of its own.
            Kind::Secret if !is_path(value) => format!("# {}: left out{origin}", setting.key),
            Kind::Secrets => format!("# {}: left out", setting.key),
            Kind::Free | Kind::Variables => format!("# {}: {}, as in the file", setting.key, keys(value)),
            _ => format!("{} = {}{origin}", setting.key, written(value)),
        });
    }
}

/// The address of an embedded database.
fn is_path(value: &Spanned<DeValue<'_>>) -> bool {
    value
        .get_ref()
        .as_str()
        .is_some_and(|text| text.starts_with("sqlite:"))
}

fn keys(value: &Spanned<DeValue<'_>>) -> String {
    let table = value.get_ref().as_table().into_iter();
    let keys: Vec<&str> = table
        .flat_map(DeTable::keys)
        .map(|key| key.get_ref().as_ref())
        .collect();
    keys.join(", ")
}

fn written(value: &Spanned<DeValue<'_>>) -> String {
    toml::Value::deserialize(ValueDeserializer::from(value.clone()))
        .map_or_else(|_| "?".to_owned(), |value| value.to_string())
}
