//! A server whose database contradicts a checkpoint of its record: it answers, serves nothing, and looks every second whether
//! that is still so (AR-15). The right database may come back, or an operator adopts this one.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::watch;
use vouchsafe_model::Clock as _;
use vouchsafe_store::{Store, StoreError, instance};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::{checkpoint_file, public_keys};

/// Serves nothing until the database agrees with the checkpoint, or the server is told to stop.
pub(crate) async fn serve(
    config: &Arc<Config>,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    mut shutdown: watch::Receiver<bool>,
) -> io::Result<()> {
    let watched = config.clone();
    let over = async move {
        tokio::select! {
            () = agreement(watched) => {}
            // An error means that nobody can tell us any more.
            _ = shutdown.wait_for(|told| *told) => {}
        }
    };
    vouchsafe_server::serve_sealed(&config.issuer, listener, tls, over).await
}

/// Ready when the start can be tried again.
async fn agreement(config: Arc<Config>) {
    loop {
        SystemClock.sleep(EVERY).await;
        let config = config.clone();
        // Whatever else may be wrong is told by the start.
        if matches!(
            tokio::task::spawn_blocking(move || agrees(&config)).await,
            Ok(true)
        ) {
            return;
        }
    }
}

/// Reads only: whoever works on the database meanwhile is not in the way, and nobody in theirs.
fn agrees(config: &Config) -> bool {
    let Ok(keys) = public_keys::read(&config.public_key_file) else {
        return false;
    };
    let found = || -> Result<_, StoreError> {
        let store = Store::open_read_only(config.database.clone())?;
        Ok((store.read_blocking(instance::get)?, store))
    };
    match found() {
        Ok((Some(instance), store)) => {
            checkpoint_file::require_agreement(&config.checkpoint_file, &store, &instance, &keys).is_ok()
        }
        _ => false,
    }
}

const EVERY: Duration = Duration::from_secs(1);
