//! Redeeming the code, and putting the answer aside before anything else is done with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vouchsafe_audit::Origin;
use vouchsafe_model::{AttemptSecrets, ConnectAttempt, Job, Sealed, Secret, UnixMillis};
use vouchsafe_store::{StoreError, connect_attempts, jobs};
use zeroize::Zeroize;

use super::ConnectError;
use super::callback::Taken;
use super::recover::SETTLE_JOB;
use crate::catalogue::{TokenAnswer, UpstreamAnswer, UpstreamClient, UpstreamFailure};
use crate::egress::EgressAnswer;
use crate::identity_provider::IdentityProvider;
use crate::jobs::new_job;
use crate::provider::LoadedProvider;
use crate::sealing;

/// An attempt with its tokens, in quarantine.
pub(crate) struct Redeemed {
    pub(crate) attempt: ConnectAttempt,
    pub(crate) provider: LoadedProvider,
    pub(crate) secrets: Secret<AttemptSecrets>,
    pub(crate) answer: TokenAnswer,
    pub(crate) received_at: UnixMillis,
    pub(crate) origin: Origin,
}

/// The token answer as it came; sealed as JSON into the attempt.
#[derive(Serialize, Deserialize)]
pub(super) struct Quarantined {
    pub(super) status: u16,
    pub(super) body: String,
    pub(crate) received_at: UnixMillis,
}

impl Zeroize for Quarantined {
    fn zeroize(&mut self) {
        self.body.zeroize();
    }
}

impl Quarantined {
    pub(super) fn as_upstream(&self) -> UpstreamAnswer<'_> {
        UpstreamAnswer {
            status: self.status,
            content_type: None,
            retry_after: None,
            body: self.body.as_bytes(),
        }
    }
}

impl IdentityProvider {
    pub(super) async fn redeem(&self, taken: Taken) -> Result<Redeemed, ConnectError> {
        let (raw, answer, received_at) = match self.ask_for_tokens(&taken).await {
            Ok(tokens) => tokens,
            Err(error) => return Err(self.fail(taken.attempt, error, taken.origin).await),
        };
        let Taken {
            attempt,
            provider,
            secrets,
            origin,
            ..
        } = taken;
        let redeemed = Redeemed {
            attempt,
            provider,
            secrets,
            answer,
            received_at,
            origin,
        };
        self.quarantine(redeemed, &raw).await
    }

    async fn ask_for_tokens(
        &self,
        taken: &Taken,
    ) -> Result<(EgressAnswer, TokenAnswer, UnixMillis), ConnectError> {
        let inner = self.inner();
        let (attempt, entry) = (&taken.attempt, &taken.provider.entry);
        let client_secret = taken.provider.client_secret(&inner.vault)?;
        let client = UpstreamClient {
            client_id: &attempt.upstream_client_id,
            client_secret: client_secret.as_ref(),
        };
        let verifier = taken.secrets.expose().code_verifier.clone().map(Secret::new);
        let request = entry
            .redeem(client, &taken.code, &attempt.redirect_uri, verifier.as_ref())
            .map_err(ConnectError::Misconfigured)?;
        let raw = inner.egress.send(request).await.map_err(|failure| {
            tracing::warn!(provider.id = %attempt.provider_id, error.kind = %failure.kind, "no answer to a code");
            ConnectError::UpstreamUnavailable
        })?;
        let received_at = inner.clock.now();
        match entry.read_token_answer(&raw.as_upstream(), received_at, &attempt.scope) {
            Ok(answer) => Ok((raw, answer, received_at)),
            Err(failure) => {
                tracing::warn!(provider.id = %attempt.provider_id, error.reason = %failure, "a code was not redeemed");
                Err(match failure {
                    UpstreamFailure::Soft { .. } => ConnectError::UpstreamUnavailable,
                    _ => ConnectError::NotRedeemed,
                })
            }
        }
    }

    /// A transaction of its own, before the identity call: a code can be redeemed only once, so its tokens must survive
    /// whatever comes next (F31).
    async fn quarantine(&self, redeemed: Redeemed, raw: &EgressAnswer) -> Result<Redeemed, ConnectError> {
        let quarantined = Quarantined {
            status: raw.status,
            // An answer that was understood is UTF-8.
            body: String::from_utf8_lossy(raw.body.expose()).into_owned(),
            received_at: redeemed.received_at,
        };
        let quarantined = Secret::new(quarantined);
        let json = serde_json::to_string(quarantined.expose()).expect("a struct of texts serialises");
        let context = sealing::of_attempt(&redeemed.attempt, QUARANTINE);
        let sealed: Sealed<String> = self.inner().vault.seal_for_server(&context, &Secret::new(json));
        let id = redeemed.attempt.id.clone();
        // In the same transaction, so that whatever fails from here on the tokens are not left behind: if the attempt is
        // over by then, the job finds nothing to do.
        let job = Job {
            run_at: self.inner().clock.now() + SETTLED_BY,
            ..new_job(self.inner(), SETTLE_JOB, id.as_str())
        };
        let kept = self
            .persist(move |tx| {
                if connect_attempts::quarantine(tx, &id, &sealed)? {
                    jobs::insert(tx, &job)?;
                    return Ok::<_, StoreError>(true);
                }
                // Asked twice when the outcome of the first commit was unknown.
                let found = connect_attempts::by_id(tx, &id)?;
                Ok(found.is_some_and(|attempt| attempt.quarantine.as_ref() == Some(&sealed)))
            })
            .await;
        match kept {
            Ok(true) => Ok(redeemed),
            // Somebody ended the attempt meanwhile.
            Ok(false) => Err(self
                .fail_unclaimed(redeemed, ConnectError::AuthorityChanged)
                .await),
            Err(error) => Err(self.fail_unclaimed(redeemed, error.into()).await),
        }
    }

    pub(super) fn open_quarantine(
        &self,
        attempt: &ConnectAttempt,
    ) -> Result<Secret<Quarantined>, ConnectError> {
        let corrupt = || StoreError::Corrupt {
            table: "connect_attempts",
            row: Some(attempt.id.to_string()),
            what: QUARANTINE,
        };
        let sealed = attempt.quarantine.as_ref().ok_or_else(corrupt)?;
        let opened = self
            .inner()
            .vault
            .open_for_server(&sealing::of_attempt(attempt, QUARANTINE), sealed)?;
        let quarantined = serde_json::from_str(opened.expose());
        quarantined.map(Secret::new).map_err(|_| corrupt().into())
    }
}

const QUARANTINE: &str = "quarantine";

/// A flow that goes well is over long before.
const SETTLED_BY: Duration = Duration::from_secs(90);
