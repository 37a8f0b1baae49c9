//! Writing what the provider gave: rotated refresh token, access token and record in one transaction (UP-10).
//!
//! Everything is sealed before the transaction begins, so trying it again writes the same bytes, and a commit whose
//! outcome is unknown is recognised by them. This is also what the emergency journal will spill (see
//! `IdentityProvider::persist`): sealed values, the base version, and the ids.

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{AccessToken, Change, ChangeKind, Connection, ConnectionState, Secret, UpstreamGrant};
use vouchsafe_store::{StoreError, Tx, access_tokens, connections, upstream_grants};

use super::RefreshError;
use super::call::Answered;
use super::prepare::Ready;
use crate::catalogue::{Narrowing, TokenAnswer, TokenPart};
use crate::holdings::{Narrowed, narrowed};
use crate::identity_provider::{IdentityProvider, pseudonym};
use crate::sealer::{Filed, Sealer};

/// What is written, whoever tries how often.
struct Fresh {
    connection: Connection,
    /// The version that it replaces.
    base_version: i64,
    grant: UpstreamGrant,
    token: AccessToken,
    rotated: bool,
    kills_access_token: bool,
    scope_changed: bool,
    answer: TokenAnswer,
}

enum Committed {
    Stored,
    /// Somebody else has replaced the grant: what they have counts.
    Superseded,
    /// The connection was revoked meanwhile: what came is on its way to upstream revocation.
    Revoked,
}

impl IdentityProvider {
    pub(super) async fn commit(&self, ready: Ready, answered: Answered) -> Result<(), RefreshError> {
        let verified = is_as_wanted(&ready, &answered.part);
        let fresh = self.seal(ready, answered, verified);
        let this = self.clone();
        let committed = self
            .persist(move |tx| this.commit_in(tx, &fresh))
            .await
            .inspect_err(|error| {
                tracing::error!(error = %error, "a refreshed token could not be stored");
            })?;
        self.inner().new_job.notify_one();
        match committed {
            Committed::Revoked => Err(RefreshError::Gone),
            Committed::Stored if !verified => Err(RefreshError::CannotNarrow),
            Committed::Stored | Committed::Superseded => Ok(()),
        }
    }

    /// The grant grows a version even where the refresh token stays: the record then shows each refresh.
    fn seal(&self, ready: Ready, answered: Answered, as_wanted: bool) -> Fresh {
        let inner = self.inner();
        let part = &answered.part;
        let Ready {
            connection,
            provider,
            grant: old,
            want,
            key,
            refresh_token,
            ..
        } = ready;
        let sealer = Sealer {
            vault: &inner.vault,
            ids: &inner.ids,
            key: &key,
            connection: &connection,
            received_at: answered.received_at,
        };
        let whole = want.narrow.is_none();
        let mut grant = UpstreamGrant {
            scope: if whole {
                part.scope.clone()
            } else {
                old.scope.clone()
            },
            refresh_token: None,
            version: old.version + 1,
            refresh_expires_at: part.refresh_expires_at.or(old.refresh_expires_at),
            lease_owner: None,
            lease_until: None,
            outcome_unknown_since: None,
            updated_at: answered.received_at,
            ..old.clone()
        };
        // No new refresh token means: keep the old one (UP-11).
        grant.refresh_token =
            Some(sealer.refresh_token(&grant, part.refresh_token.as_ref().unwrap_or(&refresh_token)));
        // A token that is wider than wanted is filed as what it is: one of the whole grant.
        let scope_key = want.scope_key();
        let filed = if as_wanted {
            Filed {
                audience: &want.audience,
                scope_key: &scope_key,
            }
        } else {
            Filed::default()
        };
        let token = sealer.access_token(&grant, part, filed);
        let rotated = part
            .refresh_token
            .as_ref()
            .is_some_and(|fresh| is_another(fresh, &refresh_token));
        Fresh {
            base_version: old.version,
            rotated,
            kills_access_token: provider.entry.kills_access_token(),
            scope_changed: grant.scope != old.scope,
            grant,
            token,
            connection,
            answer: answered.answer,
        }
    }

