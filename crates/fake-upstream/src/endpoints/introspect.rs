//! Token introspection (RFC 7662).

use serde_json::json;

use super::client_auth::authenticate;
use crate::account;
use crate::errors::refusal;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;

/// Says whether `token` is active and what it can do.
pub(crate) fn introspect(state: &State, provider: &Provider, request: &Request) -> Reply {
    let client_id = match authenticate(state, request) {
        Ok(client_id) => client_id,
        Err(error) => return refusal(provider.personality, request, error),
    };
    let token = request.parameter("token").unwrap_or_default();
    let personality = provider.personality;
    let ledger = provider.ledger();
    let facts = ledger
        .access_facts(personality, token, state.now())
        .or_else(|| ledger.refresh_facts(personality, token, state.now()));
    let Some(facts) = facts.filter(|facts| facts.client_id == client_id) else {
        return Reply::json(200, json!({"active": false}));
    };
    let mut body = json!({
        "active": true,
        "scope": facts.scopes.join(" "),
        "client_id": facts.client_id,
        "username": facts.account,
        "sub": account::account_id(personality, &facts.account),
        "iss": state.issuer(personality.name),
    });
    if let Some(expires_at) = facts.expires_at {
        body["exp"] = expires_at.into();
        body["token_type"] = "Bearer".into();
    }
    Reply::json(200, body)
}
