//! The command line.

mod admin;
mod audit;
mod audit_archive;
mod audit_exports;
mod audit_fingerprint;
mod audit_proof;
mod audit_verify;
mod completions;
mod config;
mod doctor;
mod failure;
mod init;
mod input;
mod output;
mod printable;
mod record_line;
mod serve;
#[cfg(test)]
mod told_commands;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::config::{Config, ConfigError, Environment};
use crate::{demo, hardening, logging};

pub use failure::Failure;
pub use output::Output;
pub use record_line::record_line;
pub(crate) use record_line::utc;
pub(crate) use serve::told_to_stop;

/// A token-exchange authorization server (RFC 8693) with a token vault.
#[derive(Debug, Parser)]
#[command(name = "vouchsafe", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a configuration, a key file and an admin key, and create the database.
    Init(init::InitArguments),
    /// Serve.
    Serve(ConfigArgument),
    /// Bring the schema of an older database up to date. Make a backup first.
    Migrate(ConfigArgument),
    /// Look at everything a server needs, also while it runs, and say what to do. Status 0 when nothing failed.
    Doctor(doctor::DoctorArguments),
    /// The configuration: whether it holds together, and what is in force.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Completions for a shell: source what this prints.
    Completions(completions::CompletionsArguments),
    /// People who sign in here.
    User(admin::Commands<admin::UserCommand>),
    /// Agents and applications.
    Client(admin::Commands<admin::ClientCommand>),
    /// Where people connect accounts.
    Provider(admin::Commands<admin::ProviderCommand>),
    /// Accounts that people have connected, and the kill switch.
    Connection(admin::Commands<admin::ConnectionCommand>),
    /// People's leave for clients to use their connections.
    Delegation(admin::Commands<admin::DelegationCommand>),
    /// The record as the server tells it, with filters.
    Record(admin::Commands<admin::RecordCommand>),
    /// Keys for the admin API.
    AdminKey(admin::Commands<admin::AdminKeyCommand>),
    /// Say as whom commands are taken, and what they may do.
    Whoami(admin::Alone<admin::WhoAmI>),
    /// The record of what was released to whom, and under which authority.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Show the whole job, step by step, against a pretended provider, on this machine alone.
    Demo(demo::DemoArguments),
}

/// Which configuration.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigArgument {
    /// The configuration file.
    #[arg(
        long,
        short,
        value_name = "FILE",
        default_value = "vouchsafe.toml",
        env = "VOUCHSAFE_CONFIG"
    )]
    pub(crate) config: PathBuf,
}

impl ConfigArgument {
    /// Reads it, with what the environment says instead.
    pub(crate) fn read(&self) -> Result<Config, ConfigError> {
        Config::read(&self.config, &Environment::of_process())
    }
}

/// Runs the program. The status is 0 when it did what it was told, else 1; 2 also when a record could not be verified.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    hardening::harden();
    logging::report_panics();
    let arguments = Arguments::parse_from(arguments);
    let outcome = runtime().and_then(|runtime| {
        let handle = runtime.handle().clone();
        let outcome = runtime.block_on(async {
            match arguments.command {
                Command::Init(arguments) => init::run(&arguments, handle).await,
                Command::Serve(argument) => serve::run(&argument, handle).await,
                Command::Migrate(argument) => serve::migrate(&argument),
                Command::Doctor(arguments) => doctor::run(&arguments).await,
                Command::Config(command) => config::run(&command),
                Command::Completions(arguments) => Ok(completions::run(&arguments)),
                Command::User(commands) => commands.run(handle).await,
                Command::Client(commands) => commands.run(handle).await,
                Command::Provider(commands) => commands.run(handle).await,
                Command::Connection(commands) => commands.run(handle).await,
                Command::Delegation(commands) => commands.run(handle).await,
                Command::Record(commands) => commands.run(handle).await,
                Command::AdminKey(commands) => commands.run(handle).await,
                Command::Whoami(command) => command.run(handle).await,
                Command::Audit(command) => audit::run(command, handle).await,
                Command::Demo(arguments) => demo::run(&arguments, handle).await,
            }
        });
        // Transactions that have begun get this long to end.
        runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        outcome
    });
    outcome.unwrap_or_else(|failure| {
        logging::last_words(failure.format(), &failure.to_string());
        ExitCode::from(failure.status())
    })
}

fn runtime() -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .enable_all()
        .thread_name("vouchsafe")
        .build()
        .map_err(|error| Failure::new(format!("the runtime cannot be started: {error}")))
}
