//! `vouchsafe serve` and `vouchsafe migrate`.

use std::process::ExitCode;
use std::sync::Arc;

use tokio::runtime::Handle;
use vouchsafe_store::{Store, StoreOptions};

use super::{ConfigArgument, Failure, Output};
use crate::logging;
use crate::process_lock::ProcessLock;
use crate::service;

pub(super) async fn run(argument: &ConfigArgument, handle: Handle) -> Result<ExitCode, Failure> {
    let config = argument.read()?;
    let format = config.log.format;
    logging::begin(&config.log);
    match service::serve(Arc::new(config), handle, told_to_stop()).await {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::from(error).in_format(format)),
    }
}

pub(super) fn migrate(argument: &ConfigArgument) -> Result<ExitCode, Failure> {
    let config = argument.read()?;
    let format = config.log.format;
    logging::begin(&config.log);
    let migrated = || -> Result<usize, Failure> {
        let _lock = ProcessLock::take(&config.database)?;
        let store = Store::open(config.database, StoreOptions::default())?;
        Ok(store.migrate()?)
    };
    let count = migrated().map_err(|failure| failure.in_format(format))?;
    Output::to_stdout().line(match count {
        0 => "the schema was up to date already: nothing was done".to_owned(),
        count => format!("{count} migration(s) run: the schema is up to date"),
    });
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
