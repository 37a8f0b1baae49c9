//! `vouchsafe demo`: the whole job, told step by step, against a pretended provider on this machine.
//!
//! Nothing is staged: the server is the one that `vouchsafe serve` runs, from a configuration file, and every step goes
//! over HTTP through [`Journey`], which knows of Vouchsafe only what a stranger's client could know.

mod browser;
mod journey;
mod page;
mod parties;
mod record_table;
mod stage;
mod story;
mod told;

use std::process::ExitCode;

use clap::Args;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::cli::{Failure, Output, told_to_stop};
use crate::service::Service;

pub use browser::Browser;
pub use journey::Journey;
pub use page::{Form, Page};
pub use parties::{ApiAnswer, Exchanged, Parties, SubjectToken};
pub use stage::{Stage, configuration};
pub use story::Problem;

/// How the demo is run.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// End after the last step, with status 0 only if every step held.
    #[arg(long)]
    exit: bool,
    /// The port that Vouchsafe listens on, on 127.0.0.1; any free one, if not said.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

pub(crate) async fn run(arguments: &DemoArguments, handle: Handle) -> Result<ExitCode, Failure> {
    let mut stage = Stage::set(arguments.port)?;
    let service = Service::start_on(stage.listener()?, stage.config()?, handle).await?;
    let parties = stage.parties(&service.instance).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        // A dropped sender means the same: the story is over.
        drop(stopped.await);
    };
    let story = async {
        let mut output = Output::to_stdout();
        let held = told::tell(&stage, &parties, &mut output).await;
        if held && !arguments.exit {
            stage.introduce(&parties, &mut output);
            told_to_stop().await;
        }
        drop(stop);
        held
    };
    let (served, held) = tokio::join!(service.run(shutdown), story);
    served?;
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
