//! What goes to the token endpoint.

use insta::assert_snapshot;
use vouchsafe_model::Secret;

use super::{client, generic_oauth2, scope, shipped, shown, with};
use crate::catalogue::{CatalogueError, Entry, UpstreamClient, template};

const REDIRECT: &str = "https://vs.example/cb";

fn redeem(entry: &Entry) -> String {
    let (secret, code, verifier) = (
        Secret::from("s:cret&1"),
        Secret::from("c0de"),
        Secret::from("verifier"),
    );
    shown(
        &entry
            .redeem(client(&secret), &code, REDIRECT, Some(&verifier))
            .expect("a request"),
    )
}

fn refresh(entry: &Entry, part: &str, narrow_to: Option<&str>) -> Result<String, CatalogueError> {
    let (secret, token, narrow_to) = (Secret::from("s3cret"), Secret::from("rt-1"), narrow_to.map(scope));
    let request = entry.refresh(client(&secret), &token, part, Some(REDIRECT), narrow_to.as_ref())?;
    Ok(shown(&request))
}

#[test]
fn up_19__github_takes_the_secret_in_the_form() {
    assert_snapshot!(redeem(&shipped("github-oauth-app")), @r#"
    POST https://github.com/login/oauth/access_token
    accept: application/json
    content-type: application/x-www-form-urlencoded
    grant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Fvs.example%2Fcb&code_verifier=verifier&client_id=client-1&client_secret=s%3Acret%261
    "#);
}

#[test]
fn up_19__generic_oauth2_takes_basic_with_encoded_halves() {
    assert_snapshot!(redeem(&generic_oauth2()), @r#"
    POST https://as.example/token
    accept: application/json
    authorization: Basic Y2xpZW50LTE6cyUzQWNyZXQlMjYx
    content-type: application/x-www-form-urlencoded
    grant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Fvs.example%2Fcb&code_verifier=verifier
    "#);
}

#[test]
fn up_19__atlassian_takes_json() {
    assert_snapshot!(redeem(&shipped("atlassian")), @r#"
    POST https://auth.atlassian.com/oauth/token
    accept: application/json
    content-type: application/json
    {"grant_type":"authorization_code","code":"c0de","redirect_uri":"https://vs.example/cb","code_verifier":"verifier","client_id":"client-1","client_secret":"s:cret&1"}
    "#);
}

#[test]
fn up_19__slack_refreshes_either_chain_alike() {
    let user = refresh(&shipped("slack"), "user", None).expect("a request");
    assert_eq!(refresh(&shipped("slack"), "bot", None).expect("a request"), user);
    assert_snapshot!(user, @r#"
    POST https://slack.com/api/oauth.v2.access
    accept: application/json
    authorization: Basic Y2xpZW50LTE6czNjcmV0
    content-type: application/x-www-form-urlencoded
    grant_type=refresh_token&refresh_token=rt-1
    "#);
}

#[test]
fn a_public_client_sends_its_name_and_no_authorization() {
    let code = Secret::from("c0de");
    let public = UpstreamClient {
        client_id: "client-1",
        client_secret: None,
    };
    let request = generic_oauth2()
        .redeem(public, &code, REDIRECT, None)
        .expect("a request");
    assert_snapshot!(shown(&request), @r#"
    POST https://as.example/token
    accept: application/json
    content-type: application/x-www-form-urlencoded
    grant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Fvs.example%2Fcb&client_id=client-1
    "#);
}

#[test]
fn extra_parameters_and_headers_are_the_entrys() {
    let entry = with(
        "generic-oauth2",
        r#"
        authorize_url = "https://as.example/authorize"
        token_url = "https://as.example/token"
        refresh_url = "https://as.example/refresh"
        identity.url = "https://as.example/me"
        refresh_params = { expiring = "1" }
        refresh.send_redirect_uri = true
        token_headers = { User-Agent = "vouchsafe", Accept = "application/vnd.acme+json" }
        "#,
    );
    assert_snapshot!(refresh(&entry, "", None).expect("a request"), @r#"
    POST https://as.example/refresh
    accept: application/vnd.acme+json
    user-agent: vouchsafe
    authorization: Basic Y2xpZW50LTE6czNjcmV0
    content-type: application/x-www-form-urlencoded
    grant_type=refresh_token&refresh_token=rt-1&redirect_uri=https%3A%2F%2Fvs.example%2Fcb&expiring=1
    "#);
}

#[test]
fn dropbox_narrows_on_refresh_and_entra_picks_a_resource() {
    let dropbox = refresh(&shipped("dropbox"), "", Some("files.content.read")).expect("a request");
    assert!(
        dropbox.ends_with("grant_type=refresh_token&refresh_token=rt-1&scope=files.content.read"),
        "{dropbox}"
    );
    let entra = refresh(
        &shipped("microsoft-entra"),
        "",
        Some("https://a.example/.default"),
    )
    .expect("a request");
    assert!(
        entra.contains("&scope=https%3A%2F%2Fa.example%2F.default+offline_access&"),
        "{entra}"
    );
}

#[test]
fn narrowing_that_is_not_proven_is_refused() {
    for name in ["google", "atlassian", "slack", "github-app"] {
        let refused = CatalogueError::NarrowingUnsupported { entry: name.into() };
        assert_eq!(refresh(&shipped(name), "", Some("a")), Err(refused), "{name}");
    }
    let doorkeeper = with(
        "generic-oauth2",
        &format!(
            "{}refresh.send_scope = \"narrow\"\nnarrow.refresh_scope = \"yes_permanent\"",
            super::GENERIC_OAUTH2
        ),
    );
    assert!(
        refresh(&doorkeeper, "", Some("a")).is_err(),
        "it would shrink the grant for good"
    );
}

#[test]
fn a_provider_without_refresh_tokens_says_so() {
    let refused = CatalogueError::RefreshUnsupported {
        entry: "github-oauth-app".into(),
    };
    assert_eq!(refresh(&shipped("github-oauth-app"), "", None), Err(refused));
}

#[test]
fn an_entry_that_was_not_discovered_sends_nothing() {
    let code = Secret::from("c");
    let entry = template("generic-oidc").expect("shipped");
    let public = UpstreamClient {
        client_id: "c",
        client_secret: None,
    };
    let unknown = entry
        .redeem(public, &code, REDIRECT, None)
        .expect_err("no endpoint");
    assert_eq!(
        unknown,
        CatalogueError::EndpointUnknown {
            entry: "generic-oidc".into(),
            field: "token_url"
        }
    );
}

#[test]
fn debug_shows_neither_headers_nor_body() {
    let (secret, code) = (Secret::from("s3cret"), Secret::from("c0de"));
    let request = generic_oauth2()
        .redeem(client(&secret), &code, REDIRECT, None)
        .expect("a request");
    assert_eq!(
        format!("{request:?}"),
        "UpstreamRequest(POST https://as.example/token)"
    );
}
