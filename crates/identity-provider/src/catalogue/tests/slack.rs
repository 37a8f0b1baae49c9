//! Two chains in one answer (P5).

use std::time::Duration;

use vouchsafe_model::EffectiveScope;

use super::{NOW, answer, failure, known, scope, shipped};
use crate::catalogue::{IdentitySource, TokenAnswer, TokenPart, UpstreamFailure};

const BOTH: &str = r#"{
    "ok": true, "app_id": "A1", "token_type": "bot", "access_token": "xoxe.xoxb-1", "scope": "chat:write,users:read",
    "bot_user_id": "U0", "refresh_token": "xoxe-bot", "expires_in": 43200,
    "team": {"id": "T1", "name": "Acme"}, "enterprise": null, "is_enterprise_install": false,
    "authed_user": {
        "id": "U1", "scope": "search:read", "access_token": "xoxe.xoxp-1", "token_type": "user",
        "refresh_token": "xoxe-user", "expires_in": 43200
    }
}"#;

fn read(body: &str) -> TokenAnswer {
    shipped("slack")
        .read_token_answer(&answer(200, body), NOW, &scope("chat:write"))
        .expect("tokens")
}

fn line(part: &TokenPart) -> (&str, &str, Option<&str>) {
    let refresh = part.refresh_token.as_ref().map(|token| token.expose().as_str());
    (&part.name, part.access_token.expose(), refresh)
}

#[test]
fn up_09__bot_and_user_are_two_parts() {
    let parts = read(BOTH).parts;
    let lines: Vec<_> = parts.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            ("bot", "xoxe.xoxb-1", Some("xoxe-bot")),
            ("user", "xoxe.xoxp-1", Some("xoxe-user"))
        ]
    );
    assert_eq!(parts[0].scope, known("chat:write users:read"));
    assert_eq!(parts[1].scope, known("user:search:read"));
    assert_eq!(parts[1].expires_at, Some(NOW + Duration::from_secs(43_200)));
}

#[test]
fn a_user_without_a_bot_is_one_part() {
    let body = r#"{"ok":true,"team":{"id":"T1"},"authed_user":{"id":"U1","access_token":"xoxp-1","token_type":"user","scope":"search:read"}}"#;
    let parts = read(body).parts;
    assert_eq!(
        parts.iter().map(line).collect::<Vec<_>>(),
        [("user", "xoxp-1", None)]
    );
    assert_eq!(parts[0].expires_at, None, "without rotation a token has no end");
}

#[test]
fn a_bot_without_a_user_is_one_part() {
    let body = r#"{"ok":true,"access_token":"xoxb-1","token_type":"bot","scope":"chat:write","team":{"id":"T1"},"authed_user":{"id":"U1"}}"#;
    assert_eq!(
        read(body).parts.iter().map(line).collect::<Vec<_>>(),
        [("bot", "xoxb-1", None)]
    );
}

#[test]
fn up_11__a_refreshed_user_token_stands_at_the_top() {
    let body = r#"{"ok":true,"access_token":"xoxe.xoxp-2","token_type":"user","refresh_token":"xoxe-2","expires_in":43200,"scope":"search:read"}"#;
    let parts = read(body).parts;
    assert_eq!(
        parts.iter().map(line).collect::<Vec<_>>(),
        [("user", "xoxe.xoxp-2", Some("xoxe-2"))]
    );
    assert_eq!(parts[0].scope, known("user:search:read"));
}

#[test]
fn ar_10__a_part_without_scopes_counts_as_everything() {
    let body = r#"{"ok":true,"access_token":"xoxb-1","token_type":"bot"}"#;
    assert_eq!(read(body).parts[0].scope, EffectiveScope::Unknown);
}

#[test]
fn a_token_of_no_known_part_is_refused() {
    let body = r#"{"ok":true,"access_token":"xapp-1","token_type":"app"}"#;
    let invalid = UpstreamFailure::InvalidAnswer { what: "token_type" };
    assert_eq!(failure(&shipped("slack"), 200, body), invalid);
}

#[test]
fn up_17__the_account_is_team_and_user() {
    let slack = shipped("slack");
    let account = slack
        .read_identity(IdentitySource::TokenResponse(&read(BOTH)))
        .expect("an account");
    assert_eq!(
        (account.account_id.as_str(), account.label.as_deref()),
        ("T1:U1", Some("Acme"))
    );
}
