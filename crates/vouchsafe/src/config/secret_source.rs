//! Secrets of the configuration: written in it, or in a file of their own.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use vouchsafe_model::Secret;

use super::error::{ConfigError, Place};
use crate::files;

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
    /// Whose it is, as it stands before the key in sentences: `client briefing-agent, `.
    pub(super) label: String,
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
            label,
            key,
        } = self;
        match (inline, file) {
            (Some(_), Some(_)) => {
                let problem = format!("{key} and {key}_file are both set");
                Err(place.of_key(span, (&label, key), problem, "keep one of them"))
            }
            (Some(Hidden(secret)), None) => Ok(Some(secret)),
            (None, Some(path)) => {
                let key = format!("{key}_file");
                read(place, &path).map(Some).map_err(|problem| {
                    let remedy = "name a file that holds it and that this user may read";
                    place.of_key(span, (&label, &key), problem, remedy)
                })
            }
            (None, None) => Ok(None),
        }
    }
}

/// The content without the line end that editors add; otherwise what is wrong with it.
pub(super) fn read(place: &Place<'_>, path: &Path) -> Result<Secret<String>, String> {
    let path = place.resolve(path);
    let text = fs::read_to_string(&path).map(Secret::new);
    let text = text.map_err(|error| {
        format!(
            "{} cannot be read ({})",
            path.display(),
            files::words(error.kind())
        )
    })?;
    let secret = Secret::from(text.expose().trim_end_matches(['\r', '\n']));
    if secret.expose().is_empty() {
        return Err(format!("{} is empty", path.display()));
    }
    place.secret_files.borrow_mut().push(path);
    Ok(secret)
}
