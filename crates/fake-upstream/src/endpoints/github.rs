//! GitHub's own calls: identity, and checking and deleting tokens with the client's Basic credentials.

use serde_json::{Value, json};

use super::api::{authorized, with_scopes_header};
use crate::account;
use crate::provider::Provider;
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;

/// `GET /user`
pub(crate) fn user(state: &State, provider: &Provider, request: &Request) -> Reply {
    match authorized(state, provider, request) {
        Ok(facts) => {
            let reply = Reply::json(200, account::claims(provider.personality, &facts.account));
            with_scopes_header(provider.personality, &facts, reply)
        }
        Err(reply) => reply,
    }
}

/// `POST /applications/{client_id}/token`: 200 with the token's facts, 404 when it is dead.
pub(crate) fn check_token(state: &State, provider: &Provider, request: &Request) -> Reply {
    let token = match own_live_token(state, provider, request) {
        Ok(token) => token,
        Err(reply) => return reply,
    };
    let Some(facts) = state.access_facts(provider, &token) else {
        return not_found();
    };
    let user = account::claims(provider.personality, &facts.account);
    Reply::json(200, json!({"token": token, "scopes": facts.scopes, "user": user}))
}

/// `DELETE /applications/{client_id}/token`: this token dies.
pub(crate) fn delete_token(state: &State, provider: &Provider, request: &Request) -> Reply {
    match own_live_token(state, provider, request) {
        Ok(token) => {
            provider.ledger().kill_access(&token);
            Reply::empty(204)
        }
        Err(reply) => reply,
    }
}

/// `DELETE /applications/{client_id}/grant`: every token of this app and this user dies.
pub(crate) fn delete_grant(state: &State, provider: &Provider, request: &Request) -> Reply {
    let token = match own_live_token(state, provider, request) {
        Ok(token) => token,
        Err(reply) => return reply,
    };
    let mut ledger = provider.ledger();
    if let Some((client_id, account)) = ledger.owner(&token) {
        ledger.kill_account(&account, Some(&client_id));
    }
    Reply::empty(204)
}

/// The live token named in the JSON body, if the caller is the client of the path and of the token.
fn own_live_token(state: &State, provider: &Provider, request: &Request) -> Result<String, Reply> {
    if request.header("user-agent").is_none_or(str::is_empty) {
        return Err(Reply::json(403, json!({"message": "User-Agent is missing"})));
    }
    let (client_id, secret) = request.basic().ok_or_else(unauthorized)?;
    let in_path = request.tail.split('/').nth(2);
    let known = state
        .client(&client_id)
        .is_some_and(|client| client.client_secret == secret);
    if !known || in_path != Some(client_id.as_str()) {
        return Err(unauthorized());
    }
    let body = request.json.as_ref().and_then(|json| json.get("access_token"));
    let Some(token) = body.and_then(Value::as_str) else {
        return Err(Reply::json(422, json!({"message": "access_token is missing"})));
    };
    let facts = state
        .access_facts(provider, token)
        .filter(|facts| facts.client_id == client_id);
    facts.map(|_| token.to_owned()).ok_or_else(not_found)
}

fn unauthorized() -> Reply {
    Reply::json(401, json!({"message": "Requires authentication"}))
}

fn not_found() -> Reply {
    Reply::json(404, json!({"message": "Not Found"}))
}
