//! What is certain after a refresh went wrong, and what a provider can do.

use super::{failure, generic_oauth2, shipped};
use crate::catalogue::{Narrowing, Rotation, UpstreamFailure};

fn is_uncertain(failure: &UpstreamFailure) -> bool {
    matches!(failure, UpstreamFailure::Soft { uncertain: true, .. })
}

#[test]
fn up_13__a_lost_answer_is_uncertain_where_the_provider_rotates() {
    for (name, rotates) in [
        ("github-app", true),
        ("slack", true),
        ("atlassian", true),
        ("google", false),
        ("dropbox", false),
        // A new one each time, but the old one stays valid.
        ("microsoft-entra", false),
        ("github-oauth-app", false),
    ] {
        let entry = shipped(name);
        assert_eq!(
            is_uncertain(&entry.read_failure_of_transport(true)),
            rotates,
            "{name}"
        );
        assert_eq!(is_uncertain(&failure(&entry, 502, "")), rotates, "{name}");
        assert!(
            !is_uncertain(&entry.read_failure_of_transport(false)),
            "{name}: nothing was sent"
        );
    }
    assert!(
        is_uncertain(&generic_oauth2().read_failure_of_transport(true)),
        "unknown counts as always"
    );
}

#[test]
fn ar_08__entries_say_what_cannot_be_ended() {
    for (name, unbounded, revocable) in [
        ("github-oauth-app", true, true),
        ("github-app", true, true),
        ("slack", true, true),
        ("google", false, true),
        ("dropbox", false, true),
        ("microsoft-entra", false, false),
        ("atlassian", false, false),
    ] {
        let entry = shipped(name);
        assert_eq!(
            (entry.unbounded_access_tokens(), entry.revocable()),
            (unbounded, revocable),
            "{name}"
        );
    }
    assert!(generic_oauth2().unbounded_access_tokens() && !generic_oauth2().revocable());
}

#[test]
fn power_of_the_shipped_entries() {
    assert_eq!(shipped("dropbox").can_narrow(), Narrowing::RefreshScope);
    assert_eq!(shipped("microsoft-entra").can_narrow(), Narrowing::AudienceOnly);
    assert_eq!(shipped("google").can_narrow(), Narrowing::No);
    assert_eq!(shipped("google").rotation(), Rotation::Never);
    assert_eq!(generic_oauth2().rotation(), Rotation::Unknown);
    assert!(shipped("github-app").kills_access_token());
    assert!(shipped("google").uses_nonce() && !shipped("slack").uses_nonce());
    assert_eq!(shipped("google").expects_iss(), None);
}
