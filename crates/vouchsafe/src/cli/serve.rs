//! `vouchsafe serve` and `vouchsafe migrate`.

use std::process::ExitCode;

use tokio::runtime::Handle;
use vouchsafe_store::{Store, StoreOptions};

use super::{ConfigArgument, Failure, Output};
use crate::config::Config;
use crate::logging;
use crate::process_lock::ProcessLock;
use crate::service::Service;

pub(super) async fn run(argument: &ConfigArgument, handle: Handle) -> Result<ExitCode, Failure> {
    let config = Config::read(&argument.config)?;
    logging::begin(&config.log);
    let service = Service::start(config, handle).await?;
    service.run(told_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn migrate(argument: &ConfigArgument) -> Result<ExitCode, Failure> {
    let config = Config::read(&argument.config)?;
    logging::begin(&config.log);
    let _lock = ProcessLock::take(&config.database)?;
    let store = Store::open(config.database, StoreOptions::default())?;
    let count = store.migrate()?;
    Output::to_stdout().line(format_args!("{count} migration(s) run; the schema is up to date"));
    Ok(ExitCode::SUCCESS)
}

/// Ready when the terminal or the system wants us to stop.
pub(crate) async fn told_to_stop() {
    let interrupted = async {
        // Without a handler nobody can tell us: then only the other signal counts.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => {}
        () = terminated() => {}
    }
    tracing::info!("stopping");
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => drop(terminated.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
