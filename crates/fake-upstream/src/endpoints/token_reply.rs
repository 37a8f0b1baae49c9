//! A successful token response, the way each personality writes it.

use serde_json::{Map, Value, json};

use super::token::Issued;
use crate::account::{self, SLACK_TEAM};
use crate::errors::json_or_form;
use crate::ledger::{Part, TokenSet};
use crate::personality::{Personality, Wire};
use crate::reply::Reply;
use crate::request::Request;

/// Writes the answer.
pub(super) fn success(personality: &Personality, request: &Request, issued: &Issued, now: u64) -> Reply {
    match (personality.wire, issued.sets.first()) {
        (Wire::Slack, _) => Reply::json(200, slack(personality, issued, now)),
        // Only Slack can issue nothing at all, when no scope was ticked.
        (_, None) => Reply::empty(500),
        (Wire::GithubOauthApp, Some(set)) => {
            let mut body = tokens(set, "bearer", now);
            body.insert("scope".to_owned(), set.scopes.join(",").into());
            json_or_form(request, body.into())
        }
        (Wire::GithubApp, Some(set)) => {
            let mut body = tokens(set, "bearer", now);
            body.insert("scope".to_owned(), "".into());
            if let Some(ttl) = personality.refresh.announced_ttl {
                body.insert("refresh_token_expires_in".to_owned(), ttl.into());
            }
            json_or_form(request, body.into())
        }
        (Wire::Plain | Wire::Entra | Wire::Atlassian, Some(set)) => {
            let mut body = tokens(set, "Bearer", now);
            body.insert("scope".to_owned(), set.scopes.join(" ").into());
            if personality.wire == Wire::Entra
                && let Some(expires_in) = body.get("expires_in").cloned()
            {
                body.insert("ext_expires_in".to_owned(), expires_in);
            }
            if let Some(id_token) = &issued.id_token {
                body.insert("id_token".to_owned(), id_token.as_str().into());
            }
            Reply::json(200, body.into())
        }
    }
}

fn tokens(set: &TokenSet, token_type: &str, now: u64) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("access_token".to_owned(), set.access_token.as_str().into());
    body.insert("token_type".to_owned(), token_type.into());
    if let Some(expires_in) = set.expires_in(now) {
        body.insert("expires_in".to_owned(), expires_in.into());
    }
    if let Some(refresh_token) = &set.refresh_token {
        body.insert("refresh_token".to_owned(), refresh_token.as_str().into());
    }
    body
}

/// The bot at the top level, the user under `authed_user`; a refresh answers its one chain at the top level.
fn slack(personality: &Personality, issued: &Issued, now: u64) -> Value {
    let mut body = Map::new();
    body.insert("ok".to_owned(), true.into());
    body.insert("app_id".to_owned(), "A0FAKEAPP".into());
    body.insert("team".to_owned(), json!({"id": SLACK_TEAM, "name": "Fake team"}));
    body.insert("enterprise".to_owned(), Value::Null);
    for set in &issued.sets {
        let user_id = account::account_id(personality, &set.account);
        let mut chain = match set.part {
            Part::User => tokens(set, "user", now),
            Part::Bot | Part::Main => tokens(set, "bot", now),
        };
        chain.insert("scope".to_owned(), set.scopes.join(",").into());
        if set.part == Part::User && !issued.refreshed {
            chain.insert("id".to_owned(), user_id.into());
            body.insert("authed_user".to_owned(), chain.into());
        } else {
            body.append(&mut chain);
            if set.part == Part::Bot {
                body.insert("bot_user_id".to_owned(), "U0FAKEBOT".into());
            }
            if !issued.refreshed {
                body.entry("authed_user")
                    .or_insert_with(|| json!({"id": user_id}));
            }
        }
    }
    body.into()
}
