//! The protected API: who the token is for, and what it can really do.

use serde_json::{Map, Value, json};

use crate::account;
use crate::ledger::TokenFacts;
use crate::personality::{Personality, Wire};
use crate::provider::Provider;
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;

/// `GET /{p}/api/resource`: the account and the power of the token.
pub(crate) fn resource(state: &State, provider: &Provider, request: &Request) -> Reply {
    let facts = match authorized(state, provider, request) {
        Ok(facts) => facts,
        Err(reply) => return reply,
    };
    let body = json!({
        "personality": provider.personality.name,
        "account": facts.account,
        "account_id": account::account_id(provider.personality, &facts.account),
        "client_id": facts.client_id,
        "part": facts.part,
        "audience": facts.resource,
        "scopes": facts.scopes,
        "method": request.method,
        "path": request.path,
    });
    with_scopes_header(provider.personality, &facts, Reply::json(200, body))
}

/// `/{p}/api/echo`: the request as it came, credentials included, for tests of redaction.
pub(crate) fn echo(state: &State, provider: &Provider, request: &Request) -> Reply {
    if let Err(reply) = authorized(state, provider, request) {
        return reply;
    }
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect();
    let body = json!({
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": headers,
        "parameters": request.parameters,
        "json": request.json,
    });
    Reply::json(200, body)
}

/// The identity call.
pub(crate) fn userinfo(state: &State, provider: &Provider, request: &Request) -> Reply {
    match authorized(state, provider, request) {
        Ok(facts) => Reply::json(200, account::claims(provider.personality, &facts.account)),
        Err(reply) => reply,
    }
}

/// Atlassian's sites, whose ids are part of its API paths.
pub(crate) fn atlassian_sites(state: &State, provider: &Provider, request: &Request) -> Reply {
    let facts = match authorized(state, provider, request) {
        Ok(facts) => facts,
        Err(reply) => return reply,
    };
    let site = json!({
        "id": "11111111-2222-4333-8444-555555555555",
        "url": "https://fake-site.example.test",
        "name": "fake-site",
        "scopes": facts.scopes,
    });
    Reply::json(200, json!([site]))
}

/// The facts of the presented token, or the personality's 401.
pub(super) fn authorized(state: &State, provider: &Provider, request: &Request) -> Result<TokenFacts, Reply> {
    let wire = provider.personality.wire;
    let github = matches!(wire, Wire::GithubOauthApp | Wire::GithubApp);
    if github && request.header("user-agent").is_none_or(str::is_empty) {
        let body = json!({"message": "Request forbidden by administrative rules: User-Agent is missing"});
        return Err(Reply::json(403, body));
    }
    let facts = request
        .bearer()
        .and_then(|token| state.access_facts(provider, token));
    facts.ok_or_else(|| {
        let body = match wire {
            Wire::GithubOauthApp | Wire::GithubApp => json!({"message": "Bad credentials", "status": "401"}),
            Wire::Slack => json!({"ok": false, "error": "invalid_auth"}),
            Wire::Entra => {
                json!({"error": {"code": "InvalidAuthenticationToken", "message": "Invalid token"}})
            }
            Wire::Atlassian => json!({"code": 401, "message": "Unauthorized"}),
            Wire::Plain => json!({"error": "invalid_token"}),
        };
        Reply::json(401, body).with_header("www-authenticate", "Bearer error=\"invalid_token\"")
    })
}

/// GitHub names the token's scopes in a header.
pub(super) fn with_scopes_header(personality: &Personality, facts: &TokenFacts, reply: Reply) -> Reply {
    match personality.wire {
        Wire::GithubOauthApp => reply.with_header("x-oauth-scopes", facts.scopes.join(", ")),
        _ => reply,
    }
}
