//! The file against the list of settings: no key that nobody knows, none that is missing, each value of its kind.
//!
//! After this, reading the table into structs cannot fail any more; so every sentence is ours.

use std::ops::Range;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Place};
use super::nearest::nearest;
use super::setting::{Kind, Need, Section, Setting};
use super::settings::{FILE, sections};

/// Checks a whole file, with what the environment has put into it.
pub(super) fn file(place: &Place<'_>, table: &DeTable<'_>) -> Result<(), ConfigError> {
    let check = Check {
        place,
        section: FILE,
        label: String::new(),
        span: None,
    };
    check.table(table)
}

/// One table being checked.
struct Check<'a> {
    place: &'a Place<'a>,
    section: &'static Section,
    /// What stands before a key in a sentence: `database.`, `client agent, ceiling.`.
    label: String,
    span: Option<Range<usize>>,
}

impl Check<'_> {
    fn table(&self, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (key, value) in table {
            let Some(setting) = self.section.setting(key.get_ref()) else {
                return Err(self.unknown(key.get_ref(), key.span(), value.get_ref()));
            };
            self.value(setting, value.get_ref(), &value.span())?;
        }
        let missing = self
            .section
            .settings
            .iter()
            .find(|setting| matches!(setting.need, Need::Required) && table.get(setting.key).is_none());
        match missing {
            Some(setting) => Err(self.place.at(
                self.span.clone(),
                self.key(setting.key),
                "it is missing",
                write(setting),
            )),
            None => Ok(()),
        }
    }

    fn unknown(&self, key: &str, span: Range<usize>, value: &DeValue<'_>) -> ConfigError {
        let elsewhere = || {
            let others = sections().into_iter().filter(|other| !other.name.is_empty());
            others
                .filter(|other| other.setting(key).is_some())
                .map(|other| other.name)
                .next()
        };
        // Who writes one value does not mean a table: `port` is not `export`.
        let may_be_table = value.is_table() || value.is_array();
        let is_meant =
            |setting: &&Setting| may_be_table || !matches!(setting.kind, Kind::Table(_) | Kind::Tables(_));
        let meant = self.section.settings.iter().filter(is_meant);
        let remedy = match (nearest(key, meant.map(|setting| setting.key)), elsewhere()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(table)) => format!("it belongs under [{table}]"),
            (None, None) => {
                let keys: Vec<&str> = self.section.keys().collect();
                format!("the keys here are {}", keys.join(", "))
            }
        };
        self.place
            .at(Some(span), self.key(key), "there is no such key", remedy)
    }

    fn value(&self, setting: &Setting, value: &DeValue<'_>, span: &Range<usize>) -> Result<(), ConfigError> {
        let kind_of = |value: &DeValue<'_>, kind: Kind| match kind {
            Kind::Text | Kind::Secret | Kind::Path | Kind::Duration(..) | Kind::OneOf(_) => value.is_str(),
            Kind::Number(..) => value.is_integer(),
            Kind::Boolean => value.is_bool(),
            Kind::Texts | Kind::Secrets | Kind::Paths | Kind::Tables(_) => value.is_array(),
            Kind::Variables | Kind::Free | Kind::Table(_) => value.is_table(),
        };
        if !kind_of(value, setting.kind) {
            return Err(self.wrong_kind(setting, setting.kind, (value, span.clone())));
        }
        match (setting.kind, value) {
            (Kind::Path, DeValue::String(text)) => self.path(setting, text, span),
            (Kind::Number(least, most), DeValue::Integer(number)) => {
                let number = i64::from_str_radix(number.as_str(), number.radix());
                self.range(setting, number.ok(), (least, most), span)
            }
            (Kind::Duration(least, most), DeValue::String(text)) => {
                self.duration(setting, text, (least, most), span)
            }
            (Kind::OneOf(words), DeValue::String(text)) => self.word(setting, words, text, span),
            (Kind::Texts | Kind::Secrets | Kind::Paths, DeValue::Array(values)) => {
                for value in values {
                    match value.get_ref() {
                        DeValue::String(text) if matches!(setting.kind, Kind::Paths) => {
                            self.path(setting, text, &value.span())?;
                        }
                        DeValue::String(_) => {}
                        other => return Err(self.wrong_kind(setting, Kind::Text, (other, value.span()))),
                    }
                }
                Ok(())
            }
            (Kind::Variables, DeValue::Table(table)) => {
                for value in table.values() {
                    if !value.get_ref().is_str() {
                        let found = (value.get_ref(), value.span());
                        return Err(self.wrong_kind(setting, Kind::Text, found));
                    }
                }
                Ok(())
            }
            (Kind::Table(section), DeValue::Table(table)) => self.below(section, None, span).table(table),
            (Kind::Tables(section), DeValue::Array(values)) => {
                for value in values {
                    let DeValue::Table(table) = value.get_ref() else {
                        return Err(self.wrong_kind(setting, Kind::Free, (value.get_ref(), value.span())));
                    };
                    self.below(section, Some(table), &value.span()).table(table)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn path(&self, setting: &Setting, text: &str, span: &Range<usize>) -> Result<(), ConfigError> {
        if text.is_empty() {
            let remedy = "name a file, or leave the line out";
            return Err(self.wrong(setting, "it is empty", remedy, span));
        }
        if text.contains('\0') {
            return Err(self.wrong(setting, "no path has a NUL in it", "name a file", span));
        }
        Ok(())
    }

    /// `number`: `None` is one that no computer counts to.
    fn range(
        &self,
        setting: &Setting,
        number: Option<i64>,
        (least, most): (i64, i64),
        span: &Range<usize>,
    ) -> Result<(), ConfigError> {
        if number.is_some_and(|number| (least..=most).contains(&number)) {
            return Ok(());
        }
        let remedy = format!("use {least} to {most}");
        Err(self.wrong(setting, "this is out of its range", remedy, span))
    }

    fn duration(
        &self,
        setting: &Setting,
        text: &str,
        (least, most): (Duration, Duration),
        span: &Range<usize>,
    ) -> Result<(), ConfigError> {
        let Ok(duration) = humantime::parse_duration(text) else {
            let remedy = format!("{}, with ms, s, m, h or days", write(setting));
            return Err(self.wrong(setting, "this is no length of time", remedy, span));
        };
        if (least..=most).contains(&duration) {
            return Ok(());
        }
        let [least, most] = [least, most].map(humantime::format_duration);
        let remedy = format!("use {least} to {most}");
        Err(self.wrong(setting, "this is out of its range", remedy, span))
    }

    fn word(
        &self,
        setting: &Setting,
        words: &[&str],
        text: &str,
        span: &Range<usize>,
    ) -> Result<(), ConfigError> {
        if words.contains(&text) {
            return Ok(());
        }
        let (last, others) = words
            .split_last()
            .map_or(("", words), |(last, rest)| (*last, rest));
        let remedy = format!("use {} or {last}", others.join(", "));
        Err(self.wrong(setting, "this is none of the words it takes", remedy, span))
    }

    fn wrong_kind(
        &self,
        setting: &Setting,
        expected: Kind,
        (value, span): (&DeValue<'_>, Range<usize>),
    ) -> ConfigError {
        let found = match value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let expected = match expected {
            kind @ (Kind::Text | Kind::OneOf(_) | Kind::Secret | Kind::Boolean) => kind.name().to_owned(),
            kind => format!("a {}", kind.name()),
        };
        let problem = format!("this is {found}, where {expected} belongs");
        self.wrong(setting, problem, write(setting), &span)
    }

    fn wrong(
        &self,
        setting: &Setting,
        problem: impl Into<String>,
        remedy: impl Into<String>,
        span: &Range<usize>,
    ) -> ConfigError {
        self.place
            .at(Some(span.clone()), self.key(setting.key), problem, remedy)
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.label)
    }

    /// `entry`: one of many, which is told by its name.
    fn below(
        &self,
        section: &'static Section,
        entry: Option<&DeTable<'_>>,
        span: &Range<usize>,
    ) -> Check<'_> {
        let name = section.name.rsplit('.').next().unwrap_or_default();
        let own = entry
            .and_then(|table| ["id", "username", "name"].iter().find_map(|key| table.get(*key)))
            .and_then(|own| own.get_ref().as_str());
        let label = match own {
            Some(own) => format!("{}{name} {own}, ", self.label),
            None => format!("{}{name}.", self.label),
        };
        Check {
            place: self.place,
            section,
            label,
            span: Some(span.clone()),
        }
    }
}

/// How a setting is written.
fn write(setting: &Setting) -> String {
    match setting.kind {
        Kind::Table(section) => format!("write it as a table that begins with [{}]", section.name),
        Kind::Tables(section) => format!("write each as a table that begins with [[{}]]", section.name),
        _ => format!("write it as {} = {}", setting.key, setting.example),
    }
}
