//! The operations of the admin API as commands.
//!
//! A command says which operation it is ([`Call`]: method, path, parameters, body) and how its answer is shown ([`View`]).
//! Where the call goes is decided in one place ([`Session::open`]): to a remote server with an admin key, to the socket of
//! the server that runs here, or to the admin routes of an instance that this process opens because nobody else has it.
//! It is the same HTTP request everywhere.

mod admin_key;
mod answer;
mod call;
mod client;
mod client_fields;
mod connection;
mod delegation;
mod http;
mod local;
mod own_instance;
mod provider;
mod record;
mod session;
mod user;
mod view;
mod whoami;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tokio::runtime::Handle;

use super::{ConfigArgument, Failure, Output, told_to_stop};

pub(super) use admin_key::AdminKeyCommand;
pub(super) use client::ClientCommand;
pub(super) use connection::ConnectionCommand;
pub(super) use delegation::DelegationCommand;
pub(super) use provider::ProviderCommand;
pub(super) use record::RecordCommand;
pub(super) use user::UserCommand;
pub(super) use whoami::WhoAmI;

use call::Call;
use session::Session;

/// A command that is an operation.
pub(super) trait Operation {
    /// The operation. Files and standard input are read here, while nothing is open yet.
    fn call(self) -> Result<Call, Failure>;
}

/// The commands about one thing, and where they go.
#[derive(Debug, Args)]
pub(super) struct Commands<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    target: Target,
}

/// One command, and where it goes.
#[derive(Debug, Args)]
pub(super) struct Alone<C: Args> {
    #[command(flatten)]
    command: C,
    #[command(flatten)]
    target: Target,
}

impl<C: Subcommand + Operation> Commands<C> {
    pub(super) async fn run(self, handle: Handle) -> Result<ExitCode, Failure> {
        run(self.command, &self.target, handle).await
    }
}

impl<C: Args + Operation> Alone<C> {
    pub(super) async fn run(self, handle: Handle) -> Result<ExitCode, Failure> {
        run(self.command, &self.target, handle).await
    }
}

/// Where a command goes, and how its answer is shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where and how")]
struct Target {
    /// The configuration of the server on this machine; it may be running or not.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        default_value = "vouchsafe.toml",
        env = "VOUCHSAFE_CONFIG"
    )]
    config: PathBuf,
    /// Ask this server over the network instead: its issuer. With --admin-key-file.
    #[arg(long, global = true, value_name = "URL", env = "VOUCHSAFE_SERVER")]
    server: Option<String>,
    /// A file that holds the admin key for --server alone; `-`: standard input.
    #[arg(long, global = true, value_name = "FILE", env = "VOUCHSAFE_ADMIN_KEY_FILE")]
    admin_key_file: Option<PathBuf>,
    /// Certificates (PEM) of the only authorities that --server may be certified by; those of the system, if not said.
    #[arg(long, global = true, value_name = "FILE", env = "VOUCHSAFE_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// Print the bodies of the answers, one a line, and nothing else.
    #[arg(long, global = true)]
    json: bool,
}

impl Target {
    fn config(&self) -> ConfigArgument {
        ConfigArgument {
            config: self.config.clone(),
        }
    }
}

async fn run(command: impl Operation, target: &Target, handle: Handle) -> Result<ExitCode, Failure> {
    let call = command.call()?;
    let session = Session::open(target, call.birth(), handle).await?;
    let answered = tokio::select! {
        answered = session.answers(&call) => answered,
        () = told_to_stop() => Err(Failure::new(
            "stopped before the answer came: look whether it was done, before you ask again",
        )),
    };
    // First close, then print: a reader that is slow does not keep the database locked.
    let told = session.close().await;
    let (mut out, mut err) = (Output::to_stdout(), Output::to_stderr());
    let answers = answered?;
    if target.json {
        for answer in &answers {
            out.text(answer.raw());
        }
    } else {
        for line in call.view().lines(&answers)? {
            out.line(line);
        }
    }
    for remark in call.remarks(&answers, target.json, told) {
        err.line(remark);
    }
    Ok(ExitCode::SUCCESS)
}
