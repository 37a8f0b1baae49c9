//! Why the program ends with another status than 0.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;

use vouchsafe_store::StoreError;

use crate::config::LogFormat;
use crate::files;

/// One sentence for the operator, with everything that led to it.
#[derive(Debug)]
pub struct Failure {
    sentence: String,
    status: u8,
    format: LogFormat,
}

impl Failure {
    /// With a sentence of one's own.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            status: 1,
            format: LogFormat::Human,
        }
    }

    /// With another status than 1.
    pub(crate) const fn with_status(mut self, status: u8) -> Self {
        self.status = status;
        self
    }

    /// To be told as the log is written.
    pub(crate) const fn in_format(mut self, format: LogFormat) -> Self {
        self.format = format;
        self
    }

    /// How it is to be told.
    pub(crate) const fn format(&self) -> LogFormat {
        self.format
    }

    /// The exit status.
    pub const fn status(&self) -> u8 {
        self.status
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut sentence = error.to_string();
        let mut remedy = None;
        let mut next: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(cause) = next {
            let mut text = cause.to_string();
            if let Some(StoreError::File(kind)) = cause.downcast_ref() {
                text = text.replace(&kind.to_string(), &files::words(*kind));
                sentence = sentence.replace(&kind.to_string(), &files::words(*kind));
            }
            // Transparent errors show their source already.
            if !sentence.ends_with(&text) {
                sentence.push_str(": ");
                sentence.push_str(&text);
            }
            remedy = remedy.or_else(|| cause.downcast_ref().and_then(remedy_of));
            next = cause.source();
        }
        if let Some(remedy) = remedy {
            sentence.push_str("; ");
            sentence.push_str(remedy);
        }
        Self::new(sentence)
    }
}

/// What the operator can do about a database, which the store itself cannot know.
pub(crate) fn remedy_of(error: &StoreError) -> Option<&'static str> {
    Some(match error {
        StoreError::Busy => "try again when there is less to do",
        StoreError::Unavailable => {
            "check `database.url`: a server that runs, with the right host, user and password, or a file that this user may read and write"
        }
        StoreError::File(ErrorKind::NotFound) => {
            "make the folder of `database.url`, or correct the path; `vouchsafe serve` makes the file"
        }
        StoreError::File(_) | StoreError::ReadOnly => {
            "let this user read and write the file of `database.url` and its folder"
        }
        StoreError::Corrupt { .. } => "restore it from your backup, then run `vouchsafe audit verify`",
        StoreError::SchemaOld => "make a backup, then run `vouchsafe migrate`",
        StoreError::Engine(words) if words.contains("not a database") => {
            "`database.url` names a file that is something else: correct the path"
        }
        StoreError::Engine(words) if words.contains("unable to open") => {
            "let this user read and write the file of `database.url` and its folder"
        }
        StoreError::Engine(_) => "if somebody changed its tables, restore it from your backup",
        _ => return None,
    })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
