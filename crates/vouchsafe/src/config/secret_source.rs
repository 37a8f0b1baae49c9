//! Secrets of the configuration: written in it, or in a file of their own.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use vouchsafe_model::Secret;

use super::error::{ConfigError, Place};

/// A string of the file that is a secret from the moment it is read.
#[derive(Debug)]
pub(super) struct Hidden(pub(super) Secret<String>);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Hidden;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Hidden, E> {
                Ok(Hidden(Secret::from(text)))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Hidden, E> {
                Ok(Hidden(Secret::new(text)))
            }
        }
        deserializer.deserialize_string(Text)
    }
}

/// A secret that may be written in the file or in one of its own.
pub(super) struct Source {
    pub(super) inline: Option<Hidden>,
    pub(super) file: Option<PathBuf>,
    /// Whose it is, for sentences: `client briefing-agent`.
    pub(super) of: String,
    /// The key of the first; the second is called `<key>_file`.
    pub(super) key: &'static str,
}

impl Source {
    /// The secret, from wherever it is; both at once is a mistake.
    pub(super) fn read(
        self,
        place: &Place<'_>,
        span: &Range<usize>,
    ) -> Result<Option<Secret<String>>, ConfigError> {
        let Self {
            inline,
            file,
            of,
            key,
        } = self;
        let wrong = |key: String, problem: String, remedy| {
            place.at(Some(span.clone()), format!("{of}, {key}"), problem, remedy)
        };
        match (inline, file) {
            (Some(_), Some(_)) => {
                let problem = format!("{key} and {key}_file are both set");
                Err(wrong(key.to_owned(), problem, "keep one of them"))
            }
            (Some(Hidden(secret)), None) => Ok(Some(secret)),
            (None, Some(path)) => read(&place.resolve(&path)).map(Some).map_err(|problem| {
                wrong(
                    format!("{key}_file"),
                    problem,
                    "name a file that this user may read",
                )
            }),
            (None, None) => Ok(None),
        }
    }
}

/// The content without the line end that editors add.
fn read(path: &Path) -> Result<Secret<String>, String> {
    let text = fs::read_to_string(path).map(Secret::new);
    let text = text.map_err(|error| format!("{} cannot be read ({})", path.display(), error.kind()))?;
    Ok(Secret::from(text.expose().trim_end_matches(['\r', '\n'])))
}
