//! A running server, from its configuration to its orderly end.
//!
//! Up: lock, key, instance, pinned keys, configuration, background work, local socket, HTTP. Down, in this order: HTTP and
//! the socket drain, the background work stops, the last checkpoint is written, the database closes, the lock is released.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::runtime::Handle;
use tokio::sync::watch;
use vouchsafe_identity_provider::EgressOptions;
use vouchsafe_model::{Clock as _, Ids, OsEntropy};
use vouchsafe_token_exchange::ExchangeOptions;

use crate::adopt::{self, AdoptError, Adopted};
use crate::cli::Failure;
use crate::clock::SystemClock;
use crate::config::{self, ApplyError, Config};
use crate::foreign_files::{self, ForeignFiles};
use crate::key_file::{self, KeyFileError};
use crate::local_socket;
use crate::process_lock::{ProcessLock, ProcessLockError};
use crate::public_keys::{self, PublicKeysError};
use crate::sealed;
use crate::tls::{Identity, TlsError};
use crate::wiring::{Instance, Settings, StartError};

/// Why a server does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Another process has the database.
    #[error(transparent)]
    Lock(#[from] ProcessLockError),
    /// The database is not there, but files of one are.
    #[error(transparent)]
    ForeignFiles(#[from] ForeignFiles),
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The instance does not open.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The pinned keys cannot be read or written.
    #[error(transparent)]
    PublicKeys(#[from] PublicKeysError),
    /// The configuration cannot be applied.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// There is no certificate to serve with.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: stop what listens there, or change `listen`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The HTTP server failed.
    #[error("the HTTP server failed")]
    Http(#[source] io::Error),
    /// The database began to contradict a checkpoint while it was served.
    #[error("the database contradicts a checkpoint of its record")]
    Contradicted,
    /// The database cannot be adopted.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
}

impl ServiceError {
    /// Whether the server goes on without serving anything.
    const fn seals(&self) -> bool {
        match self {
            Self::Contradicted => true,
            Self::Start(StartError::Checkpoint(error)) => error.is_contradiction(),
            _ => false,
        }
    }
}

/// An instance with the lock of its database.
pub struct Opened {
    /// The instance.
    pub instance: Instance,
    lock: ProcessLock,
}

/// Opens the instance of a configuration, alone.
pub fn open(config: &Config, handle: Handle) -> Result<Opened, ServiceError> {
    open_with(ProcessLock::take(&config.database)?, config, handle)
}

fn open_with(lock: ProcessLock, config: &Config, handle: Handle) -> Result<Opened, ServiceError> {
    open_against(Some(config.checkpoint_file.clone()), lock, config, handle)
}

/// Also a database that contradicts the checkpoint.
fn open_unchecked(lock: ProcessLock, config: &Config, handle: Handle) -> Result<Opened, ServiceError> {
    open_against(None, lock, config, handle)
}

fn open_against(
    checkpoint_file: Option<PathBuf>,
    lock: ProcessLock,
    config: &Config,
    handle: Handle,
) -> Result<Opened, ServiceError> {
    foreign_files::refuse(config)?;
    let ids = Ids::new(Arc::new(SystemClock), Arc::new(OsEntropy));
    let key = key_file::read_or_create(&config.key_file, &config.database, &ids)?;
    let settings = Settings {
        egress: EgressOptions {
            internal_hosts: config.internal_hosts.clone(),
            ..EgressOptions::default()
        },
        trusted_proxies: config.trusted_proxies.clone(),
        checkpoint_file,
        checkpoint_interval: config.checkpoint_interval,
        witnesses: config.witnesses.clone(),
        witness_interval: config.witness_interval,
        wait_limit: config.wait_limit,
        exchange: ExchangeOptions {
            memory: config.memory,
            ..ExchangeOptions::default()
        },
        exports: config.exports.clone().into(),
        ..Settings::new(&config.issuer, config.database.clone(), Box::new(key), handle)
    };
    let instance = Instance::open(settings)?;
    public_keys::pin(&config.public_key_file, &instance.vault.head_keys())?;
    Ok(Opened { instance, lock })
}

impl Opened {
    /// Writes the checkpoint of what was done, and closes.
    pub async fn close(self) {
        self.instance.checkpoint().await;
        drop(self.instance);
        drop(self.lock);
    }
}

/// A server that is ready to serve.
pub struct Service {
    /// The instance behind it.
    pub instance: Instance,
    config: Arc<Config>,
    left_out: Vec<String>,
    listener: TcpListener,
    tls: Option<(Identity, ServerConfig)>,
    lock: ProcessLock,
}

impl Service {
    /// Takes the address first, and opens the certificate, so that a mistake shows before anything is written; then opens and configures.
    pub async fn start(config: impl Into<Arc<Config>>, handle: Handle) -> Result<Self, ServiceError> {
        let config = config.into();
        Self::start_on(bind(config.listen)?, config, handle).await
    }

    /// The same, on an address that is taken already.
    pub async fn start_on(
        listener: TcpListener,
        config: impl Into<Arc<Config>>,
        handle: Handle,
    ) -> Result<Self, ServiceError> {
        let config = config.into();
        let tls = tls(&config)?;
        let lock = lock_soon(&config).await?;
        let Opened { instance, lock } = open_with(lock, &config, handle)?;
        let outcome = config::apply(&instance, &config).await?;
        tracing::info!(
            issuer = %config.issuer,
            config.changed = outcome.changed,
            config.left_out = outcome.left_out.len(),
            "the configuration is applied"
        );
        Ok(Self {
            instance,
            config,
            left_out: outcome.left_out,
            listener,
            tls,
            lock,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is ready, then goes down in order.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServiceError> {
        let Self {
            instance,
            config,
            left_out,
            listener,
            tls,
            lock,
        } = self;
        let (stop, stopped) = watch::channel(false);
        let background = instance.background(&stopped).await;
        let (contradicted, sealed) = (background.contradicted(), background.is_contradicted());
        let (drain, draining) = watch::channel(false);
        // In front of HTTP: whoever has seen that answer finds the socket.
        let local = local_socket::serve(&instance, config.admin_socket.as_deref(), draining);
        let retries = instance.handle.spawn(retry(instance.clone(), config, left_out));
        let drain_both = drain.clone();
        let shutdown = async move {
            tokio::select! {
                () = shutdown => {}
                () = contradicted => {}
            }
            drain_both.send_replace(true);
        };
        let (renewals, served) = match tls {
            Some((identity, how)) => {
                let renewals = instance.handle.spawn(identity.keep_fresh(SystemClock));
                let served = vouchsafe_server::serve_tls(instance.app(), listener, how, shutdown).await;
                (Some(renewals), served)
            }
            None => (
                None,
                vouchsafe_server::serve(instance.app(), listener, shutdown).await,
            ),
        };
        // HTTP may also have ended because it failed.
        drain.send_replace(true);
        if let Some(local) = local {
            local.ended().await;
        }
        retries.abort();
        if let Some(renewals) = renewals {
            renewals.abort();
        }
        // Nobody listens any more only if the background work is gone already.
        stop.send(true).ok();
        background.finish().await;
        drop(instance);
        drop(lock);
        tracing::info!("stopped");
        served.map_err(ServiceError::Http)?;
        if *sealed.borrow() {
            Err(ServiceError::Contradicted)
        } else {
            Ok(())
        }
    }
}

/// Serves a configuration until `shutdown` is ready. While its database contradicts a checkpoint of its record, nothing is
/// served (AR-15).
pub async fn serve(
    config: Arc<Config>,
    handle: Handle,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServiceError> {
    let listener = bind(config.listen)?;
    let (stop, stopped) = watch::channel(false);
    handle.spawn(async move {
        shutdown.await;
        stop.send_replace(true);
        // Whoever has not asked yet still finds out.
        stop.closed().await;
    });
    loop {
        let again = || listener.try_clone().map_err(ServiceError::Http);
        let served = match Service::start_on(again()?, config.clone(), handle.clone()).await {
            Ok(service) => service.run(told(stopped.clone())).await,
            Err(error) => Err(error),
        };
        match served {
            Err(error) if error.seals() => {
                tracing::error!(error = %Failure::from(error), "sealed: nothing is served");
            }
            served => return served,
        }
        let tls = tls(&config)?.map(|(_, tls)| tls);
        let waited = sealed::serve(&config, again()?, tls, stopped.clone()).await;
        waited.map_err(ServiceError::Http)?;
        if *stopped.borrow() {
            return Ok(());
        }
        tracing::info!("the database agrees with the checkpoint");
    }
}

async fn told(mut stopped: watch::Receiver<bool>) {
    // An error means that nobody can tell us any more: then it is over, too.
    stopped.wait_for(|told| *told).await.ok();
}

fn bind(address: SocketAddr) -> Result<TcpListener, ServiceError> {
    TcpListener::bind(address).map_err(|source| ServiceError::Listen { address, source })
}

/// The certificate to serve with, opened.
fn tls(config: &Config) -> Result<Option<(Identity, ServerConfig)>, TlsError> {
    let Some(files) = config.tls.clone() else {
        return Ok(None);
    };
    let identity = Identity::open(files)?;
    let how = identity.server_config()?;
    Ok(Some((identity, how)))
}

/// Goes on with a database that contradicts the checkpoint: says so on its record, makes the tree anew, and signs. Where the
/// old checkpoint is kept now, if there was a reason to adopt.
pub async fn adopt(config: &Config, handle: Handle) -> Result<Option<Adopted>, ServiceError> {
    let opened = open_unchecked(ProcessLock::take(&config.database)?, config, handle)?;
    let adopted = adopt::adopt(&opened.instance, &config.checkpoint_file).await;
    drop(opened);
    Ok(adopted?)
}

/// A command that works on the database has it for a moment only, and is no reason not to start.
async fn lock_soon(config: &Config) -> Result<ProcessLock, ProcessLockError> {
    let mut waited = Duration::ZERO;
    loop {
        match ProcessLock::take(&config.database) {
            Err(ProcessLockError::Held { .. }) if waited < LOCK_PATIENCE => {
                SystemClock.sleep(LOCK_AGAIN).await;
                waited += LOCK_AGAIN;
            }
            outcome => return outcome,
        }
    }
}

/// Providers whose metadata could not be fetched come in as soon as it can.
async fn retry(instance: Instance, config: Arc<Config>, mut left_out: Vec<String>) {
    while !left_out.is_empty() {
        SystemClock.sleep(config::RETRY_EVERY).await;
        match config::apply_left_out(&instance, &config, &left_out).await {
            Ok(still) => left_out = still,
            Err(error) => tracing::error!(error = %error, "a provider could not be applied"),
        }
    }
}

const LOCK_AGAIN: Duration = Duration::from_millis(100);
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
