//! `VOUCHSAFE__SECTION__KEY`: what the environment says instead of the file.
//!
//! Only settings that stand once and hold a single value have a variable; lists and the tables of providers, clients and
//! users are written in the file. A name that begins like ours and is none of ours is a mistake, and never ignored; so is
//! one of ours with an underscore too few.

use std::borrow::Cow;
use std::ffi::OsString;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vouchsafe_model::Secret;

use super::error::ConfigError;
use super::nearest::nearest;
use super::setting::{Kind, Section, Setting};
use super::settings::FILE;

/// The variables that are meant for the configuration.
#[derive(Default)]
pub struct Environment(Vec<(String, Option<Secret<String>>)>);

impl Environment {
    /// Takes what is meant for us out of all variables, in the order of their names.
    pub fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            is_meant(&name).then(|| (name, value.into_string().ok().map(Secret::new)))
        });
        let mut ours: Vec<_> = ours.collect();
        ours.sort_by(|(one, _), (other, _)| one.cmp(other));
        Self(ours)
    }

    /// That of this process.
    pub fn of_process() -> Self {
        Self::of(std::env::vars_os())
    }

    /// The names, in the order in which [`Environment::lay_over`] counts them.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Puts every value in its place in the file's table. Its span lies behind the text: `first` is that of the first.
    pub(super) fn lay_over<'a>(&'a self, table: &mut DeTable<'a>, first: usize) -> Result<(), ConfigError> {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let wrong = |problem: &str, remedy: String| ConfigError::of_variable(name, problem, remedy);
            let target = target(name).map_err(|(problem, remedy)| wrong(problem, remedy))?;
            let value = value
                .as_ref()
                .ok_or_else(|| wrong("its value is not UTF-8", "write it in UTF-8".to_owned()))?;
            let value = match (target.setting.kind, value.expose().as_str()) {
                (Kind::Boolean, "true") => DeValue::Boolean(true),
                (Kind::Boolean, "false") => DeValue::Boolean(false),
                (Kind::Number(..), text) => whole_number(text),
                (_, text) => DeValue::String(Cow::Borrowed(text)),
            };
            target.put(table, Spanned::new(first + index..first + index, value), first);
        }
        Ok(())
    }
}

/// What is no number stays text: the check says so in the words for the file.
fn whole_number(text: &str) -> DeValue<'_> {
    let read = text.parse::<i64>().ok().and_then(|_| DeValue::parse(text).ok());
    read.map_or_else(|| DeValue::String(Cow::Borrowed(text)), Spanned::into_inner)
}

/// The name of a setting's variable, if it has one.
pub(super) fn variable_of(section: &Section, setting: &Setting) -> Option<String> {
    let stands_once = FILE.settings.iter().any(|known| match known.kind {
        Kind::Table(table) => table.name == section.name,
        _ => section.name == FILE.name,
    });
    (stands_once && setting.kind.is_scalar()).then(|| name_of(section, setting))
}

fn name_of(section: &Section, setting: &Setting) -> String {
    let key = setting.key.to_uppercase();
    match section.name {
        "" => format!("{PREFIX}{key}"),
        table => format!("{PREFIX}{}__{key}", table.to_uppercase()),
    }
}

/// Where the value of a variable belongs.
struct Target {
    section: &'static Section,
    setting: &'static Setting,
}

impl Target {
    /// `behind`: spans from there on are those of variables.
    fn put<'a>(&self, file: &mut DeTable<'a>, value: Spanned<DeValue<'a>>, behind: usize) {
        let span = value.span();
        let key = |key: &'static str| Spanned::new(span.clone(), Cow::Borrowed(key));
        if self.section.name.is_empty() {
            file.insert(key(self.setting.key), value);
            return;
        }
        let empty = || Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
        let table = file.entry(key(self.section.name)).or_insert_with(empty);
        // Anything but a table is a mistake of the file, which is told when the file is checked.
        if let DeValue::Table(table) = table.get_mut() {
            // `url` of the environment takes the place of `url_file` of the file, and the other way round.
            let twin = match self.setting.key.strip_suffix("_file") {
                Some(plain) => plain.to_owned(),
                None => format!("{}_file", self.setting.key),
            };
            let in_file = |twin: &Spanned<DeValue<'_>>| twin.span().start < behind;
            if table.get(twin.as_str()).is_some_and(in_file) {
                table.remove(twin.as_str());
            }
            table.insert(key(self.setting.key), value);
        }
    }
}

/// What a name means; otherwise the problem and the remedy.
fn target(name: &str) -> Result<Target, (&'static str, String)> {
    let mut known = Vec::new();
    for (section, setting) in settings() {
        let this = name_of(section, setting);
        let below = name
            .strip_prefix(&this)
            .is_some_and(|rest| rest.starts_with("__"));
        if !setting.kind.is_scalar() && (this == name || below) {
            let problem = "it is a list or a table, which no variable can hold";
            return Err((problem, "write it in the file".to_owned()));
        }
        if this == name {
            return Ok(Target { section, setting });
        }
        if setting.kind.is_scalar() {
            known.push(this);
        }
    }
    let remedy = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the variables are {}", known.join(", ")),
    };
    Err(("there is no such setting", remedy))
}

/// Whether somebody meant a setting by it. Windows and careless hands do not mind the case, and forget that there are two
/// underscores: said as a mistake, not passed over. Other names are let be: a cluster sets `VOUCHSAFE_PORT` by itself.
fn is_meant(name: &str) -> bool {
    let begins = |prefix: &str| {
        let begun = name.get(..prefix.len());
        begun.is_some_and(|begun| begun.eq_ignore_ascii_case(prefix))
    };
    if begins(PREFIX) {
        return true;
    }
    let flat = |name: &str| name.to_uppercase().replace("__", "_");
    let is_flat = |(section, setting): (&Section, &Setting)| {
        setting.kind.is_scalar() && flat(&name_of(section, setting)) == flat(name)
    };
    begins("VOUCHSAFE_") && settings().any(is_flat)
}

/// Every setting that could have a variable, with the table that it stands in.
fn settings() -> impl Iterator<Item = (&'static Section, &'static Setting)> {
    FILE.settings.iter().flat_map(|setting| {
        let (section, settings) = match setting.kind {
            Kind::Table(section) => (section, section.settings),
            _ => (FILE, std::slice::from_ref(setting)),
        };
        settings.iter().map(move |setting| (section, setting))
    })
}

const PREFIX: &str = "VOUCHSAFE__";
