//! What a token can do, by what the answer says or does not say.

use vouchsafe_model::EffectiveScope;

use super::{GENERIC_OAUTH2, NOW, answer, generic_oauth2, known, scope, shipped, with};
use crate::catalogue::Entry;

fn effective(entry: &Entry, echoed: &str, asked: &str) -> EffectiveScope {
    let body = format!(r#"{{"access_token":"at","token_type":"bearer"{echoed}}}"#);
    let read = entry.read_token_answer(&answer(200, &body), NOW, &scope(asked));
    read.expect("tokens").parts.remove(0).scope
}

#[test]
fn up_09__scopes_are_read_however_they_are_written() {
    let entry = generic_oauth2();
    for echoed in [
        r#","scope":"a b""#,
        r#","scope":"b  a a""#,
        r#","scope":"a,b""#,
        r#","scope":"a, b""#,
        r#","scope":["b","a"]"#,
    ] {
        assert_eq!(effective(&entry, echoed, "a b c"), known("a b"), "{echoed}");
    }
}

#[test]
fn ar_10__an_unreadable_or_empty_echo_counts_as_everything() {
    let trusting = with(
        "generic-oauth2",
        &format!("{GENERIC_OAUTH2}scope.echo_missing_means = \"as_requested\""),
    );
    for echoed in [
        r#","scope":"""#,
        r#","scope":" ""#,
        r#","scope":[]"#,
        r#","scope":[1]"#,
        r#","scope":7"#,
        r#","scope":{}"#,
        r#","scope":"\u00e9""#,
    ] {
        assert_eq!(
            effective(&trusting, echoed, "a"),
            EffectiveScope::Unknown,
            "{echoed}"
        );
    }
}

#[test]
fn ar_10__silence_means_what_the_entry_says() {
    let trusting = with(
        "generic-oauth2",
        &format!("{GENERIC_OAUTH2}scope.echo_missing_means = \"as_requested\""),
    );
    for echoed in ["", r#","scope":null"#] {
        assert_eq!(effective(&trusting, echoed, "a b"), known("a b"));
        assert_eq!(
            effective(&generic_oauth2(), echoed, "a b"),
            EffectiveScope::Unknown
        );
        assert_eq!(effective(&trusting, echoed, ""), EffectiveScope::Unknown);
    }
}

#[test]
fn ar_10__silence_is_not_believed_where_an_earlier_consent_widens() {
    let more = "grant_model = \"additive_single\"\nscope.echo_missing_means = \"as_requested\"";
    let additive = with("generic-oauth2", &format!("{more}\n{GENERIC_OAUTH2}"));
    assert_eq!(effective(&additive, "", "a"), EffectiveScope::Unknown);
}

#[test]
fn ar_10__a_github_app_is_never_known() {
    let entry = shipped("github-app");
    for echoed in ["", r#","scope":"""#, r#","scope":"repo""#] {
        assert_eq!(
            effective(&entry, echoed, "repo"),
            EffectiveScope::Unknown,
            "{echoed}"
        );
    }
}

#[test]
fn offline_scopes_are_no_power() {
    let entry = shipped("atlassian");
    let echoed = r#","scope":"offline_access read:jira-work read:me""#;
    assert_eq!(
        effective(&entry, echoed, "read:jira-work"),
        known("read:jira-work read:me")
    );
    assert_eq!(
        effective(&entry, r#","scope":"offline_access""#, "x"),
        EffectiveScope::Unknown
    );
}

#[test]
fn aliases_come_back_under_the_name_that_was_asked_for() {
    let echoed = r#","scope":"openid https://www.googleapis.com/auth/userinfo.email https://x.example/a""#;
    assert_eq!(
        effective(&shipped("google"), echoed, "email"),
        known("openid email https://x.example/a")
    );
}

#[test]
fn what_is_asked_for_without_being_named_is_part_of_the_request() {
    let google = shipped("google");
    assert_eq!(google.requested_scope(&scope("a")), scope("a openid"));
    assert_eq!(effective(&google, "", "a"), known("a openid"));
    let entra = shipped("microsoft-entra");
    assert_eq!(
        entra.requested_scope(&scope("User.Read")),
        scope("User.Read openid profile offline_access")
    );
}

#[test]
fn ar_10__the_least_ceiling_is_what_the_provider_leaves_in_every_token() {
    let least = |entry: &Entry| entry.least_ceiling().to_string();
    assert_eq!(least(&shipped("atlassian")), "read:me");
    assert_eq!(least(&shipped("microsoft-entra")), "openid profile");
    assert_eq!(least(&shipped("github-app")), "*");
    assert_eq!(least(&shipped("github-oauth-app")), "");
    assert_eq!(least(&shipped("dropbox")), "", "it can narrow");
}
