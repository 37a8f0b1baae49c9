//! OpenID Connect: metadata, keys, ID tokens.

use serde_json::{Value, json};

use crate::account;
use crate::fault::Fault;
use crate::ledger::TokenSet;
use crate::personality::{Openid, Personality, Revocation};
use crate::provider::lock;
use crate::reply::Reply;
use crate::secrets::SecretKind;
use crate::state::State;

/// OpenID Provider metadata.
pub(crate) fn discovery(state: &State, personality: &Personality) -> Reply {
    let issuer = state.issuer(personality.name);
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "scopes_supported": ["openid", "profile", "email", "offline_access", "read", "write"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    });
    if personality.openid == Openid::ProviderWithIss {
        metadata["authorization_response_iss_parameter_supported"] = true.into();
        metadata["introspection_endpoint"] = format!("{issuer}/introspect").into();
    }
    if personality.revocation != Revocation::None {
        metadata["revocation_endpoint"] = format!("{issuer}/revoke").into();
    }
    Reply::json(200, metadata)
}

/// The public keys.
pub(crate) fn jwks(state: &State) -> Reply {
    Reply::json(200, lock(&state.signing_keys).jwks())
}

/// A signed ID token, spoilt as the fault wants it.
pub(super) fn id_token(
    state: &State,
    personality: &Personality,
    set: &TokenSet,
    nonce: Option<&str>,
    fault: Option<&Fault>,
) -> String {
    let now = state.now();
    let mut claims = account::claims(personality, &set.account);
    claims["iss"] = state.issuer(personality.name).into();
    claims["aud"] = set.client_id.as_str().into();
    claims["iat"] = now.into();
    claims["exp"] = (now + ID_TOKEN_LIFETIME).into();
    if let Some(nonce) = nonce {
        claims["nonce"] = nonce.into();
    }
    match fault {
        Some(Fault::WrongIss) => claims["iss"] = "https://wrong-issuer.example".into(),
        Some(Fault::MissingIss) => remove(&mut claims, "iss"),
        Some(Fault::WrongNonce) => claims["nonce"] = "another-nonce".into(),
        Some(Fault::WrongAudience) => claims["aud"] = "another-client".into(),
        _ => {}
    }
    let token = lock(&state.signing_keys).sign(&claims);
    state
        .secrets
        .remember(personality.name, SecretKind::IdToken, token.clone());
    token
}

fn remove(claims: &mut Value, name: &str) {
    if let Some(members) = claims.as_object_mut() {
        members.remove(name);
    }
}

const ID_TOKEN_LIFETIME: u64 = 3600;
