//! Carrying a revocation out at the provider. Only this opens what waits in the queue.

use vouchsafe_model::{
    Connection, RevocationId, RevocationSecret, Sealed, Secret, UnixMillis, UpstreamRevocation,
};
use vouchsafe_store::{StoreError, Tx, connections, data_keys, upstream_revocations};
use vouchsafe_vault::VaultError;

use super::moving::REFRESH;
use super::sharing::is_shared;
use super::verdict::Verdict;
use crate::catalogue::{RevokeEffect, RevokeOutcome, RevokeShape, TokenKind, UpstreamClient};
use crate::identity_provider::IdentityProvider;
use crate::jobs::Outcome;
use crate::provider::{LoadedProvider, ProviderError, load_any};
use crate::sealing::Owner;

/// Everything a try needs.
struct Work {
    revocation: UpstreamRevocation,
    secrets: Vec<RevocationSecret>,
    provider: Option<LoadedProvider>,
    connection: Option<Connection>,
    /// Another live connection shares upstream client and account (AR-14).
    shared: bool,
}

impl IdentityProvider {
    /// One try. The state it brings is on the record before the job ends.
    pub(crate) async fn revoke_upstream(&self, id: &str, attempts: i32) -> Outcome {
        let Ok(id) = id.parse::<RevocationId>() else {
            return Outcome::Dead;
        };
        let work = match self.load_work(id).await {
            Ok(Some(work)) => work,
            Ok(None) => return Outcome::Done,
            Err(error) => {
                tracing::error!(error = %error, "a revocation cannot be read");
                return Outcome::retry(attempts, None);
            }
        };
        let verdict = self.try_revocation(&work).await;
        let overdue = self.inner().clock.now() >= work.revocation.deadline_at;
        let verdict = match verdict {
            Verdict::Pending { reason, .. } if overdue => Verdict::Abandoned { reason },
            verdict => verdict,
        };
        match self.write_verdict(work.revocation, verdict).await {
            Err(_) => Outcome::retry(attempts, None),
            Ok(()) => match verdict {
                Verdict::Pending { after, .. } => Outcome::retry(attempts, after),
                Verdict::Revoked | Verdict::Abandoned { .. } => Outcome::Done,
            },
        }
    }

