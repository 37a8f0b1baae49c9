//! Has witnesses cosign the checkpoints of the record (C2SP `tlog-witness`), at a pace of its own: neither an exchange nor
//! the next checkpoint waits for one.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use vouchsafe_audit::Checkpoint;
use vouchsafe_audit::witness::{self, NotCosigned, WitnessKey};
use vouchsafe_identity_provider::catalogue::{Method, UpstreamRequest};
use vouchsafe_identity_provider::{Egress, EgressAnswer, EgressFailureKind};
use vouchsafe_model::{Clock, Secret};
use vouchsafe_store::{Store, StoreError, witnessed};
use vouchsafe_vault::Vault;

/// A witness to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessLine {
    /// Its submission prefix, without a slash at the end.
    pub url: String,
    /// What its cosignatures verify with.
    pub key: WitnessKey,
}

/// Asks, for as long as the server runs.
pub(crate) struct Witnesses {
    pub(crate) all: Vec<Witness>,
    pub(crate) store: Store,
    pub(crate) vault: Vault,
    pub(crate) egress: Egress,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) every: Duration,
}

/// What is known of one.
pub(crate) struct Witness {
    line: WitnessLine,
    /// How many records it saw, as far as we know: it says so where we are wrong.
    seen: i64,
    /// Its cosignature of the last checkpoint that it cosigned, and the size of that.
    cosigned: Option<(i64, String)>,
    /// What the log says already.
    told: Option<String>,
    /// How often in a row it failed, and how many rounds it is left alone therefore.
    failures: u32,
    rest: u32,
}

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("the record cannot be read")]
    Store(#[from] StoreError),
    #[error("it cannot be reached ({0}): check its `url`, the network, and `egress.internal_hosts`")]
    Unreachable(EgressFailureKind),
    #[error("it answers with status {0}: does it know the key of this record (`vouchsafe audit key`)?")]
    Refused(u16),
    #[error(
        "it saw {0} records, and there are fewer: the database was rolled back, or another one has the same key"
    )]
    Ahead(i64),
    #[error(transparent)]
    NotCosigned(#[from] NotCosigned),
}

impl Witnesses {
    /// Goes on until told to stop. What is asked just then is given up: the next start asks again.
    pub(crate) async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        if self.all.is_empty() {
            return;
        }
        let rounds = async {
            loop {
                self.round().await;
                self.clock.sleep(self.every).await;
            }
        };
        tokio::select! {
            () = rounds => {}
            // An error means that nobody can tell us any more.
            _ = shutdown.wait_for(|told| *told) => {}
        }
    }

    async fn round(&mut self) {
        let keys = self.vault.head_keys();
        // Where there is none, or it cannot be used, the signer says why.
        let Ok(Ok(Some(kept))) = self.store.read(move |tx| Checkpoint::inside(tx, &keys)).await else {
            return;
        };
        let (store, egress) = (&self.store, &self.egress);
        let asked = self.all.iter_mut().map(|one| one.cosign(store, egress, &kept));
        let asked = join_all(asked).await;
        if !asked.contains(&Asked::Cosigned) {
            return;
        }
        let lines: Vec<String> = self.all.iter().filter_map(|one| one.line_for(&kept)).collect();
        let cosigned = kept.with_lines(&lines);
        let put = self
            .store
            .write(move |tx| witnessed::put(tx, cosigned.size, cosigned.note()));
        if let Err(error) = put.await {
            tracing::error!(error = %error, "a cosigned checkpoint cannot be kept");
        }
    }
}

#[derive(PartialEq, Eq)]
enum Asked {
    /// There is a new line.
    Cosigned,
    Nothing,
}

impl Witness {
    pub(crate) const fn new(line: WitnessLine) -> Self {
        Self {
            line,
            seen: 0,
            cosigned: None,
            told: None,
            failures: 0,
            rest: 0,
        }
    }

    /// Its line below this checkpoint.
    fn line_for(&self, kept: &Checkpoint) -> Option<String> {
        let (size, line) = self.cosigned.as_ref()?;
        (*size == kept.size).then(|| line.clone())
    }

    /// Asks, unless it has cosigned this one, or failed a moment ago. An outage is told once.
    async fn cosign(&mut self, store: &Store, egress: &Egress, kept: &Checkpoint) -> Asked {
        if self.line_for(kept).is_some() {
            return Asked::Nothing;
        }
        if self.rest > 0 {
            self.rest -= 1;
            return Asked::Nothing;
        }
        match self.ask(store, egress, kept).await {
            Ok(line) => {
                self.cosigned = Some((kept.size, line));
                (self.failures, self.rest) = (0, 0);
                if self.told.take().is_some() {
                    tracing::info!(witness.name = self.line.key.name(), "the witness cosigns again");
                }
                Asked::Cosigned
            }
            Err(problem) => {
                let error = problem.to_string();
                if self.told.as_ref() != Some(&error) {
                    tracing::warn!(witness.name = self.line.key.name(), %error, "the witness does not cosign");
                }
                self.told = Some(error);
                self.rest = (1 << self.failures) - 1;
                self.failures = (self.failures + 1).min(LONGEST_REST);
                Asked::Nothing
            }
        }
    }

    async fn ask(&mut self, store: &Store, egress: &Egress, kept: &Checkpoint) -> Result<String, Problem> {
        let mut answer = self.send(store, egress, kept).await?;
        if answer.status == CONFLICT && answer.content_type.as_deref() == Some(SIZE) {
            self.seen = number(&answer).ok_or(Problem::Refused(CONFLICT))?;
            answer = self.send(store, egress, kept).await?;
        }
        if answer.status != 200 {
            return Err(Problem::Refused(answer.status));
        }
        let said = String::from_utf8_lossy(answer.as_upstream().body);
        let line = self.line.key.line(kept, &said)?.to_owned();
        self.seen = kept.size;
        Ok(line)
    }

    async fn send(&self, store: &Store, egress: &Egress, kept: &Checkpoint) -> Result<EgressAnswer, Problem> {
        let (seen, checkpoint) = (self.seen, kept.clone());
        let body = store
            .read(move |tx| witness::request(tx, seen, &checkpoint))
            .await?;
        let body = body.ok_or(Problem::Ahead(seen))?;
        let request = UpstreamRequest {
            method: Method::Post,
            url: format!("{}/add-checkpoint", self.line.url),
            headers: Vec::new(),
            body: Some(Secret::new(body.into_bytes())),
            content_type: Some("text/plain; charset=utf-8"),
        };
        egress
            .send(request)
            .await
            .map_err(|failure| Problem::Unreachable(failure.kind))
    }
}

/// What a witness says that it saw.
fn number(answer: &EgressAnswer) -> Option<i64> {
    let text = std::str::from_utf8(answer.as_upstream().body).ok()?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.parse().ok().filter(|size| *size >= 0)
}

const CONFLICT: u16 = 409;
const SIZE: &str = "text/x.tlog.size";
/// After so many failures, 2^n rounds.
const LONGEST_REST: u32 = 5;
