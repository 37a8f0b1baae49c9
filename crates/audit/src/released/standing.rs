//! What a release rests on, as it stands now.

use std::str::FromStr;

use vouchsafe_model::{ClientId, ConnectionState, DelegationDecision, Tagged, UnixMillis, UserStatus};
use vouchsafe_store::revoked_access::{self, covers};
use vouchsafe_store::{
    StoreError, Tx, clients, connections, delegations, issued_tokens, sessions, upstream_revocations, users,
};

use super::Release;

/// How each thing stands, in a word; `None` where the release does not rest on such a thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// By what name the person signs in; `None` when there is no such person any more.
    pub username: Option<String>,
    /// `active`, `disabled`, `erased` or `gone`.
    pub user: Option<&'static str>,
    /// `active`, `disabled` or `gone`.
    pub client: Option<&'static str>,
    /// `active`, `needs_consent`, `revoked` or `gone`.
    pub connection: Option<&'static str>,
    /// How far the provider knows of a revoked connection.
    pub upstream_revocation: Option<&'static str>,
    /// `granted`, `denied`, `withdrawn`, `revoked`, `expired` or `gone`.
    pub delegation: Option<&'static str>,
    /// The session of a token of ours: `live`, `ended` or `gone`.
    pub session: Option<&'static str>,
    /// A token of ours: `live`, `revoked`, `expired` or `gone`.
    pub issued_token: Option<&'static str>,
    /// Whether the time of the token is over; `None` when nobody knows its end.
    pub expired: Option<bool>,
}

/// Looks. A row that cannot be read is an error: nobody should be told that it is dead.
///
/// # Errors
/// The database cannot be read, or a row is damaged.
pub fn standing(tx: &mut Tx<'_>, release: &Release, now: UnixMillis) -> Result<Standing, StoreError> {
    let client_revoked = match release.client_id.as_deref().map(ClientId::from_str) {
        Some(Ok(id)) => revoked_access::of_client(tx, &id)?,
        _ => None,
    };
    let mut standing = Standing {
        expired: release.expires_at.map(|end| end <= now),
        ..Standing::default()
    };
    standing.user = word(release.user_id.as_deref(), |id| {
        let user = users::by_id(tx, &id)?;
        let user = user.as_ref().map(Tagged::unverified);
        let known = user.filter(|user| user.status != UserStatus::Erased);
        standing.username = known.map(|user| user.username.clone());
        Ok(user.map(|user| user.status.as_str()))
    })?;
    standing.client = word(release.client_id.as_deref(), |id| {
        let client = clients::by_id(tx, &id)?;
        Ok(client.map(|client| client.unverified().status.as_str()))
    })?;
    standing.connection = word(release.connection_id.as_deref(), |id| {
        let revocation = upstream_revocations::of_connection(tx, &id)?.pop();
        standing.upstream_revocation = revocation.map(|revocation| revocation.state.as_str());
        let connection = connections::by_id(tx, &id)?;
        Ok(connection.map(|connection| match connection.state {
            ConnectionState::Active => "active",
            ConnectionState::NeedsConsent { .. } => "needs_consent",
            ConnectionState::Revoked { .. } => "revoked",
        }))
    })?;
    standing.delegation = word(release.delegation_id.as_deref(), |id| {
        let delegation = delegations::by_id(tx, &id)?;
        let delegation = delegation.as_ref().map(Tagged::unverified);
        Ok(delegation.map(|delegation| match delegation.decision {
            DelegationDecision::Granted if covers(client_revoked, delegation.decided_at) => "revoked",
            DelegationDecision::Granted if delegation.expires_at.is_some_and(|end| end <= now) => "expired",
            decision => decision.as_str(),
        }))
    })?;
    standing.session = word(release.session_id.as_deref(), |id| {
        let session = sessions::by_id(tx, &id)?;
        Ok(session.map(|(session, ended_at)| {
            let over = ended_at.is_some() || session.unverified().expires_at <= now;
            if over { "ended" } else { "live" }
        }))
    })?;
    standing.issued_token = word(release.jti.as_deref(), |id| {
        let token = issued_tokens::by_id(tx, &id)?;
        Ok(token.map(|token| {
            if token.revoked_at.is_some() || covers(client_revoked, token.issued_at) {
                "revoked"
            } else if token.expires_at <= now {
                "expired"
            } else {
                "live"
            }
        }))
    })?;
    Ok(standing)
}

/// How the thing of an id stands, if one is named; an id that cannot be one has no row.
fn word<I: FromStr>(
    id: Option<&str>,
    find: impl FnOnce(I) -> Result<Option<&'static str>, StoreError>,
) -> Result<Option<&'static str>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    let found = id.parse().map_or(Ok(None), find)?;
    Ok(Some(found.unwrap_or(GONE)))
}

const GONE: &str = "gone";
