//! Our own access tokens: RFC 9068 JWTs, signed with EdDSA.
//!
//! `jsonwebtoken` signs. The vault verifies signatures, with keys that it need not parse each time; everything else (`typ`,
//! `crit`, times, `iss`) is checked here against the injected clock, since the library would use the wall clock with a minute
//! of leeway and let unknown `crit` pass.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use vouchsafe_model::{KeyId, UnixMillis};
use vouchsafe_oauth_types::{AccessTokenClaims, SecretText, UnverifiedJwt};
use vouchsafe_vault::Vault;

/// The `typ` of our access tokens (RFC 9068 section 2.1).
const TYP: &str = "at+jwt";
/// How far `iat` may lie ahead of our clock, in seconds.
const FUTURE_LEEWAY: i64 = 10;

/// Why a token is not one of ours, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// Not a well-formed, correctly signed access token of ours.
    NotOurs,
    /// Past `exp`.
    Expired,
    /// Before `nbf` or `iat`.
    NotYet,
}

/// Signs claims.
pub(crate) fn mint(vault: &Vault, claims: &AccessTokenClaims) -> SecretText {
    let key = vault.signing_key();
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYP.to_owned());
    header.kid = Some(key.key_id().to_string());
    let encoding = EncodingKey::from_ed_der(key.pkcs8_der().expose());
    SecretText::new(
        jsonwebtoken::encode(&header, claims, &encoding).expect("an Ed25519 key of ours signs plain claims"),
    )
}

/// What a token of ours says, and which key signed it. Whether it is in time is for [`in_time`].
pub(crate) fn signed(
    vault: &Vault,
    issuer: &str,
    token: &str,
) -> Result<(KeyId, AccessTokenClaims), Invalid> {
    let jwt = UnverifiedJwt::parse(token).map_err(|_| Invalid::NotOurs)?;
    let header = &jwt.header;
    // The media type prefix may be left out (RFC 7515 section 4.1.9), nothing else may vary.
    let typ = header
        .typ
        .as_deref()
        .map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    if header.alg != "EdDSA" || typ != Some(TYP) || header.crit.is_some() || header.b64.is_some() {
        return Err(Invalid::NotOurs);
    }
    let kid = header.kid.as_deref().ok_or(Invalid::NotOurs)?;
    let key_id = vault
        .token_signed_by(kid, jwt.signing_input.as_bytes(), &jwt.signature_bytes)
        .ok_or(Invalid::NotOurs)?;
    let claims: AccessTokenClaims = serde_json::from_slice(&jwt.claims).map_err(|_| Invalid::NotOurs)?;
    // Bound to a key whose proof this server cannot take yet: to accept it would launder it into a bearer token (D-05).
    if claims.iss != issuer || claims.cnf.is_some() {
        return Err(Invalid::NotOurs);
    }
    Ok((key_id.clone(), claims))
}

/// Whether it holds now.
pub(crate) fn in_time(claims: &AccessTokenClaims, now: UnixMillis) -> Result<(), Invalid> {
    let now = now.as_seconds();
    if claims.exp <= now {
        return Err(Invalid::Expired);
    }
    if claims.iat > now + FUTURE_LEEWAY || claims.nbf.is_some_and(|nbf| nbf > now) {
        return Err(Invalid::NotYet);
    }
    Ok(())
}

/// The public keys as a JWK set (RFC 7517, RFC 8037): public members only.
pub(crate) fn jwks(vault: &Vault) -> serde_json::Value {
    let keys: Vec<_> = vault
        .verification_keys()
        .into_iter()
        .map(|key| {
            serde_json::json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": "EdDSA",
                "use": "sig",
                "kid": key.key_id.as_str(),
                "x": URL_SAFE_NO_PAD.encode(key.public),
            })
        })
        .collect();
    serde_json::json!({ "keys": keys })
}
