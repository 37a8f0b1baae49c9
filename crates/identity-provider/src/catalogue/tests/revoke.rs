//! Ending tokens at the provider.

use insta::assert_snapshot;
use vouchsafe_model::Secret;

use super::{GENERIC_OAUTH2, answer, client, shipped, shown, with};
use crate::catalogue::{Entry, RevokeOutcome, TokenKind};

const RETRY: RevokeOutcome = RevokeOutcome::Retry { after: None };

fn revoke(entry: &Entry, kind: TokenKind) -> Option<String> {
    let (secret, token) = (Secret::from("s3cret"), Secret::from("tok\"en"));
    entry
        .revoke(client(&secret), &token, kind)
        .map(|request| shown(&request))
}

fn rfc7009(shape: &str) -> Entry {
    let url = "revoke.url = \"https://as.example/revoke\"";
    with(
        "generic-oauth2",
        &format!("{url}\nrevoke.shape = \"{shape}\"\n{GENERIC_OAUTH2}"),
    )
}

#[test]
fn up_14__github_deletes_the_grant() {
    assert_snapshot!(revoke(&shipped("github-oauth-app"), TokenKind::Access).expect("a request"), @r#"
    DELETE https://api.github.com/applications/client-1/grant
    accept: application/vnd.github+json
    user-agent: vouchsafe
    authorization: Basic Y2xpZW50LTE6czNjcmV0
    content-type: application/json
    {"access_token":"tok\"en"}
    "#);
    assert_eq!(
        revoke(&shipped("github-app"), TokenKind::Refresh),
        None,
        "it takes only access tokens"
    );
}

#[test]
fn up_14__google_takes_nothing_but_the_token() {
    assert_snapshot!(revoke(&shipped("google"), TokenKind::Refresh).expect("a request"), @r#"
    POST https://oauth2.googleapis.com/revoke
    accept: application/json
    content-type: application/x-www-form-urlencoded
    token=tok%22en
    "#);
}

#[test]
fn up_14__slack_takes_the_token_as_its_own_authorization() {
    assert_snapshot!(revoke(&shipped("slack"), TokenKind::Access).expect("a request"), @r#"
    POST https://slack.com/api/auth.revoke
    accept: application/json
    authorization: Bearer tok"en
    "#);
    assert_eq!(revoke(&shipped("slack"), TokenKind::Refresh), None);
}

#[test]
fn up_14__rfc_7009_with_basic_and_with_post() {
    assert_snapshot!(revoke(&rfc7009("rfc7009"), TokenKind::Refresh).expect("a request"), @r#"
    POST https://as.example/revoke
    accept: application/json
    authorization: Basic Y2xpZW50LTE6czNjcmV0
    content-type: application/x-www-form-urlencoded
    token=tok%22en&token_type_hint=refresh_token
    "#);
    assert_snapshot!(revoke(&rfc7009("post_client"), TokenKind::Access).expect("a request"), @r#"
    POST https://as.example/revoke
    accept: application/json
    content-type: application/x-www-form-urlencoded
    token=tok%22en&token_type_hint=access_token&client_id=client-1&client_secret=s3cret
    "#);
}

#[test]
fn where_there_is_no_revocation_there_is_no_request() {
    for name in ["atlassian", "microsoft-entra"] {
        assert_eq!(revoke(&shipped(name), TokenKind::Refresh), None, "{name}");
    }
}

#[test]
fn up_14__answers_to_revocations() {
    let plain = rfc7009("rfc7009");
    for (entry, status, body, expected) in [
        (&plain, 200, "", RevokeOutcome::Confirmed),
        (&plain, 200, "{}", RevokeOutcome::Confirmed),
        (&plain, 200, "OK", RevokeOutcome::Confirmed),
        (&plain, 200, "<html>portal</html>", RETRY),
        (&plain, 503, "", RETRY),
        (&plain, 429, "", RETRY),
        (&plain, 302, "", RETRY),
        (&plain, 401, r#"{"error":"invalid_client"}"#, RETRY),
        (
            &plain,
            400,
            r#"{"error":"unsupported_token_type"}"#,
            RevokeOutcome::Refused,
        ),
        (&plain, 405, "", RevokeOutcome::Refused),
        (
            &shipped("google"),
            400,
            r#"{"error":"invalid_token"}"#,
            RevokeOutcome::AlreadyDead,
        ),
        (&shipped("github-oauth-app"), 204, "", RevokeOutcome::Confirmed),
        (
            &shipped("github-oauth-app"),
            404,
            r#"{"message":"Not Found"}"#,
            RevokeOutcome::AlreadyDead,
        ),
        (
            &shipped("github-oauth-app"),
            422,
            r#"{"message":"Validation Failed"}"#,
            RevokeOutcome::Refused,
        ),
        (
            &shipped("slack"),
            200,
            r#"{"ok":true,"revoked":true}"#,
            RevokeOutcome::Confirmed,
        ),
        (
            &shipped("slack"),
            200,
            r#"{"ok":false,"error":"token_revoked"}"#,
            RevokeOutcome::AlreadyDead,
        ),
        (
            &shipped("slack"),
            200,
            r#"{"ok":false,"error":"ratelimited"}"#,
            RETRY,
        ),
        (
            &shipped("slack"),
            200,
            r#"{"ok":false,"error":"missing_scope"}"#,
            RevokeOutcome::Refused,
        ),
        (&shipped("slack"), 200, "", RETRY),
        (&shipped("dropbox"), 200, "null", RevokeOutcome::Confirmed),
        (
            &shipped("dropbox"),
            401,
            r#"{"error_summary":"invalid_access_token/"}"#,
            RevokeOutcome::AlreadyDead,
        ),
    ] {
        assert_eq!(
            entry.read_revoke_answer(&answer(status, body)),
            expected,
            "{} {status} {body}",
            entry.name()
        );
    }
}
