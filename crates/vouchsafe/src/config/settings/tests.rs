//! The list of settings is what the structs read, what `vouchsafe init` writes, and what every example shows.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;
use vouchsafe_identity_provider::catalogue::template_names;

use super::super::document::Document;
use super::super::environment::Environment;
use super::super::setting::{Kind, Need};
use super::super::table::{
    AuditTable, CeilingTable, ClientTable, ConfigTable, DatabaseTable, EgressTable, ExportTable, KeysTable,
    LogTable, MemoryTable, ProviderTable, TlsTable, UserTable, WitnessTable,
};
use super::*;

mod providers_document;

#[test]
fn every_field_that_is_read_is_a_setting_and_the_other_way_round() {
    let structs = [
        ("", fields::<ConfigTable>()),
        ("tls", fields::<TlsTable>()),
        ("database", fields::<DatabaseTable>()),
        ("keys", fields::<KeysTable>()),
        ("audit", fields::<AuditTable>()),
        ("memory", fields::<MemoryTable>()),
        ("egress", fields::<EgressTable>()),
        ("log", fields::<LogTable>()),
        ("provider", fields::<ProviderTable>()),
        ("client", fields::<ClientTable>()),
        ("client.ceiling", fields::<CeilingTable>()),
        ("user", fields::<UserTable>()),
        ("export", fields::<ExportTable>()),
        ("witness", fields::<WitnessTable>()),
    ];
    let listed: BTreeSet<(&str, &str)> = keys().collect();
    let read: BTreeSet<(&str, &str)> = structs
        .into_iter()
        .flat_map(|(name, fields)| fields.iter().map(move |field| (name, *field)))
        .collect();
    assert_eq!(listed, read);
}

#[test]
fn every_example_and_every_default_is_of_the_kind_that_it_is_an_example_of() {
    let of = |value: fn(&Setting) -> &'static str| {
        let mut lines = Vec::new();
        for section in sections() {
            lines.push(match section.name {
                "" => String::new(),
                name @ ("provider" | "client" | "client.ceiling" | "user" | "export" | "witness") => {
                    format!("[[{name}]]")
                }
                name => format!("[{name}]"),
            });
            let written = section
                .settings
                .iter()
                .filter(|setting| !value(setting).is_empty());
            lines.extend(written.map(|setting| format!("{} = {}", setting.key, value(setting))));
        }
        lines.join("\n")
    };
    let example = |setting: &Setting| setting.example;
    let default = |setting: &Setting| match setting.need {
        Need::Default(default) => default,
        Need::Required | Need::Optional(_) => setting.example,
    };
    for text in [of(example), of(default)] {
        let environment = Environment::default();
        let document = Document::read(Path::new("vouchsafe.toml"), &text, &[], &environment);
        let read = document.and_then(Document::into_parts).map(drop);
        assert_eq!(read.map_err(|error| error.to_string()), Ok(()), "{text}");
    }
    for setting in sections().into_iter().flat_map(|section| section.settings) {
        let is_table = matches!(setting.kind, Kind::Table(_) | Kind::Tables(_));
        assert_eq!(setting.example.is_empty(), is_table, "{}", setting.key);
        assert!(!setting.meaning.is_empty(), "{}", setting.key);
    }
}

#[test]
fn what_init_writes_names_every_setting_and_no_other() {
    let template = include_str!("../../cli/init/vouchsafe.toml");
    let mut section = String::new();
    let mut named = BTreeSet::new();
    for line in template.lines() {
        let line = line.trim_start_matches(['#', ' ']);
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_start_matches('[').split(']').next().unwrap().to_owned();
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            named.insert((section.clone(), key.to_owned()));
        }
    }
    let is_table = |section: &&Section, key: &str| {
        let kind = section.setting(key).map(|setting| setting.kind);
        matches!(kind, Some(Kind::Table(_) | Kind::Tables(_)))
    };
    let listed: BTreeSet<_> = sections()
        .iter()
        .flat_map(|section| section.keys().map(move |key| (section, key)))
        .filter(|(section, key)| !is_table(section, key))
        .map(|(section, key)| (section.name.to_owned(), key.to_owned()))
        .collect();
    assert_eq!(named, listed);
    // Comments name the templates; nobody should have to look for them.
    let meaning = PROVIDER.setting("template").unwrap().meaning;
    for name in template_names() {
        assert!(
            template.contains(name) && meaning.contains(&format!("`{name}`")),
            "{name}"
        );
    }
}

fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
    sections()
        .into_iter()
        .flat_map(|section| section.keys().map(move |key| (section.name, key)))
}

/// The names that a struct asks its deserializer for, or the words of an enum.
fn fields<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    match T::deserialize(Asked) {
        Err(Names(names)) => names,
        Ok(_) => unreachable!("nothing was given"),
    }
}

struct Asked;

#[derive(Debug)]
struct Names(&'static [&'static str]);

impl<'de> Deserializer<'de> for Asked {
    type Error = Names;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Names> {
        Err(Names(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Names> {
        Err(Names(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Names> {
        Err(Names(words))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Names {}

impl Error for Names {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }
}
