//! How a failure is recognised, entry or no entry.

use std::time::Duration;

use super::{GENERIC_OAUTH2, NOW, answer, generic_oauth2, scope, verdict, with};
use crate::catalogue::{UpstreamAnswer, UpstreamFailure};

#[test]
fn a_code_listed_as_dead_is_dead_although_others_mean_the_operator() {
    let gitea = with(
        "generic-oauth2",
        &format!("errors.dead = [{{ code = \"unauthorized_client\" }}]\n{GENERIC_OAUTH2}"),
    );
    let body = r#"{"error":"unauthorized_client"}"#;
    assert_eq!(verdict(&gitea, 400, body), "dead unauthorized_client");
    assert_eq!(
        verdict(&generic_oauth2(), 400, body),
        "operator unauthorized_client"
    );
}

#[test]
fn matchers_by_status_and_description() {
    let entry = with(
        "generic-oauth2",
        &format!(
            "errors.dead = [{{ status = 401, code = \"invalid_request\", description_contains = \"Refresh\" }}]\n{GENERIC_OAUTH2}"
        ),
    );
    let body = r#"{"error":"invalid_request","error_description":"bad REFRESH token"}"#;
    assert_eq!(verdict(&entry, 401, body), "dead invalid_request");
    assert_eq!(verdict(&entry, 400, body), "unknown 400 invalid_request");
    assert_eq!(
        verdict(&entry, 401, r#"{"error":"invalid_request"}"#),
        "unknown 401 invalid_request"
    );
}

#[test]
fn up_07__the_providers_text_never_becomes_a_code() {
    for code in [
        "<script>",
        "Grant of ada@example.com is gone",
        "eyJhbGciOiJub25lIn0",
        &"a".repeat(41),
    ] {
        let body = format!(r#"{{"error":"{code}"}}"#);
        assert_eq!(verdict(&generic_oauth2(), 400, &body), "unknown 400 ");
    }
}

#[test]
fn up_13__retry_after_is_honoured_within_reason() {
    let waits = |retry_after: Option<&str>, body: &str| {
        let answer = UpstreamAnswer {
            retry_after: retry_after.map(str::to_owned),
            ..answer(429, body)
        };
        match generic_oauth2().read_token_answer(&answer, NOW, &scope("a")) {
            Err(UpstreamFailure::Soft { retry_after, .. }) => retry_after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(waits(Some("30"), "{}"), Some(Duration::from_secs(30)));
    assert_eq!(waits(Some("31536000"), "{}"), Some(Duration::from_secs(3600)));
    assert_eq!(waits(Some("-1"), "{}"), None);
    assert_eq!(
        waits(None, r#"{"retry_after":1.25}"#),
        Some(Duration::from_millis(1250))
    );
    assert_eq!(waits(None, "<html>"), None);
}
