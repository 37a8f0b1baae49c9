//! What is kept of a refresh answer that cannot be used otherwise (F10).

use std::time::Duration;

use vouchsafe_model::EffectiveScope;

use super::{NOW, answer, generic_oauth2, known, scope, shipped, with};
use crate::catalogue::{Entry, RefreshAnswer, RefusedRefresh, UpstreamFailure};

fn read(entry: &Entry, part: &str, status: u16, body: &str) -> Result<RefreshAnswer, RefusedRefresh> {
    entry.read_refresh_answer(&answer(status, body), NOW, &scope("held"), part)
}

/// What is wrong with an answer, and the refresh token that is kept.
fn refused(entry: &Entry, part: &str, status: u16, body: &str) -> (Option<&'static str>, Option<String>) {
    let refused = read(entry, part, status, body).expect_err(body);
    let what = match refused.failure {
        UpstreamFailure::InvalidAnswer { what } => Some(what),
        _ => None,
    };
    let kept = refused.refresh_token.map(|kept| kept.token.expose().clone());
    (what, kept)
}

fn keeps(entry: &Entry, part: &str, body: &str) -> Option<String> {
    refused(entry, part, 200, body).1
}

#[test]
fn up_10__a_rotated_token_is_kept_whatever_else_is_wrong() {
    for (rest, what) in [
        (r#""token_type":"bearer""#, "access_token"),
        (r#""access_token":null,"token_type":"bearer""#, "access_token"),
        (r#""access_token":"","token_type":"bearer""#, "access_token"),
        (r#""access_token":7,"token_type":"bearer""#, "access_token"),
        (
            r#""access_token":"a\r\nx: y","token_type":"bearer""#,
            "access_token",
        ),
        (r#""access_token":"at""#, "token_type"),
        (r#""access_token":"at","token_type":null"#, "token_type"),
        (r#""access_token":"at","token_type":"foo""#, "token_type"),
        (r#""access_token":"at","token_type":["bearer"]"#, "token_type"),
        (
            r#""access_token":"at","token_type":"bearer","id_token":7"#,
            "id_token",
        ),
        (r#""error":null,"expires_in":{},"scope":7"#, "access_token"),
        (r#""error":"","token_type":"bearer""#, "access_token"),
    ] {
        let body = format!(r#"{{"refresh_token":"rt-2",{rest}}}"#);
        let found = refused(&generic_oauth2(), "", 200, &body);
        assert_eq!(found, (Some(what), Some("rt-2".to_owned())), "{body}");
    }
}

#[test]
fn up_10__an_odd_lifetime_or_scope_is_no_reason_to_refuse() {
    let body = r#"{"access_token":"at","token_type":"bearer","refresh_token":"rt-2","expires_in":"soon","scope":{"a":1}}"#;
    let part = read(&generic_oauth2(), "", 200, body).expect("tokens").part;
    assert_eq!(part.refresh_token.expect("rotated").expose(), "rt-2");
    assert_eq!((part.expires_at, part.scope), (None, EffectiveScope::Unknown));
}

#[test]
fn up_11__an_answer_without_a_good_refresh_token_keeps_none() {
    for refresh_token in [
        r#""x":1"#,
        r#""refresh_token":null"#,
        r#""refresh_token":"""#,
        r#""refresh_token":" ""#,
        r#""refresh_token":7"#,
        r#""refresh_token":["rt-2"]"#,
        r#""refresh_token":"rt\r\nx: y""#,
    ] {
        let body = format!(r#"{{"token_type":"bearer",{refresh_token}}}"#);
        assert_eq!(keeps(&generic_oauth2(), "", &body), None, "{body}");
    }
}

#[test]
fn up_10__an_answer_that_must_not_be_believed_keeps_none() {
    for body in [
        r#"{"refresh_token":"rt-2","refresh_token":"rt-3"}"#,
        r#"{"refresh_token":"rt-2","expires_in":1,"expires_in":2}"#,
        r#"[{"refresh_token":"rt-2"}]"#,
        r#"{"refresh_token":"rt-2","access_to"#,
        r#"<html>{"refresh_token":"rt-2"}</html>"#,
    ] {
        assert_eq!(keeps(&generic_oauth2(), "", body), None, "{body}");
    }
    for status in [302, 400, 401, 403, 429, 500, 503] {
        let (_, kept) = refused(&generic_oauth2(), "", status, r#"{"refresh_token":"rt-2"}"#);
        assert_eq!(kept, None, "{status}");
    }
}

#[test]
fn up_13__an_error_that_comes_with_a_refresh_token_gives_none() {
    let rows = [
        ("github-app", "", r#""error":"bad_refresh_token""#),
        ("github-app", "", r#""error":"something_new""#),
        ("slack", "bot", r#""ok":false"#),
        ("slack", "bot", r#""ok":false,"error":"internal_error""#),
        // Slack's sign is `ok`, but who says error is not believed anyway.
        ("slack", "bot", r#""ok":true,"error":"internal_error""#),
    ];
    for (name, part, sign) in rows {
        let body = format!(r#"{{{sign},"refresh_token":"rt-2"}}"#);
        assert_eq!(keeps(&shipped(name), part, &body), None, "{name} {body}");
    }
    let form = "error=bad_refresh_token&refresh_token=ghr-2";
    assert_eq!(keeps(&shipped("github-app"), "", form), None);
    let status_alone = format!("error.detect = [\"status\"]\n{}", super::GENERIC_OAUTH2);
    for error in [r#""server_error""#, "7", "{}", "true"] {
        let body = format!(r#"{{"error":{error},"refresh_token":"rt-2"}}"#);
        assert_eq!(
            keeps(&with("generic-oauth2", &status_alone), "", &body),
            None,
            "{body}"
        );
    }
}

#[test]
fn up_10__a_form_without_an_access_token_keeps_its_refresh_token_and_its_end() {
    let form =
        "expires_in=28800&refresh_token=ghr-2&refresh_token_expires_in=15811200&scope=&token_type=bearer";
    let refused = read(&shipped("github-app"), "", 200, form).expect_err("no access token");
    let what = "access_token";
    assert_eq!(refused.failure, UpstreamFailure::InvalidAnswer { what });
    let kept = refused.refresh_token.expect("rotated");
    assert_eq!(kept.token.expose(), "ghr-2");
    assert_eq!(kept.expires_at, Some(NOW + Duration::from_secs(15_811_200)));
    assert!(!format!("{kept:?}").contains("ghr-2"));
}

#[test]
fn up_10__the_refresh_token_is_read_where_the_entry_says() {
    let moved = format!(
        "{}\n[token_pointer]\nrefresh_token = \"/data/rt\"\n",
        super::GENERIC_OAUTH2
    );
    let entry = with("generic-oauth2", &moved);
    let body = r#"{"refresh_token":"not this","data":{"rt":"rt-2"}}"#;
    assert_eq!(keeps(&entry, "", body).as_deref(), Some("rt-2"));
}

/// Slack: either chain stands at the top of a refresh answer.
#[test]
fn up_10__of_two_chains_only_the_one_that_was_refreshed_is_kept() {
    let slack = shipped("slack");
    let kept = |part, body: &str| keeps(&slack, part, body);
    // Labelled: for its own chain alone.
    for (label, own, other) in [("bot", "bot", "user"), ("User", "user", "bot")] {
        let body = format!(r#"{{"ok":true,"token_type":"{label}","refresh_token":"rt-2"}}"#);
        assert_eq!(kept(own, &body).as_deref(), Some("rt-2"), "{label}");
        assert_eq!(kept(other, &body), None, "{label}");
    }
    // Unlabelled, or oddly: the chain that was asked for.
    for label in ["", r#","token_type":"foo""#, r#","token_type":7"#] {
        let body = format!(r#"{{"ok":true,"refresh_token":"rt-2"{label}}}"#);
        for part in ["bot", "user"] {
            assert_eq!(kept(part, &body).as_deref(), Some("rt-2"), "{part} {body}");
        }
    }
    // Both in one answer.
    let both = r#"{"ok":true,"token_type":"bot","refresh_token":"of-bot","authed_user":{"token_type":"user","refresh_token":"of-user"}}"#;
    assert_eq!(kept("bot", both).as_deref(), Some("of-bot"));
    assert_eq!(kept("user", both).as_deref(), Some("of-user"));
    // The user's object has none: the bot's is not taken for it.
    let without = r#"{"ok":true,"token_type":"bot","refresh_token":"of-bot","authed_user":{"id":"U1"}}"#;
    assert_eq!(kept("user", without), None);
    let unlabelled =
        r#"{"ok":true,"refresh_token":"of-bot","authed_user":{"token_type":"user","access_token":7}}"#;
    assert_eq!(kept("user", unlabelled), None);
}

#[test]
fn up_10__a_good_answer_for_the_other_chain_is_refused_and_keeps_what_is_ours() {
    let slack = shipped("slack");
    let others = r#"{"ok":true,"access_token":"xoxb","token_type":"bot","refresh_token":"of-bot"}"#;
    assert_eq!(refused(&slack, "user", 200, others), (Some("part"), None));
    let ours = r#"{"ok":true,"access_token":"xoxb","token_type":"bot","refresh_token":"of-bot","authed_user":{"token_type":"user","refresh_token":"of-user"}}"#;
    assert_eq!(
        refused(&slack, "user", 200, ours),
        (Some("part"), Some("of-user".to_owned()))
    );
}

#[test]
fn a_good_answer_names_the_part_that_was_refreshed() {
    let body = r#"{"ok":true,"access_token":"xoxp","token_type":"user","refresh_token":"rt-2","scope":"search:read"}"#;
    let RefreshAnswer { part, answer } = read(&shipped("slack"), "user", 200, body).expect("tokens");
    assert_eq!((part.name.as_str(), answer.parts.len()), ("user", 1));
    assert_eq!(part.scope, known("user:search:read"));
}
