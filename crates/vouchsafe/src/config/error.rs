//! What is wrong with a configuration, in one sentence.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Names the file, the line where it is known, the key, what is wrong and what to do. Never a value of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    file: PathBuf,
    line: Option<usize>,
    key: Option<String>,
    problem: String,
    remedy: Option<String>,
}

impl ConfigError {
    pub(crate) fn of_file(file: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            key: None,
            problem: problem.into(),
            remedy: Some(remedy.into()),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ", {key}")?;
        }
        write!(f, ": {}", self.problem)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

/// The file that is being read.
pub(super) struct Place<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
}

impl Place<'_> {
    /// Something is wrong with a value.
    pub(super) fn at(
        &self,
        span: Option<Range<usize>>,
        key: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> ConfigError {
        ConfigError {
            file: self.file.to_owned(),
            line: span.map(|span| self.line(span.start)),
            key: Some(key.into()),
            problem: problem.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// The file is no TOML, or no configuration. The parser's own words name the key and what is expected; a value of
    /// the wrong type, which may be a secret, is not repeated.
    pub(super) fn syntax(&self, error: &toml::de::Error) -> ConfigError {
        ConfigError {
            file: self.file.to_owned(),
            line: error.span().map(|span| self.line(span.start)),
            key: None,
            problem: without_value(&error.message().trim_end().replace('\n', ", ")),
            remedy: None,
        }
    }

    /// A path of the file: relative ones begin in its folder.
    pub(super) fn path(&self, path: Option<PathBuf>, default: &str) -> PathBuf {
        self.resolve(&path.unwrap_or_else(|| PathBuf::from(default)))
    }

    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }
}

/// `invalid type: string "…", expected …` without what stands between.
fn without_value(message: &str) -> String {
    let Some(rest) = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
    else {
        return message.to_owned();
    };
    let kind = rest.split([' ', ',']).next().unwrap_or_default();
    match rest.rsplit_once(", expected ") {
        Some((_, expected)) => format!("invalid type: {kind}, expected {expected}"),
        None => "invalid type".to_owned(),
    }
}
