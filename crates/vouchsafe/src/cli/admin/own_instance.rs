//! The instance itself, when no server runs: opened as a server would, with the admin routes on a socket that nobody else
//! knows of.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchsafe_store::{Location, SchemaState, Store};

use super::http::Http;
use super::local::Failing;
use crate::cli::Failure;
use crate::config::Config;
use crate::local_socket::{self, Private};
use crate::service::{self, Opened};

/// An instance of our own, and the server in front of it.
pub(super) struct OwnInstance {
    opened: Opened,
    server: JoinHandle<()>,
    drain: watch::Sender<bool>,
    _socket: Private,
}

impl OwnInstance {
    /// Takes the lock, checks the key, the pinned keys and the checkpoint, as a start does; then serves.
    pub(super) async fn open(config: &Config, handle: Handle) -> Result<(Http, Self), Failing> {
        let opened = service::open(config, handle.clone())?;
        match Private::bind()
            .map_err(Failure::from)
            .and_then(|(private, socket)| {
                let http = Http::at_socket(&private.path)?;
                Ok((private, socket, http))
            }) {
            Ok((private, socket, http)) => {
                let (drain, draining) = watch::channel(false);
                let app = opened.instance.app();
                let server = handle.spawn(local_socket::serve_on(socket, app, draining));
                let own = Self {
                    opened,
                    server,
                    drain,
                    _socket: private,
                };
                Ok((http, own))
            }
            Err(failure) => {
                opened.close().await;
                Err(Failing::Otherwise(failure))
            }
        }
    }

    /// As a server goes down: nothing new begins, what a revocation began upstream ends, the checkpoint is written.
    pub(super) async fn close(self) -> Told {
        self.drain.send_replace(true);
        if self.server.await.is_err() {
            tracing::error!("the server of the local socket ended by a panic");
        }
        let identity_provider = &self.opened.instance.identity_provider;
        identity_provider.idle().await;
        // A revocation of much leaves work: nobody else may be there to tell the providers.
        let told = match identity_provider.run_jobs_for(PATIENCE).await {
            Ok(true) => Told::All,
            Ok(false) => Told::NotAll,
            Err(error) => {
                tracing::warn!(error = %error, "the jobs cannot be read");
                Told::NotAll
            }
        };
        self.opened.close().await;
        told
    }
}

/// Whether providers know of everything that is revoked here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// A server runs, and tells them.
    ByServer,
    /// Every one has been told.
    All,
    /// Not every one, and when this command has ended nobody goes on with it.
    NotAll,
}

/// How long a command goes on with what is due.
const PATIENCE: Duration = Duration::from_secs(20);

/// Only a start, or the first admin key, makes a database: whoever looks at one that is not there has named the wrong file.
pub(super) fn require_database(config: &Config) -> Result<(), Failure> {
    let place = match &config.database {
        Location::Sqlite(path) if !path.exists() => format!("there is no database at {}", path.display()),
        location => match Store::open_read_only(location.clone())?.schema_state()? {
            SchemaState::Empty => "the database is empty".to_owned(),
            _ => return Ok(()),
        },
    };
    let file = config.file.display();
    Err(Failure::new(format!(
        "{place}: look whether {file} is the right configuration (--config), and make the database with `vouchsafe init` \
         or `vouchsafe serve`"
    )))
}