    fn commit_in(&self, tx: &mut Tx<'_>, fresh: &Fresh) -> Result<Committed, StoreError> {
        let grant = &fresh.grant;
        let stored = upstream_grants::by_id(tx, &grant.id)?;
        if stored
            .as_ref()
            .is_none_or(|stored| stored.version != fresh.base_version)
        {
            return self.superseded(tx, fresh, stored.as_ref());
        }
        let killed = if fresh.kills_access_token {
            forget_access_tokens(tx, grant)?
        } else {
            Vec::new()
        };
        access_tokens::put(tx, &fresh.token)?;
        if !upstream_grants::rotate(tx, grant, fresh.base_version)? {
            // It was there a moment ago: look again.
            return Err(StoreError::Conflict);
        }
        let event = refreshed(fresh, &killed).user(&pseudonym(tx, &fresh.connection.user_id)?);
        self.inner().ledger.append(tx, event)?;
        Ok(Committed::Stored)
    }

    fn superseded(
        &self,
        tx: &mut Tx<'_>,
        fresh: &Fresh,
        stored: Option<&UpstreamGrant>,
    ) -> Result<Committed, StoreError> {
        // Our own commit, whose outcome was unknown.
        if stored.is_some_and(|stored| stored.refresh_token == fresh.grant.refresh_token) {
            return Ok(Committed::Stored);
        }
        if !is_revoked(tx, &fresh.connection)? {
            return Ok(Committed::Superseded);
        }
        self.queue_fresh(tx, &fresh.connection, &fresh.answer, fresh.grant.updated_at)?;
        Ok(Committed::Revoked)
    }
}

/// What a refresh has killed at the provider is of no use here.
pub(super) fn forget_access_tokens(
    tx: &mut Tx<'_>,
    grant: &UpstreamGrant,
) -> Result<Vec<AccessToken>, StoreError> {
    let mut killed = access_tokens::of_connection(tx, &grant.connection_id)?;
    killed.retain(|token| token.upstream_grant_id == grant.id);
    access_tokens::delete_of_grant(tx, &grant.id)?;
    Ok(killed)
}

/// Whether the connection was revoked while the provider was asked.
pub(super) fn is_revoked(tx: &mut Tx<'_>, connection: &Connection) -> Result<bool, StoreError> {
    let now = connections::by_id(tx, &connection.id)?;
    Ok(now.is_none_or(|now| matches!(now.state, ConnectionState::Revoked { .. })))
}

/// Whether the provider has rotated.
pub(super) fn is_another(fresh: &Secret<String>, sent: &Secret<String>) -> bool {
    fresh.expose() != sent.expose()
}

/// Whether the token may be filed as what was wanted. Narrowing counts only on the provider's own word; where only the
/// audience can be chosen, its scopes are what they are.
fn is_as_wanted(ready: &Ready, part: &TokenPart) -> bool {
    match ready.provider.entry.can_narrow() {
        Narrowing::AudienceOnly => true,
        Narrowing::RefreshScope | Narrowing::No => narrowed(&ready.want, &part.scope) != Narrowed::Claimed,
    }
}

fn refreshed(fresh: &Fresh, killed: &[AccessToken]) -> Event {
    let grant = &fresh.grant;
    let mut event = Event::new(EventKind::ConnectionRefreshed)
        .fact("connection_id", fresh.connection.id.as_str())
        .fact("provider_id", fresh.connection.provider_id.as_str())
        .fact("upstream_grant_id", grant.id.as_str())
        .fact("rotated", fresh.rotated)
        .fact("scope_changed", fresh.scope_changed)
        .upstream_grant(grant);
    event = killed.iter().fold(event, Event::access_token_gone);
    event = event.access_token(&fresh.token);
    // What is out is dead, or can do something else than a cached decision believes.
    if fresh.kills_access_token || fresh.scope_changed {
        return event.changes(Change::of(ChangeKind::UpstreamGrant, &grant.id));
    }
    event
}
