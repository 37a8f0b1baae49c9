//! The per-flow cookie, and the digests that find and bind a flow.

use vouchsafe_model::{ConnectAttempt, ConnectAttemptId, ConnectAttemptState, Digest, Secret};
use vouchsafe_store::{StoreError, Tx, connect_attempts};
use vouchsafe_vault::Vault;

use crate::identity_provider::IdentityProvider;

impl IdentityProvider {
    /// The name of the cookie of the flow with this `state`, once the flow needs it no more: the browser may forget it.
    pub async fn spent_cookie(&self, state: &str) -> Option<String> {
        let (vault, state) = (self.inner().vault.clone(), state.to_owned());
        let now = self.inner().clock.now();
        let found = self
            .inner()
            .store
            .read(move |tx| attempt_of_state(tx, &vault, &state))
            .await;
        let attempt = found.ok().flatten()?;
        let spent = attempt.state != ConnectAttemptState::Pending || attempt.expires_at <= now;
        spent.then(|| name(&attempt.id))
    }
}

/// The name carries the attempt's id, so that each tab has a cookie of its own (CL-08).
pub(super) fn name(id: &ConnectAttemptId) -> String {
    format!("{PREFIX}{id}")
}

/// The cookie of this attempt among those of the request.
pub(super) fn find<'a>(
    cookies: &'a [(String, Secret<String>)],
    id: &ConnectAttemptId,
) -> Option<&'a Secret<String>> {
    let wanted = name(id);
    // A browser sends one; several of the same name are somebody's attempt to toss cookies.
    let mut found = cookies.iter().filter(|(name, _)| *name == wanted);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}

pub(super) fn digest_of_state(vault: &Vault, state: &str) -> Digest<ConnectAttempt> {
    vault.digest(STATE, state)
}

/// Under every live key, newest first: the key may have been rotated while the browser was away.
fn digests_of_state(vault: &Vault, state: &str) -> Vec<Digest<ConnectAttempt>> {
    vault.digests(STATE, state)
}

pub(super) fn digest_of_cookie(vault: &Vault, value: &Secret<String>) -> Digest<ConnectAttempt> {
    vault.digest(COOKIE, value.expose())
}

/// The attempt of this `state`, in whatever state it is.
pub(super) fn attempt_of_state(
    tx: &mut Tx<'_>,
    vault: &Vault,
    state: &str,
) -> Result<Option<ConnectAttempt>, StoreError> {
    if state.len() > MAX_STATE {
        return Ok(None);
    }
    for digest in digests_of_state(vault, state) {
        if let Some(found) = connect_attempts::by_state(tx, &digest)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The digest of the cookie that equals the attempt's, if the value is right.
pub(super) fn matching(
    vault: &Vault,
    attempt: &ConnectAttempt,
    value: &Secret<String>,
) -> Option<Digest<ConnectAttempt>> {
    vault
        .digests(COOKIE, value.expose())
        .into_iter()
        .find(|digest| *digest == attempt.cookie_digest)
}

const PREFIX: &str = "__Host-connect-";
const STATE: &str = "connect-state";
/// Ours have 64 characters.
const MAX_STATE: usize = 512;
const COOKIE: &str = "connect-cookie";
