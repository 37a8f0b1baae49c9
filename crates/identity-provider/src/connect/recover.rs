//! What a crash has left between a provider's answer and its end.

use std::time::Duration;

use vouchsafe_audit::Origin;
use vouchsafe_model::{ConnectAttempt, ConnectAttemptId, ConnectAttemptState};
use vouchsafe_store::{StoreError, Tx, connect_attempts, jobs, upstream_grants};

use super::ConnectError;
use super::redeem::Redeemed;
use crate::identity_provider::{IdentityProvider, Transient as _};
use crate::jobs::{Outcome, new_job};
use crate::provider::{LoadedProvider, load_any};

impl IdentityProvider {
    /// Once at start, before anything is served. Attempts that were being redeemed are over: their code may be spent, and
    /// its answer is lost. Where other processes serve too, only those whose time is over: the others may be theirs, and
    /// end with [`IdentityProvider::abandon_interrupted`] if they are nobody's. Attempts in quarantine are completed by
    /// jobs of [`IdentityProvider::run_jobs`]; those whose tokens nobody may use any more end there too.
    pub async fn recover_attempts(&self) {
        self.abandon_leases().await;
        let unfinished = match self.inner().store.read(connect_attempts::unfinished).await {
            Ok(unfinished) => unfinished,
            Err(error) => {
                tracing::error!(error = %error, "unfinished connect attempts cannot be read");
                return;
            }
        };
        for attempt in unfinished {
            if attempt.state == ConnectAttemptState::Quarantined {
                if let Err(error) = self.settle_later(&attempt.id).await {
                    tracing::error!(error = %error, "a quarantined connect attempt cannot be queued");
                }
            } else if self.inner().store.is_embedded() || attempt.expires_at <= self.inner().clock.now() {
                self.fail(attempt, ConnectError::Interrupted, Origin::background())
                    .await;
            }
        }
    }

    /// Attempts whose redemption has not ended long after their time: the process that was at it is gone. Its successor
    /// may have started too early to know that.
    pub(crate) async fn abandon_interrupted(&self) {
        let long_ago = self.inner().clock.now() - PATIENCE;
        let unfinished = match self.inner().store.read(connect_attempts::unfinished).await {
            Ok(unfinished) => unfinished,
            Err(error) => {
                tracing::warn!(error = %error, "unfinished connect attempts cannot be read");
                return;
            }
        };
        let over = |attempt: &ConnectAttempt| {
            attempt.state == ConnectAttemptState::Redeeming && attempt.expires_at <= long_ago
        };
        for attempt in unfinished.into_iter().filter(over) {
            self.fail(attempt, ConnectError::Interrupted, Origin::background())
                .await;
        }
    }

    /// On the embedded database nobody else can hold a lease: those that are left belong to a process that died, and
    /// waiting for their end would only keep callers waiting.
    async fn abandon_leases(&self) {
        let inner = self.inner();
        if !inner.store.is_embedded() {
            return;
        }
        let now = inner.clock.now();
        if let Err(error) = inner
            .store
            .write(move |tx| {
                upstream_grants::abandon_leases(tx, now)?;
                jobs::abandon_leases(tx)
            })
            .await
        {
            tracing::error!(error = %error, "leases of a process that died cannot be freed");
        }
    }

    /// Leaves a quarantined attempt to the job runner.
    pub(super) async fn settle_later(&self, id: &ConnectAttemptId) -> Result<(), StoreError> {
        let inner = self.inner();
        let job = new_job(inner, SETTLE_JOB, id.as_str());
        let outcome = self.persist(move |tx| jobs::insert(tx, &job)).await;
        inner.new_job.notify_one();
        outcome
    }

    /// One more try to complete a quarantined attempt. When the flow's time is long over, the tokens are given up.
    pub(crate) async fn settle_quarantined(&self, id: &str, attempts: i32) -> Outcome {
        let Ok(id) = id.parse::<ConnectAttemptId>() else {
            return Outcome::Dead;
        };
        let redeemed = match self.load_quarantined(id).await {
            Ok(Some(redeemed)) => redeemed,
            Ok(None) => return Outcome::Done,
            Err(error) if error.is_transient() => return Outcome::retry(attempts, None),
            Err(error) => {
                tracing::error!(
                    error.reason = error.reason(),
                    "a quarantined attempt cannot be completed"
                );
                return Outcome::Dead;
            }
        };
        if self.inner().clock.now() > redeemed.attempt.expires_at + PATIENCE {
            self.fail_unclaimed(redeemed, ConnectError::IdentityUnverified)
                .await;
            return Outcome::Done;
        }
        match self.complete_once(redeemed).await {
            Err(ConnectError::IdentityPending) => Outcome::retry(attempts, None),
            Err(error) if error.is_transient() => Outcome::retry(attempts, None),
            _ => Outcome::Done,
        }
    }

    async fn load_quarantined(&self, id: ConnectAttemptId) -> Result<Option<Redeemed>, ConnectError> {
        let this = self.clone();
        let load = move |tx: &mut Tx<'_>| {
            let attempt = connect_attempts::by_id(tx, &id)?;
            let attempt = attempt.filter(|attempt| attempt.state == ConnectAttemptState::Quarantined);
            attempt
                .map(|attempt| Ok((this.provider_of(tx, &attempt)?, attempt)))
                .transpose()
        };
        let Some((provider, attempt)) = self.inner().store.read::<_, ConnectError>(load).await? else {
            return Ok(None);
        };
        let quarantined = self.open_quarantine(&attempt)?;
        let raw = quarantined.expose();
        let answer = provider
            .entry
            .read_token_answer(&raw.as_upstream(), raw.received_at, &attempt.scope);
        let secrets = self.attempt_secrets(&attempt)?;
        Ok(Some(Redeemed {
            answer: answer.map_err(|_| ConnectError::NotRedeemed)?,
            received_at: raw.received_at,
            attempt,
            provider,
            secrets,
            origin: Origin::background(),
        }))
    }

    /// The provider as it is now, also disabled: completing checks that it is unchanged, giving up needs its entry.
    fn provider_of(&self, tx: &mut Tx<'_>, attempt: &ConnectAttempt) -> Result<LoadedProvider, ConnectError> {
        let provider = load_any(tx, &self.inner().vault, &attempt.provider_id)?;
        provider.ok_or(ConnectError::ProviderNotFound)
    }
}

pub(crate) const SETTLE_JOB: &str = "connect_completion";
/// How long after the end of a flow its tokens wait for an answer about the account, and its code for its redemption.
const PATIENCE: Duration = Duration::from_secs(3600);
