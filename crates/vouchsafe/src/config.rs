//! `vouchsafe.toml`: read as a whole, checked as a whole, and then made true.
//!
//! [`Config::read`] says everything that is wrong with a file before anything is touched; each sentence names the file,
//! the line, the key and what to do. [`apply`] makes the instance be what the file says: unchanged lines write nothing,
//! and what a line once made is disabled when the line goes.

mod apply;
mod check;
mod client;
mod database;
mod document;
mod effective;
mod environment;
mod error;
mod export;
pub(crate) mod issuer;
mod nearest;
mod provider;
mod reference;
mod secret_source;
mod setting;
mod settings;
mod table;
mod tls;
mod user;
mod witness;

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use vouchsafe_model::Secret;
use vouchsafe_sign_in::UserDefinition;
use vouchsafe_store::Location;
use vouchsafe_token_exchange::ClientDefinition;

pub(crate) use apply::RETRY_EVERY;
pub use apply::{ApplyError, Outcome, apply, apply_left_out};
pub use effective::effective;
pub use environment::Environment;
pub use error::ConfigError;
pub use provider::ProviderLine;
pub use reference::reference;
pub use tls::TlsFiles;

use crate::export::Export;
use crate::files;
use crate::witnesses::WitnessLine;

use document::Document;
use error::Place;
use table::{AuditTable, LogTable};

/// A configuration that holds together.
pub struct Config {
    /// Where it was read.
    pub file: PathBuf,
    /// Our issuer and public base, without a slash at the end.
    pub issuer: String,
    /// The address that is listened on.
    pub listen: SocketAddr,
    /// Proxies whose word about the client's address counts.
    pub trusted_proxies: Vec<IpAddr>,
    /// The Unix socket for the local operator, if there is to be one.
    pub admin_socket: Option<PathBuf>,
    /// Certificate and key, to serve https.
    pub tls: Option<TlsFiles>,
    /// The database.
    pub database: Location,
    /// The key file.
    pub key_file: PathBuf,
    /// The pinned public keys of the record.
    pub public_key_file: PathBuf,
    /// The signed head of the record.
    pub checkpoint_file: PathBuf,
    /// Hosts that may be inner addresses and plain http.
    pub internal_hosts: Vec<String>,
    /// How often a checkpoint is signed.
    pub checkpoint_interval: Duration,
    /// Who cosigns checkpoints.
    pub witnesses: Vec<WitnessLine>,
    /// How often they are asked.
    pub witness_interval: Duration,
    /// How long a request waits for its record.
    pub wait_limit: Duration,
    /// The most bytes of the database that are remembered.
    pub memory: u64,
    /// Logs.
    pub log: LogOptions,
    /// Providers, as far as they are known without asking them.
    pub providers: Vec<ProviderLine>,
    /// Clients.
    pub clients: Vec<ClientDefinition>,
    /// Users.
    pub users: Vec<UserDefinition>,
    /// Where the record goes.
    pub exports: Vec<Export>,
    /// Whether the file itself holds a secret, and so is nobody else's to read.
    pub holds_secrets: bool,
    /// Files that each hold a secret alone.
    pub secret_files: Vec<PathBuf>,
}

/// How logs are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// For whom.
    pub format: LogFormat,
    /// What: `info`, or directives such as `info,vouchsafe_server=debug`.
    pub level: String,
}

/// For whom logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// People.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Reads and checks a file, with what the environment says instead.
    pub fn read(file: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        Self::parse(file, text_of(file)?.expose(), environment)
    }

    /// Checks the text of a file. Relative paths are relative to the folder of `file`, also those of the environment.
    pub fn parse(file: &Path, text: &str, environment: &Environment) -> Result<Self, ConfigError> {
        let variables = environment.names();
        let document = Document::read(file, text, &variables, environment)?;
        let holds_secrets = document.holds_secrets();
        let (place, table) = document.into_parts()?;
        let (keys, audit, egress, memory) = (
            table.keys.unwrap_or_default(),
            table.audit,
            table.egress.unwrap_or_default(),
            table.memory.unwrap_or_default(),
        );
        let tls = table.tls.map(|tls| TlsFiles::of(&place, tls));
        let issuer = issuer::checked(&place, &table.issuer, tls.is_some())?;
        let listen_at = listen(&place, table.listen.as_ref())?;
        let trusted_proxies = trusted_proxies(&place, &table.trusted_proxies)?;
        if !listen_at.ip().is_loopback() && trusted_proxies.is_empty() && tls.is_none() {
            let span = table.listen.as_ref().map(Spanned::span);
            return Err(place.at(
                span,
                "listen",
                "plain HTTP is served only on this machine",
                "listen on 127.0.0.1, set [tls], or name the TLS proxy in front in `trusted_proxies`",
            ));
        }
        let database = database::location(&place, table.database)?;
        let admin_socket = match (table.admin_socket, &database) {
            (Some(path), _) => Some(place.resolve(&path)),
            (None, Location::Sqlite(database)) => Some(files::beside(database, ".sock")),
            // Its servers may be anywhere, and the configuration the same for all of them.
            (None, Location::Postgres(_)) => None,
        };
        let log = log(&place, table.log)?;
        let internal_hosts = internal_hosts(&place, egress.internal_hosts)?;
        let providers = provider::lines(&place, table.providers, &internal_hosts)?;
        let clients = client::definitions(&place, table.clients, &providers)?;
        let AuditTable {
            public_key_file,
            checkpoint_file,
            checkpoint_interval,
            witness_interval,
            wait_limit,
        } = audit.unwrap_or_default();
        let key_file = place.path(keys.file, "vouchsafe.key");
        let public_key_file = place.path(public_key_file, "vouchsafe.audit-keys");
        let checkpoint_file = place.path(checkpoint_file, "vouchsafe.checkpoint");
        let users = user::definitions(&place, table.users)?;
        let exports = export::lines(&place, table.exports, &internal_hosts)?;
        let witnesses = witness::lines(&place, table.witnesses)?;
        let mut secret_files = place.secret_files.into_inner();
        secret_files.extend(tls.iter().map(|tls| tls.key_file.clone()));
        Ok(Self {
            issuer,
            listen: listen_at,
            trusted_proxies,
            admin_socket,
            tls,
            database,
            key_file,
            public_key_file,
            checkpoint_file,
            internal_hosts,
            checkpoint_interval: duration(checkpoint_interval.as_deref(), DEFAULT_CHECKPOINT),
            witnesses,
            witness_interval: duration(witness_interval.as_deref(), DEFAULT_WITNESS),
            wait_limit: duration(wait_limit.as_deref(), DEFAULT_WAIT),
            memory: memory.limit_mib.unwrap_or(DEFAULT_MEMORY_MIB) << 20,
            log,
            providers,
            clients,
            users,
            exports,
            holds_secrets,
            secret_files,
            file: file.to_owned(),
        })
    }
}

