//! What is wrong with a configuration, in one sentence.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::nearest;

/// Names the file and line, or the variable, the key, what is wrong and what to do. Never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    source: Source,
    key: Option<String>,
    problem: String,
    remedy: String,
}

/// Who says it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    File {
        file: PathBuf,
        line: Option<usize>,
    },
    /// A variable of the environment.
    Variable(String),
}

impl ConfigError {
    pub(crate) fn of_file(file: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            source: Source::File {
                file: file.to_owned(),
                line: None,
            },
            key: None,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    pub(super) fn of_variable(name: &str, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            source: Source::Variable(printable(name)),
            key: None,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            // The name says which key.
            Source::Variable(name) => write!(f, "{name} of the environment")?,
            Source::File { file, line } => {
                write!(f, "{}", file.display())?;
                if let Some(line) = line {
                    write!(f, ", line {line}")?;
                }
                if let Some(key) = &self.key {
                    write!(f, ", {key}")?;
                }
            }
        }
        write!(f, ": {}; {}", self.problem, self.remedy)
    }
}

impl std::error::Error for ConfigError {}

/// The file that is being read, and what the environment adds to it.
pub(super) struct Place<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
    /// The variables: the span of the first begins right behind the text, of the next one behind that.
    pub(super) variables: &'a [String],
    /// Everything as parsed, for finding the line of a key.
    pub(super) document: DeTable<'a>,
    /// The files of secrets that were read so far.
    pub(super) secret_files: RefCell<Vec<PathBuf>>,
}

impl Place<'_> {
    /// Where the spans of variables begin.
    pub(super) fn behind(text: &str) -> usize {
        text.len() + 1
    }

    /// Something is wrong with a value.
    pub(super) fn at(
        &self,
        span: Option<Range<usize>>,
        key: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> ConfigError {
        let variable = span
            .as_ref()
            .and_then(|span| span.start.checked_sub(Self::behind(self.text)))
            .and_then(|index| self.variables.get(index));
        let source = match variable {
            Some(name) => Source::Variable(name.clone()),
            None => Source::File {
                file: self.file.to_owned(),
                line: span.map(|span| line(self.text, span.start)),
            },
        };
        ConfigError {
            source,
            key: Some(printable(&key.into())),
            problem: printable(&problem.into()),
            remedy: printable(&remedy.into()),
        }
    }

    /// Something is wrong with `key` of the table at `table`: on the line of the key, or of the table where it is
    /// missing. `label` stands before the key in the sentence (`client agent, `).
    pub(super) fn of_key(
        &self,
        table: &Range<usize>,
        (label, key): (&str, &str),
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> ConfigError {
        let span = span_below(&self.document, table, key).unwrap_or_else(|| table.clone());
        self.at(Some(span), format!("{label}{key}"), problem, remedy)
    }

    /// A path of the file: relative ones begin in its folder.
    pub(super) fn path(&self, path: Option<PathBuf>, default: &str) -> PathBuf {
        self.resolve(&path.unwrap_or_else(|| PathBuf::from(default)))
    }

    pub(super) fn resolve(&self, path: &Path) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// The file is no TOML.
pub(super) fn syntax(file: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let (message, _) = library_words(error.message());
    let key = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    let (problem, remedy) = if message == "duplicate key" {
        // The span is that of the key, never of a value.
        let problem = format!("`{}` stands here a second time", printable(key.trim()));
        (problem, "keep one of them")
    } else {
        let problem = format!("this is no TOML ({message})");
        (
            problem,
            "text stands in quotes, lists in [ ], each key on a line of its own",
        )
    };
    ConfigError {
        source: Source::File {
            file: file.to_owned(),
            line: error.span().map(|span| line(text, span.start)),
        },
        key: None,
        problem,
        remedy: remedy.to_owned(),
    }
}

/// What a library found wrong, in one line, and what to do, if that follows. Without values, which may be secrets.
pub(super) fn library_words(message: &str) -> (String, Option<String>) {
    let message = message.trim_end().replace('\n', " ");
    if let Some((_, rest)) = message.split_once("unknown field `")
        && let Some((field, known)) = rest.split_once("`, expected ")
    {
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let remedy = match nearest(field, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        let problem = format!("there is no field `{field}`");
        return (printable(&problem), Some(printable(&remedy)));
    }
    let of_a_value = ["invalid type: ", "invalid value: ", "unknown variant "]
        .iter()
        .find_map(|words| message.split_once(words));
    let Some((_, rest)) = of_a_value else {
        return (printable(&message), None);
    };
    let (rest, field) = match rest.rsplit_once(" in `") {
        Some((rest, field)) => (rest, format!("`{}", field.trim_end())),
        None => (rest, "a value".to_owned()),
    };
    let problem = match rest.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{field} is not {}", in_our_words(expected)),
        None => format!("{field} is of the wrong type"),
    };
    (printable(&problem), None)
}

/// What a library says that it expected, without the words of a programming language.
fn in_our_words(expected: &str) -> String {
    match expected.trim_end() {
        words if words.starts_with("struct ") || words == "a map" => "a table".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "i64" => "a whole number that fits".to_owned(),
        words => words.to_owned(),
    }
}

/// The field that must be one of some words, and was something else than text. No library names the words then.
pub(super) fn field_of_words(message: &str) -> Option<String> {
    let (_, rest) = message.trim_end().rsplit_once("string")?;
    let field = rest.split_once("in `")?.1.split('`').next()?;
    let other = !message.contains("a string");
    (other && (message.contains("string only") || message.contains("wanted string")))
        .then(|| field.to_owned())
}

fn line(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    before.matches('\n').count() + 1
}

/// Names come from the file: nothing in them may move the cursor or begin a line of its own.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The span of the value that a dotted key leads to, from the table with the span `table`, as far as it leads.
fn span_below(document: &DeTable<'_>, table: &Range<usize>, key: &str) -> Option<Range<usize>> {
    let mut here = table_at(document, table)?;
    let mut span = None;
    for segment in key.split('.') {
        match here.get(segment) {
            Some(value) => {
                span = Some(value.span());
                let DeValue::Table(inner) = value.get_ref() else {
                    break;
                };
                here = inner;
            }
            // Its first words may name the table itself.
            None if span.is_none() => {}
            None => break,
        }
    }
    span
}

/// The table that has this span.
fn table_at<'a, 'b>(document: &'a DeTable<'b>, span: &Range<usize>) -> Option<&'a DeTable<'b>> {
    fn within<'a, 'b>(value: &'a Spanned<DeValue<'b>>, span: &Range<usize>) -> Option<&'a DeTable<'b>> {
        match value.get_ref() {
            DeValue::Table(table) if value.span() == *span => Some(table),
            DeValue::Table(table) => table_at(table, span),
            DeValue::Array(values) => values.iter().find_map(|value| within(value, span)),
            _ => None,
        }
    }
    document.values().find_map(|value| within(value, span))
}
