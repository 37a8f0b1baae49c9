//! Verifying an ID token (OpenID Connect Core section 3.1.3.7).
//!
//! The signature is checked by the library, everything else here against the injected clock: `crit` refused, `alg` from
//! our list, `iss` exact, `aud` and `azp`, `exp`, `iat`, `nbf`, `nonce`, and `at_hash` when it is there (UP-08).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use vouchsafe_model::{Secret, UnixMillis};
use vouchsafe_oauth_types::UnverifiedJwt;

use crate::catalogue::Entry;

/// What the token must say.
pub(super) struct Expected<'a> {
    pub(super) entry: &'a Entry,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) access_token: &'a Secret<String>,
    pub(super) now: UnixMillis,
}

/// Why an ID token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum IdTokenError {
    #[error("the ID token is malformed")]
    Malformed,
    #[error("the ID token uses an algorithm that is not allowed")]
    Algorithm,
    #[error("the ID token is signed by an unknown key")]
    KeyUnknown,
    #[error("the signature of the ID token is wrong")]
    Signature,
    #[error("the ID token has another issuer")]
    Issuer,
    #[error("the ID token is for another audience")]
    Audience,
    #[error("the ID token is for another party")]
    AuthorizedParty,
    #[error("the ID token is expired or not yet valid")]
    Time,
    #[error("the ID token has another nonce")]
    Nonce,
    #[error("the ID token belongs to another access token")]
    AtHash,
    #[error("the ID token names nobody")]
    Subject,
}

/// The claims of a token that is what it says.
pub(super) fn verify(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Value, IdTokenError> {
    let jwt = UnverifiedJwt::parse(token).map_err(|_| IdTokenError::Malformed)?;
    if jwt.header.crit.is_some() || jwt.header.b64.is_some() {
        return Err(IdTokenError::Malformed);
    }
    let algorithm = allowed(&jwt.header.alg).ok_or(IdTokenError::Algorithm)?;
    let key = key_of(keys, &jwt.header.alg, jwt.header.kid.as_deref()).ok_or(IdTokenError::KeyUnknown)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| IdTokenError::KeyUnknown)?;
    if key.family() != algorithm.family() {
        return Err(IdTokenError::Algorithm);
    }
    let signed = jsonwebtoken::crypto::verify(jwt.signature, jwt.signing_input.as_bytes(), &key, algorithm);
    if !signed.unwrap_or(false) {
        return Err(IdTokenError::Signature);
    }
    let claims: Value = serde_json::from_slice(&jwt.claims).map_err(|_| IdTokenError::Malformed)?;
    check_claims(&claims, &jwt.header.alg, expected)?;
    Ok(claims)
}

fn check_claims(claims: &Value, alg: &str, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if !text("iss").is_some_and(|iss| expected.entry.issuer_matches(iss, claims)) {
        return Err(IdTokenError::Issuer);
    }
    check_audience(claims, expected.client_id)?;
    check_time(claims, expected.now)?;
    if text("nonce") != Some(expected.nonce) {
        return Err(IdTokenError::Nonce);
    }
    match claims.get("at_hash") {
        None => {}
        Some(Value::String(hash)) if *hash == at_hash(alg, expected.access_token.expose()) => {}
        Some(_) => return Err(IdTokenError::AtHash),
    }
    match text("sub") {
        Some(subject) if !subject.is_empty() => Ok(()),
        _ => Err(IdTokenError::Subject),
    }
}

/// We must be in `aud`; where others are too, or `azp` is there, it must be us.
fn check_audience(claims: &Value, client_id: &str) -> Result<(), IdTokenError> {
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several
            .iter()
            .map(Value::as_str)
            .collect::<Option<_>>()
            .ok_or(IdTokenError::Audience)?,
        _ => return Err(IdTokenError::Audience),
    };
    if !audience.contains(&client_id) {
        return Err(IdTokenError::Audience);
    }
    match claims.get("azp") {
        None if audience.len() == 1 => Ok(()),
        Some(Value::String(party)) if party == client_id => Ok(()),
        _ => Err(IdTokenError::AuthorizedParty),
    }
}

fn check_time(claims: &Value, now: UnixMillis) -> Result<(), IdTokenError> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => numeric_date(value).map(Some).ok_or(IdTokenError::Time),
    };
    let (expires, issued, not_before) = (time("exp")?, time("iat")?, time("nbf")?);
    let alive = expires.is_some_and(|end| end + LEEWAY > now);
    let issued = issued.is_some_and(|at| at <= now + LEEWAY);
    let begun = not_before.is_none_or(|at| at <= now + LEEWAY);
    if alive && issued && begun {
        Ok(())
    } else {
        Err(IdTokenError::Time)
    }
}

/// Whole seconds; a fraction is cut off.
fn numeric_date(value: &Value) -> Option<UnixMillis> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a date beyond 2^63 saturates, and is no date"
    )]
    let seconds = value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Some(UnixMillis::from_seconds(seconds))
}

/// The left half of the hash that belongs to the signature's algorithm.
fn at_hash(alg: &str, access_token: &str) -> String {
    let bytes = access_token.as_bytes();
    let hash = match &alg[alg.len().saturating_sub(3)..] {
        "256" => Sha256::digest(bytes).to_vec(),
        "384" => Sha384::digest(bytes).to_vec(),
        // 512, and EdDSA with Ed25519.
        _ => Sha512::digest(bytes).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

/// Asymmetric algorithms only; `none` and HMAC are not in the list.
fn allowed(alg: &str) -> Option<Algorithm> {
    match alg {
        "RS256" => Some(Algorithm::RS256),
        "RS384" => Some(Algorithm::RS384),
        "RS512" => Some(Algorithm::RS512),
        "PS256" => Some(Algorithm::PS256),
        "PS384" => Some(Algorithm::PS384),
        "PS512" => Some(Algorithm::PS512),
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        "EdDSA" | "Ed25519" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

/// The key of this `kid`, which is opaque; without one, the only key that could be meant.
fn key_of<'k>(keys: &'k [Jwk], alg: &str, kid: Option<&str>) -> Option<&'k Jwk> {
    let usable = |key: &&Jwk| {
        let signs = key
            .common
            .public_key_use
            .as_ref()
            .is_none_or(|what| *what == PublicKeyUse::Signature);
        let algorithm = key
            .common
            .key_algorithm
            .as_ref()
            .and_then(|alg| serde_json::to_value(alg).ok());
        signs
            && algorithm
                .is_none_or(|algorithm| algorithm == alg || (algorithm == "EdDSA" && alg == "Ed25519"))
    };
    let mut found = keys
        .iter()
        .filter(usable)
        .filter(|key| kid.is_none() || key.common.key_id.as_deref() == kid);
    match (found.next(), found.next(), kid) {
        (Some(key), None, _) | (Some(key), Some(_), Some(_)) => Some(key),
        _ => None,
    }
}

/// Clocks differ.
const LEEWAY: Duration = Duration::from_secs(60);
