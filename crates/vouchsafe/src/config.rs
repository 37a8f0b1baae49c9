//! `vouchsafe.toml`: read as a whole, checked as a whole, and then made true.
//!
//! [`Config::read`] says everything that is wrong with a file before anything is touched; each sentence names the file,
//! the line, the key and what to do. [`apply`] makes the instance be what the file says: unchanged lines write nothing,
//! and what a line once made is disabled when the line goes.

mod apply;
mod client;
mod database;
mod error;
mod issuer;
mod provider;
mod secret_source;
mod table;
mod user;

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use toml::Spanned;
use vouchsafe_model::Secret;
use vouchsafe_sign_in::UserDefinition;
use vouchsafe_store::Location;
use vouchsafe_token_exchange::ClientDefinition;

pub use apply::{ApplyError, Outcome, apply, apply_left_out};
pub use error::ConfigError;
pub use provider::ProviderLine;

use error::Place;
use table::{AuditTable, ConfigTable, LogTable};

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
    /// Logs.
    pub log: LogOptions,
    /// Providers, as far as they are known without asking them.
    pub providers: Vec<ProviderLine>,
    /// Clients.
    pub clients: Vec<ClientDefinition>,
    /// Users.
    pub users: Vec<UserDefinition>,
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
    /// Reads and checks a file.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(file).map(Secret::new).map_err(|error| {
            let remedy = "`vouchsafe init` writes one, `--config` names another";
            ConfigError::of_file(file, format!("cannot be read ({})", error.kind()), remedy)
        })?;
        Self::parse(file, text.expose())
    }

    /// Checks the text of a file. Relative paths are relative to the folder of `file`.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let place = Place { file, text };
        let table: ConfigTable = toml::from_str(text).map_err(|error| place.syntax(&error))?;
        let (keys, audit, egress) = (
            table.keys.unwrap_or_default(),
            table.audit,
            table.egress.unwrap_or_default(),
        );
        let providers = provider::lines(&place, table.providers, &egress.internal_hosts)?;
        let clients = client::definitions(&place, table.clients, &providers)?;
        let listen = listen(&place, table.listen.as_ref())?;
        let trusted_proxies = trusted_proxies(&place, &table.trusted_proxies)?;
        if !listen.ip().is_loopback() && trusted_proxies.is_empty() {
            let span = table.listen.as_ref().map(Spanned::span);
            return Err(place.at(
                span,
                "listen",
                "plain HTTP is served only on this machine",
                "listen on 127.0.0.1, or name the TLS proxy in front in `trusted_proxies`",
            ));
        }
        let AuditTable {
            public_key_file,
            checkpoint_file,
        } = audit.unwrap_or_default();
        Ok(Self {
            issuer: issuer::checked(&place, &table.issuer)?,
            listen,
            trusted_proxies,
            database: database::location(&place, table.database)?,
            key_file: place.path(keys.file, "vouchsafe.key"),
            public_key_file: place.path(public_key_file, "vouchsafe.audit-keys"),
            checkpoint_file: place.path(checkpoint_file, "vouchsafe.checkpoint"),
            internal_hosts: egress.internal_hosts,
            log: log(&place, table.log)?,
            providers,
            clients,
            users: user::definitions(&place, table.users)?,
            file: file.to_owned(),
        })
    }
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
                "name each proxy by its address, without a port",
            )
        })
    };
    proxies.iter().map(address).collect()
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
            "use error, warn, info, debug or trace",
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