    async fn load_work(&self, id: RevocationId) -> Result<Option<Work>, ProviderError> {
        let this = self.clone();
        let load = move |tx: &mut Tx<'_>| {
            let revocation = upstream_revocations::by_id(tx, &id)?;
            let Some(revocation) = revocation.filter(|revocation| revocation.forgotten_at.is_none()) else {
                return Ok(None);
            };
            let provider = match load_any(tx, &this.inner().vault, &revocation.provider_id) {
                Err(ProviderError::Store(error)) => return Err(error.into()),
                // Tampered or unreadable: it may be put right before the deadline.
                provider => provider.ok().flatten(),
            };
            let connection = connections::by_id(tx, &revocation.connection_id)?;
            let shared = match &connection {
                Some(connection) => is_shared(tx, connection)?,
                None => false,
            };
            let secrets = upstream_revocations::secrets(tx, &id)?;
            Ok(Some(Work {
                revocation,
                secrets,
                provider,
                connection,
                shared,
            }))
        };
        self.inner().store.read(load).await
    }

    async fn try_revocation(&self, work: &Work) -> Verdict {
        let Some(provider) = &work.provider else {
            return Verdict::Pending {
                reason: "provider_unavailable",
                after: None,
            };
        };
        let rules = provider.entry.revoke_rules();
        if rules.shape == RevokeShape::None {
            return Verdict::Abandoned {
                reason: "not_supported",
            };
        }
        if work.shared && rules.effect == RevokeEffect::Grant {
            return Verdict::Abandoned {
                reason: "shared_grant",
            };
        }
        let names_client = !matches!(
            rules.shape,
            RevokeShape::SelfBearer | RevokeShape::Rfc7009NoClientAuth
        );
        let same_client = work
            .connection
            .as_ref()
            .is_none_or(|connection| connection.upstream_client_id == provider.row.client_id);
        if names_client && !same_client {
            return Verdict::Pending {
                reason: "client_changed",
                after: None,
            };
        }
        // Whatever the entry says now: a secret goes only where it was sealed for (AR-03).
        if work
            .secrets
            .iter()
            .any(|secret| secret.hosts != provider.row.hosts)
        {
            return Verdict::Pending {
                reason: "hosts_changed",
                after: None,
            };
        }
        self.revoke_each(work, provider).await
    }

    /// Refresh tokens first. Where one confirmation ends the whole grant, it is enough; else every living token is
    /// revoked by itself.
    async fn revoke_each(&self, work: &Work, provider: &LoadedProvider) -> Verdict {
        let now = self.inner().clock.now();
        let mut living: Vec<&RevocationSecret> = work
            .secrets
            .iter()
            .filter(|secret| secret.expires_at.is_none_or(|end| end > now))
            .collect();
        living.sort_by_key(|secret| secret.kind != REFRESH);
        let (mut ended, mut refused, mut asked) = (Vec::new(), Vec::new(), false);
        for secret in living {
            let outcome = match self.revoke_one(&work.revocation, provider, secret).await {
                Ok(Some(outcome)) => outcome,
                Ok(None) => continue,
                Err(verdict) => return verdict,
            };
            asked = true;
            match outcome {
                RevokeOutcome::Confirmed if provider.entry.revoke_rules().effect == RevokeEffect::Grant => {
                    return Verdict::Revoked;
                }
                RevokeOutcome::Confirmed | RevokeOutcome::AlreadyDead => ended.push(secret),
                RevokeOutcome::Retry { after } => {
                    return Verdict::Pending {
                        reason: "upstream_unavailable",
                        after,
                    };
                }
                RevokeOutcome::Refused => refused.push(secret),
            }
        }
        // A provider that takes only refresh tokens ends what hangs on them (RFC 7009 section 2.1).
        let covered = |secret: &RevocationSecret| {
            secret.kind != REFRESH
                && ended
                    .iter()
                    .any(|done| done.kind == REFRESH && done.part == secret.part)
        };
        match (
            refused.iter().all(|secret| covered(secret)),
            asked || all_over(work, now),
        ) {
            (false, _) => Verdict::Abandoned { reason: "refused" },
            (true, true) => Verdict::Revoked,
            (true, false) => Verdict::Abandoned {
                reason: "not_supported",
            },
        }
    }

    async fn revoke_one(
        &self,
        revocation: &UpstreamRevocation,
        provider: &LoadedProvider,
        secret: &RevocationSecret,
    ) -> Result<Option<RevokeOutcome>, Verdict> {
        let inner = self.inner();
        let unopened = |error: VaultError| {
            tracing::error!(revocation.id = %revocation.id, error = %error, "a queued secret does not open");
            Verdict::Abandoned {
                reason: "secret_unreadable",
            }
        };
        let token = self.open_queued(revocation, secret).await?.map_err(unopened)?;
        let client_secret = provider.client_secret(&inner.vault).map_err(unopened)?;
        let client = UpstreamClient {
            client_id: &provider.row.client_id,
            client_secret: client_secret.as_ref(),
        };
        let kind = if secret.kind == REFRESH {
            TokenKind::Refresh
        } else {
            TokenKind::Access
        };
        let Some(request) = provider.entry.revoke(client, &token, kind) else {
            return Ok(None);
        };
        match inner.egress.send(request).await {
            Ok(answer) => Ok(Some(provider.entry.read_revoke_answer(&answer.as_upstream()))),
            Err(_) => Err(Verdict::Pending {
                reason: "upstream_unavailable",
                after: None,
            }),
        }
    }

    /// In the context that it was sealed in, which the queue has kept.
    async fn open_queued(
        &self,
        revocation: &UpstreamRevocation,
        secret: &RevocationSecret,
    ) -> Result<Result<Secret<String>, VaultError>, Verdict> {
        let inner = self.inner();
        let unreadable = Verdict::Abandoned {
            reason: "secret_unreadable",
        };
        let key_id = secret.data_key_id.parse().map_err(|_| unreadable)?;
        let key = inner.store.read(move |tx| data_keys::by_id(tx, &key_id)).await;
        let key = key.map_err(|_: StoreError| Verdict::Pending {
            reason: "store_unavailable",
            after: None,
        })?;
        let key = key.ok_or(unreadable)?;
        let owner = Owner {
            user: &revocation.user_id,
            provider: &revocation.provider_id,
            hosts: secret.hosts,
        };
        let context = owner.context(
            &secret.origin_table,
            &secret.origin_column,
            &secret.origin_row,
            secret.version,
        );
        let sealed = Sealed::from_bytes(secret.sealed.clone());
        Ok(inner
            .vault
            .open_data_key(&key)
            .and_then(|key| inner.vault.open(&key, &context, &sealed)))
    }
}

/// Whether every secret has ended by itself.
fn all_over(work: &Work, now: UnixMillis) -> bool {
    !work.secrets.is_empty()
        && work
            .secrets
            .iter()
            .all(|secret| secret.expires_at.is_some_and(|end| end <= now))
}

pub(crate) const REVOKE_JOB: &str = "upstream_revocation";
