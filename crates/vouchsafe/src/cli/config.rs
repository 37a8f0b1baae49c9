//! `vouchsafe config`: whether a configuration holds together, and what is in force.

use std::process::ExitCode;

use clap::Subcommand;

use super::{ConfigArgument, Failure, Output};
use crate::config::{Environment, effective, reference};

/// The configuration.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether file and environment hold together, or the one thing that is wrong. Touches nothing.
    Check(ConfigArgument),
    /// Print what is in force, and where each value is from. Secrets are left out.
    Show(ConfigArgument),
    /// Print the reference of all settings, in Markdown.
    Reference,
}

pub(super) fn run(command: &ConfigCommand) -> Result<ExitCode, Failure> {
    let mut output = Output::to_stdout();
    match command {
        ConfigCommand::Check(argument) => {
            argument.read()?;
            output.line(format_args!("{}: ok", argument.config.display()));
        }
        ConfigCommand::Show(argument) => {
            // Nothing is in force that does not hold together.
            argument.read()?;
            output.text(effective(&argument.config, &Environment::of_process())?);
        }
        ConfigCommand::Reference => output.text(reference()),
    }
    Ok(ExitCode::SUCCESS)
}
