//! Keeping the refresh token of an answer that cannot be used otherwise (UP-10, F10).
//!
//! A provider that rotates has spent the token that was sent. Dropping its successor would lose the grant, or make the
//! next refresh look like a replay. The caller still gets the failure; the next refresh sends what is kept here.
//!
//! As in `commit`, it is sealed before the transaction begins.

use vouchsafe_audit::Event;
use vouchsafe_model::{AccessToken, Change, ChangeKind, Secret, UpstreamGrant};
use vouchsafe_store::{StoreError, Tx, upstream_grants};

use super::commit::{forget_access_tokens, is_another, is_revoked};
use super::prepare::Ready;
use crate::catalogue::KeptRefreshToken;
use crate::identity_provider::IdentityProvider;
use crate::sealer::Sealer;

/// A grant with its next refresh token and no next access token.
pub(super) struct Kept {
    /// The version that it replaces.
    base_version: i64,
    grant: UpstreamGrant,
    /// Unsealed, for the queue of revocations.
    refresh_token: Secret<String>,
    kills_access_token: bool,
}

/// What has become of it.
pub(super) enum Keeping {
    /// Stored; its record is still to be written. These access tokens went with it.
    Kept(Vec<AccessToken>),
    /// Stored with its record by our own commit, whose outcome was unknown.
    KeptBefore,
    /// Nothing is to be kept, or not here: the grant was replaced or revoked meanwhile.
    Nothing,
}

impl IdentityProvider {
    /// `None`: the provider has not rotated.
    pub(super) fn seal_kept(&self, ready: &Ready, fresh: KeptRefreshToken) -> Option<Kept> {
        if !is_another(&fresh.token, &ready.refresh_token) {
            return None;
        }
        let inner = self.inner();
        let now = inner.clock.now();
        let sealer = Sealer {
            vault: &inner.vault,
            ids: &inner.ids,
            key: &ready.key,
            connection: &ready.connection,
            received_at: now,
        };
        let old = &ready.grant;
        let mut grant = UpstreamGrant {
            refresh_token: None,
            version: old.version + 1,
            refresh_expires_at: fresh.expires_at.or(old.refresh_expires_at),
            lease_owner: None,
            lease_until: None,
            outcome_unknown_since: None,
            updated_at: now,
            ..old.clone()
        };
        grant.refresh_token = Some(sealer.refresh_token(&grant, &fresh.token));
        Some(Kept {
            base_version: old.version,
            grant,
            refresh_token: fresh.token,
            kills_access_token: ready.provider.entry.kills_access_token(),
        })
    }

    /// By compare-and-set, like every rotation.
    pub(super) fn keep_in(&self, tx: &mut Tx<'_>, ready: &Ready, kept: &Kept) -> Result<Keeping, StoreError> {
        let grant = &kept.grant;
        let stored = upstream_grants::by_id(tx, &grant.id)?;
        if stored
            .as_ref()
            .is_some_and(|stored| stored.refresh_token == grant.refresh_token)
        {
            return Ok(Keeping::KeptBefore);
        }
        if stored.is_none_or(|stored| stored.version != kept.base_version) {
            if is_revoked(tx, &ready.connection)? {
                self.queue_refresh_token(tx, &ready.connection, grant, &kept.refresh_token)?;
            }
            return Ok(Keeping::Nothing);
        }
        let killed = if kept.kills_access_token {
            forget_access_tokens(tx, grant)?
        } else {
            Vec::new()
        };
        if !upstream_grants::rotate(tx, grant, kept.base_version)? {
            // It was there a moment ago: look again.
            return Err(StoreError::Conflict);
        }
        Ok(Keeping::Kept(killed))
    }
}

impl Kept {
    /// What the record must say of the rows.
    pub(super) fn note(&self, event: Event, killed: &[AccessToken]) -> Event {
        let event = event.upstream_grant(&self.grant);
        if self.kills_access_token {
            let event = killed.iter().fold(event, Event::access_token_gone);
            return event.changes(Change::of(ChangeKind::UpstreamGrant, &self.grant.id));
        }
        event
    }
}
