//! What a setting is: one row of the reference, and what its value must look like.

use std::time::Duration;

/// A table of the file.
pub(super) struct Section {
    /// As the file writes it: `database`, `client.ceiling`; empty for the keys that stand above all tables.
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) meaning: &'static str,
    /// Its keys, in the order in which people should meet them.
    pub(super) settings: &'static [Setting],
}

/// A key of a table.
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    pub(super) need: Need,
    /// For the reference: one or two sentences.
    pub(super) meaning: &'static str,
    /// A value as the file writes it; empty for tables.
    pub(super) example: &'static str,
}

/// What a value must look like.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// Text that is never shown again.
    Secret,
    /// The path of a file.
    Path,
    Boolean,
    /// A whole number from the first to the second.
    Number(i64, i64),
    /// A length of time from the first to the second, written as text: `90s`, `1h 30m`.
    Duration(Duration, Duration),
    /// One of these words.
    OneOf(&'static [&'static str]),
    Texts,
    Secrets,
    Paths,
    /// A table of texts under names that the operator chooses.
    Variables,
    /// A table whose keys are known elsewhere.
    Free,
    /// `[name]`
    Table(&'static Section),
    /// `[[name]]`
    Tables(&'static Section),
}

/// What happens without it.
#[derive(Clone, Copy)]
pub(super) enum Need {
    /// There is no configuration without it.
    Required,
    /// This value is taken, as the file would write it.
    Default(&'static str),
    /// Nothing, or what these words say.
    Optional(&'static str),
}

impl Setting {
    /// A key that may be left out.
    pub(super) const fn new(key: &'static str, kind: Kind, meaning: &'static str) -> Self {
        Self {
            key,
            kind,
            need: Need::Optional(""),
            meaning,
            example: "",
        }
    }

    pub(super) const fn table(section: &'static Section) -> Self {
        Self::new(section.name, Kind::Table(section), section.meaning)
    }

    pub(super) const fn tables(key: &'static str, section: &'static Section) -> Self {
        Self::new(key, Kind::Tables(section), section.meaning)
    }

    pub(super) const fn required(mut self) -> Self {
        self.need = Need::Required;
        self
    }

    pub(super) const fn default(mut self, value: &'static str) -> Self {
        self.need = Need::Default(value);
        self
    }

    pub(super) const fn without(mut self, words: &'static str) -> Self {
        self.need = Need::Optional(words);
        self
    }

    pub(super) const fn example(mut self, value: &'static str) -> Self {
        self.example = value;
        self
    }
}

impl Kind {
    /// Whether one environment variable can hold it.
    pub(super) const fn is_scalar(self) -> bool {
        matches!(
            self,
            Self::Text
                | Self::Secret
                | Self::Path
                | Self::Boolean
                | Self::Number(..)
                | Self::Duration(..)
                | Self::OneOf(_)
        )
    }

    /// In the reference, and in sentences after "not".
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text | Self::OneOf(_) => "text",
            Self::Secret => "secret text",
            Self::Path => "path",
            Self::Boolean => "true or false",
            Self::Number(..) => "whole number",
            Self::Duration(..) => "length of time",
            Self::Texts => "list of texts",
            Self::Secrets => "list of secret texts",
            Self::Paths => "list of paths",
            Self::Variables => "table of texts",
            Self::Free | Self::Table(_) => "table",
            Self::Tables(_) => "list of tables",
        }
    }
}

impl Section {
    pub(super) fn setting(&self, key: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.settings.iter().map(|setting| setting.key)
    }
}
