//! The per-flow cookie, and the digests that find and bind a flow.

use vouchsafe_model::{ConnectAttempt, ConnectAttemptId, Digest, Secret};
use vouchsafe_vault::Vault;

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
pub(super) fn digests_of_state(vault: &Vault, state: &str) -> Vec<Digest<ConnectAttempt>> {
    vault.digests(STATE, state)
}

pub(super) fn digest_of_cookie(vault: &Vault, value: &Secret<String>) -> Digest<ConnectAttempt> {
    vault.digest(COOKIE, value.expose())
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
const COOKIE: &str = "connect-cookie";
