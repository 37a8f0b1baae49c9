//! Good answers, and answers that only look good.

use std::time::Duration;

use super::{NOW, failure, generic_oauth2, known, part, read, shipped, with};
use crate::catalogue::UpstreamFailure;

#[test]
fn up_09__an_ordinary_answer_is_read() {
    let part = part(
        &generic_oauth2(),
        r#"{"access_token":"at","token_type":"Bearer","expires_in":3600,"refresh_token":"rt","scope":"b a"}"#,
    );
    assert_eq!(
        (part.name.as_str(), part.access_token.expose().as_str()),
        ("", "at")
    );
    assert_eq!(part.token_type, "Bearer");
    assert_eq!(part.expires_at, Some(NOW + Duration::from_secs(3600)));
    assert_eq!(part.refresh_token.expect("rotated").expose(), "rt");
    assert_eq!(part.scope, known("a b"));
}

#[test]
fn up_09__a_missing_lifetime_is_no_end() {
    let part = part(
        &generic_oauth2(),
        r#"{"access_token":"at","token_type":"bearer"}"#,
    );
    assert_eq!(part.expires_at, None);
}

#[test]
fn up_11__no_new_refresh_token_means_none() {
    for rest in [
        "",
        r#","refresh_token":null"#,
        r#","refresh_token":"""#,
        r#","refresh_token":" ""#,
    ] {
        let body = format!(r#"{{"access_token":"at","token_type":"bearer"{rest}}}"#);
        assert!(part(&generic_oauth2(), &body).refresh_token.is_none(), "{body}");
    }
}

#[test]
fn f10__an_answer_without_a_usable_access_token_is_invalid() {
    for (body, what) in [
        (r#"{"token_type":"bearer"}"#, "access_token"),
        (r#"{"access_token":null,"token_type":"bearer"}"#, "access_token"),
        (r#"{"access_token":"","token_type":"bearer"}"#, "access_token"),
        (r#"{"access_token":" ","token_type":"bearer"}"#, "access_token"),
        (r#"{"access_token":7,"token_type":"bearer"}"#, "access_token"),
        (
            r#"{"access_token":"a\r\nx: y","token_type":"bearer"}"#,
            "access_token",
        ),
        (r#"{"access_token":"at"}"#, "token_type"),
        (r#"{"access_token":"at","token_type":"mac"}"#, "token_type"),
        (r#"{"access_token":"at","token_type":"DPoP"}"#, "token_type"),
        (
            r#"{"access_token":"at","token_type":"bearer","refresh_token":7}"#,
            "refresh_token",
        ),
        (
            r#"{"access_token":"at","access_token":"b","token_type":"bearer"}"#,
            "duplicate member",
        ),
        ("[]", "object"),
        ("{}", "access_token"),
    ] {
        assert_eq!(
            failure(&generic_oauth2(), 200, body),
            UpstreamFailure::InvalidAnswer { what },
            "{body}"
        );
    }
}

#[test]
fn an_entry_may_accept_an_answer_without_token_type() {
    let entry = with(
        "generic-oauth2",
        &format!("token_types = [\"bearer\", \"\"]\n{}", super::GENERIC_OAUTH2),
    );
    assert_eq!(part(&entry, r#"{"access_token":"at"}"#).token_type, "");
}

#[test]
fn f14__deep_answers_are_refused_and_a_byte_order_mark_is_skipped() {
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
    assert_eq!(
        failure(&generic_oauth2(), 200, &deep),
        UpstreamFailure::InvalidAnswer { what: "nesting" }
    );
    part(
        &generic_oauth2(),
        "\u{feff}{\"access_token\":\"at\",\"token_type\":\"bearer\"}",
    );
    let giant = format!(
        r#"{{"access_token":"at","token_type":"bearer","x":"{}"}}"#,
        "x".repeat(1 << 20)
    );
    assert!(matches!(
        failure(&generic_oauth2(), 200, &giant),
        UpstreamFailure::Soft { uncertain: true, .. }
    ));
}

#[test]
fn github_answers_as_a_form_and_as_json() {
    let entry = shipped("github-oauth-app");
    for body in [
        "access_token=gho_1&scope=repo%2Cgist&token_type=bearer",
        r#"{"access_token":"gho_1","scope":"repo,gist","token_type":"bearer"}"#,
    ] {
        let part = part(&entry, body);
        assert_eq!(part.access_token.expose(), "gho_1");
        assert_eq!((part.scope, part.expires_at), (known("repo gist"), None));
    }
    let twice = failure(&entry, 200, "access_token=a&access_token=b&token_type=bearer");
    assert_eq!(
        twice,
        UpstreamFailure::InvalidAnswer {
            what: "duplicate member"
        }
    );
}

#[test]
fn a_github_app_says_when_its_refresh_token_ends() {
    let part = part(
        &shipped("github-app"),
        r#"{"access_token":"ghu_1","expires_in":28800,"refresh_token":"ghr_1",
            "refresh_token_expires_in":15811200,"scope":"","token_type":"bearer"}"#,
    );
    assert_eq!(
        part.refresh_expires_at,
        Some(NOW + Duration::from_secs(15_811_200))
    );
}

#[test]
fn an_id_token_is_handed_on() {
    let body = r#"{"access_token":"at","token_type":"Bearer","expires_in":3599,"id_token":"h.p.s"}"#;
    let answer = read(&shipped("google"), 200, body).expect("tokens");
    assert_eq!(answer.id_token.as_ref().expect("one").expose(), "h.p.s");
    assert!(!format!("{answer:?}").contains("h.p.s"));
}
