//! Tokens that nobody may use: of a flow that failed, or replaced by a renewal. They are revoked upstream only where that
//! kills just them (AR-13, F23).

use std::collections::BTreeSet;

use vouchsafe_model::{Connection, ConnectionState, RevocationSecret, Secret, UnixMillis, UpstreamGrant};
use vouchsafe_store::{StoreError, Tx, data_keys, jobs, upstream_grants, upstream_revocations};
use vouchsafe_vault::OpenDataKey;

use super::moving;
use super::worker::REVOKE_JOB;
use crate::catalogue::{Entry, GrantModel, RevokeEffect, RevokeShape, TokenAnswer};
use crate::connect::Redeemed;
use crate::holdings::Holding;
use crate::identity_provider::IdentityProvider;
use crate::jobs::new_job;
use crate::sealer::{Filed, Sealer};
use crate::sealing::{Owner, access_token_row};

impl IdentityProvider {
    /// Queues the tokens of a failed flow.
    pub(crate) fn revoke_unclaimed(&self, tx: &mut Tx<'_>, redeemed: &Redeemed) -> Result<(), StoreError> {
        let attempt = &redeemed.attempt;
        if !kills_only_itself(&redeemed.provider.entry) {
            return Ok(());
        }
        // A connection that never was: its name and owner are what the seals need.
        let connection = Connection {
            id: attempt.connection_id.clone(),
            user_id: attempt.user_id.clone(),
            provider_id: attempt.provider_id.clone(),
            account_id: String::new(),
            account_label: None,
            state: ConnectionState::Active,
            upstream_client_id: attempt.upstream_client_id.clone(),
            hosts: attempt.hosts,
            version: 0,
            created_at: redeemed.received_at,
            updated_at: redeemed.received_at,
        };
        self.queue_fresh(tx, &connection, &redeemed.answer, redeemed.received_at)
    }

    /// Seals tokens straight into the queue, under a key of their own.
    pub(crate) fn queue_fresh(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        answer: &TokenAnswer,
        received_at: UnixMillis,
    ) -> Result<(), StoreError> {
        self.queue_sealed(tx, connection, received_at, |sealer| {
            let parts = answer.parts.iter();
            parts
                .map(|part| {
                    let grant = sealer.grant(part, part.refresh_token.as_ref());
                    let tokens = vec![sealer.access_token(&grant, part, Filed::default())];
                    Holding { grant, tokens }
                })
                .collect()
        })
    }

    /// The same for a refresh token that came without an access token; `grant` says whose it is.
    pub(crate) fn queue_refresh_token(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        grant: &UpstreamGrant,
        refresh_token: &Secret<String>,
    ) -> Result<(), StoreError> {
        self.queue_sealed(tx, connection, grant.updated_at, |sealer| {
            let (grant, tokens) = (sealer.copy_of(grant, refresh_token), Vec::new());
            vec![Holding { grant, tokens }]
        })
    }

    fn queue_sealed(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        received_at: UnixMillis,
        seal: impl FnOnce(&Sealer<'_>) -> Vec<Holding>,
    ) -> Result<(), StoreError> {
        let inner = self.inner();
        let (key, row) = inner.vault.new_data_key(&connection.id, received_at);
        data_keys::insert(tx, &row)?;
        let sealer = Sealer {
            vault: &inner.vault,
            ids: &inner.ids,
            key: &key,
            connection,
            received_at,
        };
        self.queue(tx, connection, &seal(&sealer), &BTreeSet::new())
    }

    /// Takes replaced grants out of a connection that is being renewed. `old` is the connection as it was sealed for.
    pub(crate) fn retire(
        &self,
        tx: &mut Tx<'_>,
        redeemed: &Redeemed,
        old: &Connection,
        old_key: Option<&OpenDataKey>,
        replaced: &[Holding],
    ) -> Result<(), StoreError> {
        let isolated = kills_only_itself(&redeemed.provider.entry)
            && old.hosts == redeemed.attempt.hosts
            && old.upstream_client_id == redeemed.attempt.upstream_client_id;
        if let (true, Some(key)) = (isolated, old_key) {
            let still_used = self.rows_with_the_same_secret(&redeemed.answer, old, key, replaced);
            self.queue(tx, old, replaced, &still_used)?;
        }
        for holding in replaced {
            upstream_grants::delete(tx, &holding.grant)?;
        }
        Ok(())
    }

    /// Some providers give the same token again: it must live. So must everything, when a secret does not open. A
    /// refresh token that is kept because the answer has none protects its whole part.
    fn rows_with_the_same_secret(
        &self,
        answer: &TokenAnswer,
        old: &Connection,
        key: &OpenDataKey,
        replaced: &[Holding],
    ) -> BTreeSet<String> {
        let vault = &self.inner().vault;
        let fresh = |text: &str| {
            answer.parts.iter().any(|part| {
                part.access_token.expose() == text
                    || part
                        .refresh_token
                        .as_ref()
                        .is_some_and(|token| token.expose() == text)
            })
        };
        let keeps_refresh_token = |name: &str| {
            answer
                .parts
                .iter()
                .any(|part| part.name == name && part.refresh_token.is_none())
        };
        let owner = Owner::of(old);
        let mut same = BTreeSet::new();
        for Holding { grant, tokens } in replaced {
            if let Some(sealed) = &grant.refresh_token {
                let opened = vault.open(
                    key,
                    &owner.refresh_token(grant.id.as_str(), grant.version),
                    sealed,
                );
                if keeps_refresh_token(&grant.part) || opened.map_or(true, |token| fresh(token.expose())) {
                    same.insert(grant.id.to_string());
                }
            }
            for token in tokens {
                let row = access_token_row(token);
                let opened = vault.open(key, &owner.access_token(&row, token.version), &token.token);
                if opened.map_or(true, |token| fresh(token.expose())) {
                    same.insert(row);
                }
            }
        }
        same
    }

    fn queue(
        &self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        holdings: &[Holding],
        except: &BTreeSet<String>,
    ) -> Result<(), StoreError> {
        let revocation = self.new_revocation(connection);
        let secrets = holdings
            .iter()
            .flat_map(|holding| moving::secrets_of_grant(&revocation.id, connection, holding));
        let secrets: Vec<RevocationSecret> = secrets
            .filter(|secret| !except.contains(&secret.origin_row))
            .collect();
        if secrets.is_empty() {
            return Ok(());
        }
        upstream_revocations::insert(tx, &revocation, &secrets)?;
        jobs::insert(tx, &new_job(self.inner(), REVOKE_JOB, revocation.id.as_str()))
    }
}

/// Whether revoking one token leaves other tokens of the same client and account alone.
fn kills_only_itself(entry: &Entry) -> bool {
    let rules = entry.revoke_rules();
    rules.shape != RevokeShape::None
        && rules.effect == RevokeEffect::Token
        && matches!(
            entry.grant_model(),
            GrantModel::Independent | GrantModel::NoScopes
        )
}
