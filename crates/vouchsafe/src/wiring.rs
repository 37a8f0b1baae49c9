//! Puts the crates together: [`Settings`] in, [`Instance`] out. Nothing here is read from files or the environment, and
//! every source of time, randomness and threads is a setting; so tests build exactly what the binary serves.

mod background;
mod birth;
mod error;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use vouchsafe_audit::{Ledger, Recorder};
use vouchsafe_identity_provider as identity_provider;
use vouchsafe_identity_provider::{ConnectOptions, Egress, EgressOptions, IdentityProvider};
use vouchsafe_model::{Clock, Entropy, Ids, OsEntropy};
use vouchsafe_server::{App, ServerOptions};
use vouchsafe_sign_in as sign_in;
use vouchsafe_sign_in::{SessionOptions, SignIn};
use vouchsafe_store::{Location, Store, StoreOptions};
use vouchsafe_token_exchange as token_exchange;
use vouchsafe_token_exchange::{AuthorizationServer, ExchangeOptions};
use vouchsafe_vault::{KeyProvider, Vault};

use crate::checkpoint_file;
use crate::clock::SystemClock;
use crate::export::Export;
use crate::witnesses::WitnessLine;

pub use background::Background;
pub use error::StartError;

/// What an instance is made of.
pub struct Settings {
    /// Our issuer and public base, without a slash at the end.
    pub issuer: String,
    /// Where the rows are.
    pub location: Location,
    /// How the store is run. Its handle is set to `handle`.
    pub store: StoreOptions,
    /// Opens the vault.
    pub key_provider: Box<dyn KeyProvider>,
    /// The outgoing HTTP client.
    pub egress: EgressOptions,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The main runtime, which outlives every HTTP worker.
    pub handle: Handle,
    /// The exchange.
    pub exchange: ExchangeOptions,
    /// Browser sessions.
    pub sessions: SessionOptions,
    /// Journeys to providers and upstream revocation.
    pub connect: ConnectOptions,
    /// Proxies whose word about the client's address counts.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where the last checkpoint of the record is kept outside the database.
    pub checkpoint_file: Option<PathBuf>,
    /// How long a request waits for its record.
    pub wait_limit: Duration,
    /// How often a checkpoint is signed while there is something new.
    pub checkpoint_interval: Duration,
    /// Where the record goes, entry by entry.
    pub exports: Arc<[Export]>,
    /// Who cosigns checkpoints.
    pub witnesses: Vec<WitnessLine>,
    /// How often they are asked.
    pub witness_interval: Duration,
}

impl Settings {
    /// Defaults for everything that has one: the system's clock and randomness, no internal hosts, no proxy.
    pub fn new(issuer: &str, location: Location, key_provider: Box<dyn KeyProvider>, handle: Handle) -> Self {
        Self {
            issuer: issuer.trim_end_matches('/').to_owned(),
            location,
            store: StoreOptions::default(),
            key_provider,
            egress: EgressOptions::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            handle,
            exchange: ExchangeOptions::default(),
            sessions: SessionOptions::default(),
            connect: ConnectOptions::default(),
            trusted_proxies: Vec::new(),
            checkpoint_file: None,
            wait_limit: Duration::from_secs(5),
            checkpoint_interval: Duration::from_secs(1),
            exports: Arc::default(),
            witnesses: Vec::new(),
            witness_interval: Duration::from_secs(60),
        }
    }
}

/// One instance, opened: everything that serves it. Clones share it.
#[derive(Clone)]
#[expect(missing_docs, reason = "each part is named by its type")]
pub struct Instance {
    pub store: Store,
    pub vault: Vault,
    pub recorder: Recorder,
    pub identity_provider: IdentityProvider,
    pub sign_in: SignIn,
    pub authorization_server: AuthorizationServer,
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    /// The main runtime.
    pub handle: Handle,
    /// Whether this call made the instance, in a database that was empty.
    pub created: bool,
    server: ServerOptions,
    checkpoint_file: Option<PathBuf>,
    checkpoint_interval: Duration,
    exports: Arc<[Export]>,
    egress: Egress,
    witnesses: Vec<WitnessLine>,
    witness_interval: Duration,
}

impl Instance {
    /// 1. open the store; 2. migrate an empty database, refuse one of another version; 3. unlock the vault, or make
    ///    instance and keys where there are none; 4. refuse a database that contradicts the checkpoint outside; 5. build.
    pub fn open(settings: Settings) -> Result<Self, StartError> {
        let ids = Ids::new(settings.clock.clone(), settings.entropy.clone());
        let options = StoreOptions {
            handle: Some(settings.handle.clone()),
            ..settings.store.clone()
        };
        let store = Store::open(settings.location.clone(), options)?;
        birth::bring_up_to_date(&store)?;
        birth::require_writable(&store)?;
        let (vault, created) = birth::unlock_or_create(&store, &settings, &ids)?;
        if let Some(path) = &settings.checkpoint_file {
            checkpoint_file::require_agreement(path, &store, vault.instance(), &vault.head_keys())?;
        }
        let egress = Egress::new(settings.egress.clone())?;
        Ok(Self::build(
            settings,
            Opened {
                ids,
                store,
                vault,
                created,
                egress,
            },
        ))
    }

    fn build(settings: Settings, opened: Opened) -> Self {
        let Settings {
            issuer,
            clock,
            handle,
            ..
        } = settings;
        let Opened {
            ids,
            store,
            vault,
            created,
            egress,
        } = opened;
        let ledger = Ledger::new(vault.clone(), clock.clone(), ids.clone());
        let recorder = Recorder::new(store.clone(), ledger.clone(), settings.wait_limit);
        let identity_provider = IdentityProvider::new(identity_provider::Parts {
            store: store.clone(),
            ledger: ledger.clone(),
            vault: vault.clone(),
            egress: egress.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            issuer: issuer.clone(),
            handle: handle.clone(),
            options: settings.connect,
        });
        let sign_in = SignIn::new(sign_in::Parts {
            store: store.clone(),
            ledger,
            vault: vault.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            issuer: issuer.clone(),
            handle: handle.clone(),
            options: settings.sessions,
        });
        let authorization_server = AuthorizationServer::new(token_exchange::Parts {
            issuer: issuer.clone(),
            store: store.clone(),
            recorder: recorder.clone(),
            vault: vault.clone(),
            identity_provider: identity_provider.clone(),
            sign_in: sign_in.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            options: settings.exchange,
        });
        let server = ServerOptions {
            issuer,
            trusted_proxies: settings.trusted_proxies,
        };
        Self {
            store,
            vault,
            recorder,
            identity_provider,
            sign_in,
            authorization_server,
            clock,
            ids,
            handle,
            created,
            server,
            checkpoint_file: settings.checkpoint_file,
            checkpoint_interval: settings.checkpoint_interval,
            exports: settings.exports,
            egress,
            witnesses: settings.witnesses,
            witness_interval: settings.witness_interval,
        }
    }

    /// What the HTTP server serves.
    pub fn app(&self) -> App {
        App {
            authorization_server: self.authorization_server.clone(),
            identity_provider: self.identity_provider.clone(),
            sign_in: self.sign_in.clone(),
            recorder: self.recorder.clone(),
            vault: self.vault.clone(),
            clock: self.clock.clone(),
            options: self.server.clone(),
        }
    }

    /// Our issuer.
    pub fn issuer(&self) -> &str {
        &self.server.issuer
    }
}

struct Opened {
    ids: Ids,
    store: Store,
    vault: Vault,
    created: bool,
    egress: Egress,
}
