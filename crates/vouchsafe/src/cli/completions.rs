//! `vouchsafe completions`.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Output;

/// For which shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// Which shell.
    shell: Shell,
}

pub(super) fn run(arguments: &CompletionsArguments) -> ExitCode {
    let (mut command, mut script) = (super::Arguments::command(), Vec::new());
    clap_complete::generate(arguments.shell, &mut command, "vouchsafe", &mut script);
    Output::to_stdout().text(String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}
