//! What a failed refresh means for the grant (providers.md 2.1: operator, soft, dead, unknown).

use std::time::Duration;

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::ReconnectReason;
use vouchsafe_store::{StoreError, Tx, connections, upstream_grants};

use super::RefreshError;
use super::keep::{Keeping, Kept};
use super::prepare::Ready;
use crate::catalogue::{RefusedRefresh, Rotation, UpstreamFailure};
use crate::identity_provider::{IdentityProvider, pseudonym};

/// How it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Tell the waiters.
    End(RefreshError),
    /// Look again: the rows have changed, or the provider honours the same token once more.
    Again,
}

/// A failure that does not end the grant.
struct Harmless {
    kind: &'static str,
    code: Option<String>,
    /// Whether the refresh token that was sent may be spent.
    uncertain: bool,
    error: RefreshError,
}

impl IdentityProvider {
    /// Writes down what the failure means, and gives the lease back.
    pub(super) async fn weigh(&self, ready: Ready, refused: RefusedRefresh) -> Result<Next, RefreshError> {
        let this = self.clone();
        let RefusedRefresh {
            failure,
            refresh_token,
        } = refused;
        if let UpstreamFailure::Dead { code } = failure {
            let next = self.persist(move |tx| this.dead_in(tx, &ready, &code)).await?;
            return Ok(next);
        }
        let harmless = harmless(&ready, failure);
        if let RefreshError::Unavailable {
            retry_after: Some(asked),
        } = harmless.error
        {
            let inner = self.inner();
            inner
                .flights
                .pause(&ready.connection.provider_id, inner.clock.now(), asked);
        }
        if harmless.error == RefreshError::Misconfigured {
            tracing::error!(
                provider.id = %ready.connection.provider_id,
                error.code = harmless.code.as_deref().unwrap_or_default(),
                "the provider refuses this server's registration; every grant is kept"
            );
        }
        let again = harmless.uncertain && is_in_grace(&ready, harmless.error);
        let error = harmless.error;
        let kept = refresh_token.and_then(|token| self.seal_kept(&ready, token));
        self.persist(move |tx| this.harmless_in(tx, &ready, &harmless, kept.as_ref()))
            .await
            .inspect_err(|error| tracing::error!(error = %error, "a failed refresh could not be recorded"))?;
        self.inner().new_job.notify_one();
        Ok(if again { Next::Again } else { Next::End(error) })
    }

    /// Only believed when the row still holds the token that was sent: another replica that won the race makes the
    /// loser see the same answer (F8).
    fn dead_in(&self, tx: &mut Tx<'_>, ready: &Ready, code: &str) -> Result<Next, StoreError> {
        let grant = upstream_grants::by_id(tx, &ready.grant.id)?;
        let unchanged = grant.is_some_and(|grant| grant.version == ready.grant.version);
        let connection = connections::by_id(tx, &ready.connection.id)?;
        let Some(connection) = connection.filter(|now| unchanged && now.version == ready.connection.version)
        else {
            self.give_back(tx, ready)?;
            return Ok(Next::Again);
        };
        let why = (ReconnectReason::GrantDead, Some(code));
        let ended = self.needs_consent(tx, &connection, why, |tx| {
            upstream_grants::set_outcome_unknown(tx, &ready.grant.id, ready.grant.version, None)?;
            self.give_back(tx, ready)
        });
        ended.map(Next::End)
    }

    fn harmless_in(
        &self,
        tx: &mut Tx<'_>,
        ready: &Ready,
        harmless: &Harmless,
        kept: Option<&Kept>,
    ) -> Result<(), StoreError> {
        let id = &ready.grant.id;
        let keeping = match kept {
            Some(kept) => self.keep_in(tx, ready, kept)?,
            None => Keeping::Nothing,
        };
        if matches!(keeping, Keeping::KeptBefore) {
            return Ok(());
        }
        // With its successor in hand, it does not matter that the token that was sent is spent.
        let uncertain = harmless.uncertain && matches!(keeping, Keeping::Nothing);
        let since = ready.grant.outcome_unknown_since;
        let since = since.unwrap_or_else(|| self.inner().clock.now());
        // A grant that has taken its place since knows nothing of the token that was sent.
        let uncertain =
            uncertain && upstream_grants::set_outcome_unknown(tx, id, ready.grant.version, Some(since))?;
        self.give_back(tx, ready)?;
        let mut event = Event::new(EventKind::RefreshFailed)
            .user(&pseudonym(tx, &ready.connection.user_id)?)
            .fact("connection_id", ready.connection.id.as_str())
            .fact("provider_id", ready.connection.provider_id.as_str())
            .fact("upstream_grant_id", id.as_str())
            .fact("kind", harmless.kind)
            .fact("outcome_unknown", uncertain)
            .fact("rotated", matches!(keeping, Keeping::Kept(_)))
            .fact_if("code", harmless.code.as_deref());
        if let (Keeping::Kept(killed), Some(kept)) = (&keeping, kept) {
            event = kept.note(event, killed);
        }
        self.inner().ledger.append(tx, event)?;
        Ok(())
    }

    fn give_back(&self, tx: &mut Tx<'_>, ready: &Ready) -> Result<(), StoreError> {
        upstream_grants::release_lease(tx, &ready.grant.id, &self.inner().worker)?;
        Ok(())
    }
}

fn harmless(ready: &Ready, failure: UpstreamFailure) -> Harmless {
    let rotates = ready.provider.entry.rotation() != Rotation::Never;
    let unavailable = RefreshError::unavailable();
    match failure {
        UpstreamFailure::Soft {
            retry_after,
            uncertain,
        } => Harmless {
            kind: "soft",
            code: None,
            uncertain,
            error: RefreshError::Unavailable { retry_after },
        },
        UpstreamFailure::Operator { code } => {
            let error = RefreshError::Misconfigured;
            Harmless {
                kind: "operator",
                code: Some(code),
                uncertain: false,
                error,
            }
        }
        // Something was decided there, but who knows what.
        UpstreamFailure::InvalidAnswer { what } => Harmless {
            kind: "invalid_answer",
            code: Some(what.to_owned()),
            uncertain: rotates,
            error: unavailable,
        },
        UpstreamFailure::Unknown { code, .. } => Harmless {
            kind: "unknown",
            code,
            uncertain: false,
            error: unavailable,
        },
        // The caller has taken these.
        UpstreamFailure::Dead { code } => Harmless {
            kind: "dead",
            code: Some(code),
            uncertain: false,
            error: unavailable,
        },
    }
}

/// A lost answer is asked for once more at once where the provider honours a spent token for a while (F4).
fn is_in_grace(ready: &Ready, error: RefreshError) -> bool {
    let grace = Duration::from_secs(ready.provider.entry.refresh_rules().grace_s.into());
    let first = ready.grant.outcome_unknown_since.is_none();
    first && !grace.is_zero() && error == RefreshError::unavailable()
}
