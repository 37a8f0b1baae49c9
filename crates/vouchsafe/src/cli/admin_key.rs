//! `vouchsafe admin-key create`.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio::runtime::Handle;
use vouchsafe_model::{AdminScope, Clock as _};

use super::{ConfigArgument, Failure, Output};
use crate::clock::SystemClock;
use crate::{logging, service};

/// Keys for the admin API.
#[derive(Debug, Subcommand)]
pub(super) enum AdminKeyCommand {
    /// Make a key and print it, once. The server must not be running.
    Create(CreateArguments),
}

#[derive(Debug, Args)]
pub(super) struct CreateArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// What you call it.
    #[arg(long)]
    name: String,
    /// What it may do: read, revoke, manage, trust. May be repeated.
    #[arg(long = "scope", required = true, value_parser = scope)]
    scopes: Vec<AdminScope>,
    /// After how many days it ends; never, if not said.
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
}

pub(super) async fn run(command: AdminKeyCommand, handle: Handle) -> Result<ExitCode, Failure> {
    let AdminKeyCommand::Create(arguments) = command;
    let mut config = arguments.config.read()?;
    // Only what went wrong: the key is read from the output by scripts.
    "warn".clone_into(&mut config.log.level);
    logging::begin(&config.log);
    let opened = service::open(&config, handle)?;
    let expires_at = arguments
        .expires_in_days
        .map(|days| SystemClock.now() + DAY * days);
    let created = opened
        .instance
        .sign_in
        .create_admin_key(&arguments.name, arguments.scopes, expires_at);
    let (_, text) = created.await?;
    opened.close().await;
    Output::to_stdout().line(text.expose());
    Ok(ExitCode::SUCCESS)
}

pub(super) fn scope(text: &str) -> Result<AdminScope, String> {
    text.parse()
        .map_err(|_| "use read, revoke, manage or trust".to_owned())
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
