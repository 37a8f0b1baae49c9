//! The one place that writes to the terminal.

use std::fmt;
use std::io::{self, Write};

/// Lines on stdout or stderr. A reader that has gone away is no reason to fail.
pub struct Output(Box<dyn Write + Send>);

impl Output {
    /// For what the program was asked for.
    pub fn to_stdout() -> Self {
        Self(Box::new(io::stdout()))
    }

    /// For what went wrong.
    pub fn to_stderr() -> Self {
        Self(Box::new(io::stderr()))
    }

    /// Into anything else.
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        Self(Box::new(writer))
    }

    /// Text that ends with its own line end.
    pub fn text(&mut self, text: impl fmt::Display) {
        drop(write!(self.0, "{text}").and_then(|()| self.0.flush()));
    }

    /// One line.
    pub fn line(&mut self, text: impl fmt::Display) {
        drop(writeln!(self.0, "{text}").and_then(|()| self.0.flush()));
    }
}
