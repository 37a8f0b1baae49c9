//! Token revocation (RFC 7009).

use serde_json::json;

use super::client_auth::authenticate;
use crate::errors::{TokenError, refusal};
use crate::personality::Revocation;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::request::Request;
use crate::secrets::SecretKind;
use crate::state::State;

/// Revokes `token`.
pub(crate) fn revoke(state: &State, provider: &Provider, request: &Request) -> Reply {
    match provider.personality.revocation {
        Revocation::TokenOrFamily => with_client_authentication(state, provider, request),
        Revocation::ClientAndAccount => by_the_token_alone(state, provider, request),
        Revocation::None => Reply::empty(404),
    }
}

/// An unknown token is a success (RFC 7009 section 2.2); a token of another client is refused.
fn with_client_authentication(state: &State, provider: &Provider, request: &Request) -> Reply {
    let client_id = match authenticate(state, request) {
        Ok(client_id) => client_id,
        Err(error) => return refusal(provider.personality, request, error),
    };
    let Some(token) = request.parameter("token") else {
        return refusal(
            provider.personality,
            request,
            TokenError::Request("token is missing"),
        );
    };
    let mut ledger = provider.ledger();
    match ledger.owner(token) {
        Some((owner, _)) if owner != client_id => {
            return refusal(
                provider.personality,
                request,
                TokenError::Code("a token of another client"),
            );
        }
        Some(_) if ledger.kind(token) == Some(SecretKind::AccessToken) => ledger.kill_access(token),
        Some(_) => ledger.kill_family_of(token),
        None => {}
    }
    Reply::empty(200)
}

/// Google's way: no client authentication, and a dead or unknown token is a 400.
fn by_the_token_alone(state: &State, provider: &Provider, request: &Request) -> Reply {
    let in_query = request
        .query
        .iter()
        .find(|(name, _)| name == "token")
        .map(|(_, value)| value.as_str());
    let token = request.parameter("token").or(in_query).unwrap_or_default();
    let mut ledger = provider.ledger();
    let now = state.now();
    let facts = ledger
        .access_facts(provider.personality, token, now)
        .or_else(|| ledger.refresh_facts(provider.personality, token, now));
    let Some(facts) = facts else {
        let body = json!({"error": "invalid_token", "error_description": "Token expired or revoked"});
        return Reply::json(400, body);
    };
    ledger.kill_account(&facts.account, Some(&facts.client_id));
    Reply::json(200, json!({}))
}
