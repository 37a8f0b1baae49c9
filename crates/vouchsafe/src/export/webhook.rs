//! One POST an entry, one after the other. Only a 2xx is an arrival; everything else is tried again.

use std::sync::Arc;
use std::time::Duration;

use vouchsafe_audit::export::Outgoing;
use vouchsafe_audit::export::webhook::{WebhookKey, body};
use vouchsafe_identity_provider::catalogue::{Method, UpstreamRequest};
use vouchsafe_identity_provider::{Egress, EgressAnswer};
use vouchsafe_model::{Clock, Secret};

use super::failure::Failure;
use super::feeder::AT_MOST;
use super::sink::Sent;

pub(super) struct WebhookSink {
    pub(super) url: Secret<String>,
    pub(super) key: Arc<WebhookKey>,
    pub(super) egress: Egress,
    pub(super) clock: Arc<dyn Clock>,
}

impl WebhookSink {
    /// Posts entries until one is not taken, or for as long as the lease is sure to hold.
    pub(super) async fn post(&self, batch: &[Outgoing]) -> Sent {
        let until = self.clock.now() + AT_MOST;
        for (entries, entry) in batch.iter().enumerate() {
            if entries > 0 && self.clock.now() >= until {
                return Sent {
                    entries,
                    failure: None,
                };
            }
            if let Err(failure) = self.post_one(entry).await {
                return Sent {
                    entries,
                    failure: Some(failure),
                };
            }
        }
        Sent {
            entries: batch.len(),
            failure: None,
        }
    }

    async fn post_one(&self, entry: &Outgoing) -> Result<(), Failure> {
        let (body, seconds) = (body(entry), self.clock.now().as_seconds());
        let signature = self.key.signature(&entry.id, seconds, &body);
        let header = |name: &str, value: String| (name.to_owned(), Secret::new(value));
        let request = UpstreamRequest {
            method: Method::Post,
            url: self.url.expose().clone(),
            headers: vec![
                header("webhook-id", entry.id.clone()),
                header("webhook-timestamp", seconds.to_string()),
                header("webhook-signature", signature),
            ],
            body: Some(Secret::new(body.into_bytes())),
            content_type: Some("application/json"),
        };
        let answer = self.egress.send(request).await;
        let answer = answer.map_err(|failure| Failure::Call(failure.kind))?;
        match answer.status {
            200..=299 => Ok(()),
            status => Err(Failure::Status {
                status,
                retry_after: retry_after(&answer),
            }),
        }
    }
}

/// In seconds; a date is not worth a parser, the pauses grow by themselves.
fn retry_after(answer: &EgressAnswer) -> Option<Duration> {
    let seconds: u64 = answer.retry_after.as_deref()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WISH))
}

const LONGEST_WISH: Duration = Duration::from_secs(3_600);