/// The text of a configuration, which may hold secrets.
fn text_of(file: &Path) -> Result<Secret<String>, ConfigError> {
    let text = fs::read_to_string(file).map(Secret::new);
    text.map_err(|error| {
        let problem = format!("cannot be read ({})", files::words(error.kind()));
        let remedy = "`vouchsafe init` writes one, `--config` names another";
        ConfigError::of_file(file, problem, remedy)
    })
}

fn listen(place: &Place<'_>, listen: Option<&Spanned<String>>) -> Result<SocketAddr, ConfigError> {
    let Some(listen) = listen else {
        return Ok(SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)));
    };
    listen.get_ref().parse().map_err(|_| {
        place.at(
            Some(listen.span()),
            "listen",
            "this is no address with a port",
            "write it as \"127.0.0.1:8080\"",
        )
    })
}

fn trusted_proxies(place: &Place<'_>, proxies: &[Spanned<String>]) -> Result<Vec<IpAddr>, ConfigError> {
    let address = |proxy: &Spanned<String>| {
        proxy.get_ref().parse().map_err(|_| {
            place.at(
                Some(proxy.span()),
                "trusted_proxies",
                "this is no IP address",
                "name each proxy by its own address, without a port",
            )
        })
    };
    proxies.iter().map(address).collect()
}

/// Exact `host` or `host:port`: anything else would never match, and the operator would wonder why.
fn internal_hosts(place: &Place<'_>, hosts: Vec<Spanned<String>>) -> Result<Vec<String>, ConfigError> {
    let exact = |host: Spanned<String>| {
        let url = url::Url::parse(&format!("https://{}", host.get_ref()));
        let plain = !host.get_ref().contains(['/', '@', '?', '#', '*'])
            && url.is_ok_and(|url| url.host_str().is_some_and(|name| !name.is_empty()));
        if plain {
            return Ok(host.into_inner());
        }
        Err(place.at(
            Some(host.span()),
            "egress.internal_hosts",
            "this is no host with a port",
            "write each as \"idp.internal:8443\", without a scheme or a path",
        ))
    };
    hosts.into_iter().map(exact).collect()
}

/// A length of time that the check has seen.
fn duration(text: Option<&str>, otherwise: Duration) -> Duration {
    let read = text.and_then(|text| humantime::parse_duration(text).ok());
    read.unwrap_or(otherwise)
}

fn log(place: &Place<'_>, table: Option<LogTable>) -> Result<LogOptions, ConfigError> {
    let LogTable { format, level } = table.unwrap_or_default();
    let Some(level) = level else {
        return Ok(LogOptions {
            format,
            level: "info".to_owned(),
        });
    };
    if !is_filter(level.get_ref()) {
        return Err(place.at(
            Some(level.span()),
            "log.level",
            "this is no log level",
            "use error, warn, info, debug, trace or off",
        ));
    }
    Ok(LogOptions {
        format,
        level: level.into_inner(),
    })
}

/// A bare word that is no level would be taken for the name of a module, and silence everything else.
fn is_filter(text: &str) -> bool {
    let known = |part: &str| {
        part.contains('=') || part.trim().parse::<tracing::Level>().is_ok() || part.trim() == "off"
    };
    text.split(',').all(known) && tracing_subscriber::EnvFilter::try_new(text).is_ok()
}

const DEFAULT_PORT: u16 = 8080;
const DEFAULT_CHECKPOINT: Duration = Duration::from_secs(1);
const DEFAULT_WITNESS: Duration = Duration::from_secs(60);
const DEFAULT_WAIT: Duration = Duration::from_secs(5);
const DEFAULT_MEMORY_MIB: u64 = 128;
