//! Slack's own calls; whatever happens, the status is 200.

use serde_json::json;

use crate::account::{self, SLACK_TEAM};
use crate::ledger::{Part, TokenFacts};
use crate::provider::Provider;
use crate::reply::Reply;
use crate::request::Request;
use crate::state::State;

/// `auth.revoke`: the chain of this token dies, the other chain lives.
pub(crate) fn revoke(state: &State, provider: &Provider, request: &Request) -> Reply {
    match presented(state, provider, request) {
        Ok((token, _)) => {
            provider.ledger().kill_family_of(&token);
            Reply::json(200, json!({"ok": true, "revoked": true}))
        }
        Err(reply) => reply,
    }
}

/// `auth.test`: whose token it is.
pub(crate) fn test(state: &State, provider: &Provider, request: &Request) -> Reply {
    let (_, facts) = match presented(state, provider, request) {
        Ok(presented) => presented,
        Err(reply) => return reply,
    };
    let mut body = json!({
        "ok": true,
        "url": "https://fake-team.example.test/",
        "team": "Fake team",
        "team_id": SLACK_TEAM,
        "user": facts.account,
        "user_id": account::account_id(provider.personality, &facts.account),
    });
    if facts.part == Part::Bot {
        body["user"] = "fake-bot".into();
        body["user_id"] = "U0FAKEBOT".into();
        body["bot_id"] = "B0FAKEBOT".into();
    }
    Reply::json(200, body)
}

fn presented(state: &State, provider: &Provider, request: &Request) -> Result<(String, TokenFacts), Reply> {
    let token = request.bearer().or_else(|| request.parameter("token"));
    let Some(token) = token else {
        return Err(failure("not_authed"));
    };
    match state.access_facts(provider, token) {
        Some(facts) => Ok((token.to_owned(), facts)),
        None if provider.ledger().kind(token).is_some() => Err(failure("token_revoked")),
        None => Err(failure("invalid_auth")),
    }
}

fn failure(error: &str) -> Reply {
    Reply::json(200, json!({"ok": false, "error": error}))
}
