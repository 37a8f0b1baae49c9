//! One way out, whatever it is.

use vouchsafe_audit::export::Outgoing;
use vouchsafe_model::UnixMillis;

use super::failure::Failure;
use super::file::FileSink;
use super::syslog::SyslogSink;
use super::webhook::WebhookSink;
use super::{Destination, Export, Surroundings};

/// Where a feeder hands entries to.
pub(super) enum Sink {
    File(FileSink),
    Syslog(Box<SyslogSink>),
    Webhook(WebhookSink),
}

/// How far a batch got.
pub(super) struct Sent {
    /// So many of its entries are on their way, the first ones.
    pub(super) entries: usize,
    /// Why not the others.
    pub(super) failure: Option<Failure>,
}

impl Sink {
    pub(super) fn new(export: &Export, surroundings: &Surroundings) -> Self {
        match &export.to {
            Destination::File(path) => Self::File(FileSink::new(path.clone())),
            Destination::Syslog(address) => Self::Syslog(Box::new(SyslogSink::new(
                address.clone(),
                surroundings.hostname.clone(),
            ))),
            Destination::Webhook { url, key } => Self::Webhook(WebhookSink {
                url: url.clone(),
                key: key.clone(),
                egress: surroundings.egress.clone(),
                clock: surroundings.clock.clone(),
            }),
        }
    }

    /// Sends entries, in order.
    pub(super) async fn send(&mut self, batch: Vec<Outgoing>, now: UnixMillis) -> Sent {
        match self {
            Self::File(file) => file.append(batch).await,
            Self::Syslog(syslog) => syslog.send(&batch, now).await,
            Self::Webhook(webhook) => webhook.post(&batch).await,
        }
    }

    /// The first seq that may not have arrived, of those up to `next`; an error when what was on its way may be lost.
    pub(super) fn arrived(&mut self, next: i64, now: UnixMillis) -> Result<i64, Failure> {
        match self {
            Self::File(_) | Self::Webhook(_) => Ok(next),
            Self::Syslog(syslog) => syslog.arrived(next, now),
        }
    }

    /// Ends it, and says what has arrived for sure.
    pub(super) async fn close(&mut self, next: i64, now: UnixMillis) -> Option<i64> {
        match self {
            Self::File(_) | Self::Webhook(_) => Some(next),
            Self::Syslog(syslog) => syslog.close(next, now).await,
        }
    }
}
