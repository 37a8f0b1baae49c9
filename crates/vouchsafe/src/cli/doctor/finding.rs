//! One line of the doctor.

use std::fmt;

use serde_json::{Value, json};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// A server runs, but somebody should know.
    Warn,
    /// A server does not run, or does not do its work.
    Fail,
}

/// What was looked at, and what was seen; when it is not well, also what to do.
pub(super) struct Finding {
    pub(super) state: State,
    check: &'static str,
    text: String,
}

impl Finding {
    pub(super) fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(State::Ok, check, text.into())
    }

    pub(super) fn warn(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(State::Warn, check, text.into())
    }

    pub(super) fn fail(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(State::Fail, check, text.into())
    }

    const fn new(state: State, check: &'static str, text: String) -> Self {
        Self { state, check, text }
    }

    pub(super) fn to_json(&self) -> Value {
        let state = match self.state {
            State::Ok => "ok",
            State::Warn => "warn",
            State::Fail => "fail",
        };
        json!({ "state": state, "check": self.check, "text": self.text })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        write!(f, "{state}  {}: {}", self.check, self.text)
    }
}
