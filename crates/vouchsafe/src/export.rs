//! The record, entry by entry, to other systems: files, syslog, webhooks.
//!
//! Each export has a durable cursor and a feeder ([`feeder`]) that reads what is committed behind it, in order, in short
//! transactions of its own, and hands it to a sink. The cursor moves only past what has arrived, so nothing is lost when
//! either side dies; what was on its way may arrive twice. An exchange waits for none of this.

mod failure;
mod feeder;
mod file;
mod sink;
mod stream;
mod syslog;
mod webhook;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchsafe_audit::export::webhook::WebhookKey;
use vouchsafe_audit::export::{Format, Persons};
use vouchsafe_identity_provider::Egress;
use vouchsafe_model::{Clock, Ids, Secret};
use vouchsafe_store::Store;
use vouchsafe_store::export_cursors::Beginning;

use feeder::Feeder;

/// An export, as configured.
#[derive(Clone)]
pub struct Export {
    /// The name of its cursor.
    pub name: String,
    /// How entries are written.
    pub format: Format,
    /// Whether persons are named.
    pub persons: Persons,
    /// Where it begins when it is new.
    pub from: Beginning,
    /// Where entries go.
    pub to: Destination,
}

/// Where entries go.
#[derive(Clone)]
pub enum Destination {
    /// A file, one entry a line.
    File(PathBuf),
    /// A syslog receiver.
    Syslog(SyslogAddress),
    /// A Standard Webhooks receiver. URLs of webhooks often hold a secret.
    Webhook {
        /// Where to.
        url: Secret<String>,
        /// What signs.
        key: Arc<WebhookKey>,
    },
}

/// How a syslog receiver is reached.
#[derive(Clone)]
pub enum SyslogAddress {
    /// One datagram a message (RFC 5426).
    Udp(String),
    /// A stream with octet counting (RFC 6587).
    Tcp(String),
    /// The same over TLS (RFC 5425): host name, port, trust.
    Tls(String, u16, Arc<ClientConfig>),
    /// A datagram socket of this machine, such as `/dev/log`.
    Unix(PathBuf),
}

impl Destination {
    /// The word of the configuration.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Syslog(_) => "syslog",
            Self::Webhook { .. } => "webhook",
        }
    }
}

/// What feeders need.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) store: Store,
    pub(crate) egress: Egress,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Ids,
    /// What syslog messages call this host.
    pub(crate) hostname: String,
}

/// Feeds every export until `shutdown` says `true`.
pub(crate) async fn feed(
    exports: Arc<[Export]>,
    surroundings: Surroundings,
    shutdown: watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    if !exports.is_empty() && surroundings.store.is_embedded() {
        // The lock of the database says that who held a lease is gone.
        let abandoned = surroundings
            .store
            .write(vouchsafe_store::export_cursors::abandon_leases);
        if let Err(error) = abandoned.await {
            tracing::warn!(error = %error, "the leases of exports could not be freed: they end by themselves");
        }
    }
    let feeders = exports.iter().map(|export| {
        let feeder = Feeder::new(export.clone(), surroundings.clone());
        tokio::spawn(feeder.run(shutdown.clone()))
    });
    feeders.collect()
}
