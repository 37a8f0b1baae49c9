//! Numbered steps in plain words, and the sentence for the one that did not hold.

use std::fmt;

use crate::cli::Output;

/// Why a step did not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Problem(String);

impl Problem {
    /// With a sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl From<reqwest::Error> for Problem {
    fn from(error: reqwest::Error) -> Self {
        // Without the URL, which may hold a code.
        let error = error.without_url();
        let cause = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        Self(format!("the HTTP call failed: {error} {cause}"))
    }
}

/// The narrator.
pub(super) struct Story<'a> {
    output: &'a mut Output,
    step: usize,
}

impl<'a> Story<'a> {
    pub(super) fn new(output: &'a mut Output) -> Self {
        Self { output, step: 0 }
    }

    /// The number of the step that is being told.
    pub(super) const fn number(&self) -> usize {
        self.step
    }

    /// The next step.
    pub(super) fn step(&mut self, title: impl fmt::Display) {
        self.step += 1;
        self.output.line(format_args!("\n{:>2}. {title}", self.step));
    }

    /// What is seen.
    pub(super) fn say(&mut self, text: impl fmt::Display) {
        self.output.line(format_args!("    {text}"));
    }

    /// A value with its name.
    pub(super) fn value(&mut self, name: &str, value: impl fmt::Display) {
        self.output.line(format_args!("      {name:<16} {value}"));
    }

    /// Without indentation.
    pub(super) fn plain(&mut self, text: impl fmt::Display) {
        self.output.line(text);
    }
}

/// What must be so, or else the sentence.
pub(super) fn must(holds: bool, otherwise: impl Into<String>) -> Result<(), Problem> {
    if holds {
        Ok(())
    } else {
        Err(Problem::new(otherwise))
    }
}

/// The beginning and the end of a token: enough to tell two apart, too little to use.
pub(super) fn shortened(token: &str) -> String {
    let characters: Vec<char> = token.chars().collect();
    if characters.len() < 16 {
        return "…".to_owned();
    }
    let head: String = characters[..6].iter().collect();
    let tail: String = characters[characters.len() - 3..].iter().collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_by_its_ends() {
        assert_eq!(shortened("eyJhbGciOiJFZERTQSJ9.x.y7x7Q"), "eyJhbG…x7Q");
        assert_eq!(shortened("short"), "…");
    }
}
