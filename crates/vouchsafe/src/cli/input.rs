//! Secrets and texts that commands take from files, or from standard input: never from the command line, which everyone
//! on the machine may read.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::Path;

use vouchsafe_model::Secret;

use crate::cli::Failure;
use crate::files;

/// The content of a file; `-` = standard input. One line end at its end is no part of it.
pub(super) fn secret(flag: &str, path: &Path) -> Result<Secret<String>, Failure> {
    content(&text(flag, path)?).ok_or_else(|| Failure::new(format!("{flag}: {} is empty", name(path))))
}

/// What is piped in, of a command that takes it in no other way: `what` it is, and the command as it is typed.
pub(super) fn piped(what: &str, command: &str) -> Result<Secret<String>, Failure> {
    let how = format!("pipe it in, as in `read -rs SECRET; printf %s \"$SECRET\" | {command}`");
    if io::stdin().is_terminal() {
        return Err(Failure::new(format!(
            "standard input is a terminal, which shows what is typed: {how}"
        )));
    }
    let mut text = String::new();
    let read = io::stdin().take(MOST).read_to_string(&mut text);
    let text = Secret::new(text);
    read.map_err(|error| {
        let kind = files::words(error.kind());
        Failure::new(format!("{what} on standard input cannot be read ({kind}): {how}"))
    })?;
    content(&text).ok_or_else(|| Failure::new(format!("there is no {what} on standard input: {how}")))
}

/// Without the line end, if anything is left then.
fn content(text: &Secret<String>) -> Option<Secret<String>> {
    let content = text.expose().strip_suffix('\n').unwrap_or(text.expose());
    let content = content.strip_suffix('\r').unwrap_or(content);
    (!content.is_empty()).then(|| Secret::from(content))
}

/// The same, where it may be left out.
pub(super) fn secret_if_said(flag: &str, path: Option<&Path>) -> Result<Option<Secret<String>>, Failure> {
    path.map(|path| secret(flag, path)).transpose()
}

/// All of it.
pub(super) fn text(flag: &str, path: &Path) -> Result<Secret<String>, Failure> {
    let read = if path == Path::new(STANDARD_INPUT) {
        if io::stdin().is_terminal() {
            return Err(Failure::new(format!(
                "{flag} -: standard input is a terminal, which shows what is typed: name a file, or pipe it in, as in \
                 `read -rs SECRET; printf %s \"$SECRET\" | vouchsafe ...`"
            )));
        }
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    read.map(Secret::new).map_err(|error| {
        let kind = files::words(error.kind());
        Failure::new(format!(
            "{flag}: {} cannot be read ({kind}): name a file of text that this user may read",
            name(path)
        ))
    })
}

fn name(path: &Path) -> String {
    if path == Path::new(STANDARD_INPUT) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

const STANDARD_INPUT: &str = "-";
/// Bytes of what is piped in; tokens are far shorter.
const MOST: u64 = 1 << 20;
