//! What the browser is sent away with.

use insta::assert_snapshot;

use super::{generic_oauth2, scope, shipped, with};
use crate::catalogue::{AuthorizeParameters, CatalogueError, Entry};

fn url(entry: &Entry, scopes: &str) -> Result<String, CatalogueError> {
    entry.authorization_url(AuthorizeParameters {
        client_id: "client-1",
        redirect_uri: "https://vs.example/connect/callback/x",
        state: "st&te",
        code_challenge: entry.uses_pkce().then_some("challenge"),
        nonce: entry.uses_nonce().then_some("nonce-1"),
        scopes: &scope(scopes),
        login_hint: Some("ada"),
    })
}

fn query(entry: &Entry, scopes: &str) -> String {
    url(entry, scopes).expect("a URL").replace(['?', '&'], "\n")
}

#[test]
fn up_02__pkce_s256_and_up_03__nonce_go_to_google() {
    assert_snapshot!(query(&shipped("google"), "email"), @r#"
    https://accounts.google.com/o/oauth2/v2/auth
    response_type=code
    client_id=client-1
    redirect_uri=https%3A%2F%2Fvs.example%2Fconnect%2Fcallback%2Fx
    scope=email+openid
    state=st%26te
    nonce=nonce-1
    code_challenge=challenge
    code_challenge_method=S256
    login_hint=ada
    access_type=offline
    prompt=consent
    "#);
}

#[test]
fn github_takes_its_login_hint_under_its_own_name() {
    assert_snapshot!(query(&shipped("github-oauth-app"), "repo read:user"), @r#"
    https://github.com/login/oauth/authorize
    response_type=code
    client_id=client-1
    redirect_uri=https%3A%2F%2Fvs.example%2Fconnect%2Fcallback%2Fx
    scope=read%3Auser+repo
    state=st%26te
    code_challenge=challenge
    code_challenge_method=S256
    login=ada
    "#);
}

#[test]
fn slack_scopes_of_the_user_go_into_a_parameter_of_their_own() {
    assert_snapshot!(query(&shipped("slack"), "chat:write users:read user:search:read"), @r#"
    https://slack.com/oauth/v2/authorize
    response_type=code
    client_id=client-1
    redirect_uri=https%3A%2F%2Fvs.example%2Fconnect%2Fcallback%2Fx
    scope=chat%3Awrite%2Cusers%3Aread
    user_scope=search%3Aread
    state=st%26te
    "#);
    let only_user = query(&shipped("slack"), "user:search:read");
    assert!(only_user.contains("\nuser_scope=search%3Aread"));
    assert!(!only_user.contains("\nscope="));
}

#[test]
fn entra_asks_for_offline_access_by_scope() {
    assert_snapshot!(query(&shipped("microsoft-entra"), "https://graph.microsoft.com/Mail.Read"), @r#"
    https://login.microsoftonline.com/common/oauth2/v2.0/authorize
    response_type=code
    client_id=client-1
    redirect_uri=https%3A%2F%2Fvs.example%2Fconnect%2Fcallback%2Fx
    scope=https%3A%2F%2Fgraph.microsoft.com%2FMail.Read+offline_access+openid+profile
    state=st%26te
    nonce=nonce-1
    code_challenge=challenge
    code_challenge_method=S256
    login_hint=ada
    "#);
}

#[test]
fn atlassian_names_its_audience() {
    assert_snapshot!(query(&shipped("atlassian"), "read:jira-work"), @r#"
    https://auth.atlassian.com/authorize
    response_type=code
    client_id=client-1
    redirect_uri=https%3A%2F%2Fvs.example%2Fconnect%2Fcallback%2Fx
    scope=offline_access+read%3Ajira-work+read%3Ame
    state=st%26te
    code_challenge=challenge
    code_challenge_method=S256
    audience=api.atlassian.com
    prompt=consent
    "#);
}

#[test]
fn a_query_of_the_endpoint_stays() {
    let url = url(&generic_oauth2(), "a b").expect("a URL");
    assert!(
        url.starts_with("https://as.example/authorize?tenant=7&response_type=code&client_id=client-1&"),
        "{url}"
    );
    assert!(url.contains("&scope=a+b&"));
}

#[test]
fn a_github_app_is_asked_without_scopes() {
    assert!(!query(&shipped("github-app"), "").contains("scope"));
}

#[test]
fn scopes_are_always_explicit() {
    let missing = url(&shipped("github-oauth-app"), "");
    assert_eq!(
        missing,
        Err(CatalogueError::ScopeMissing {
            entry: "github-oauth-app".into()
        })
    );
}

#[test]
fn up_02__a_flow_without_its_protection_is_refused() {
    let scopes = scope("email");
    let bare = AuthorizeParameters {
        client_id: "c",
        redirect_uri: "https://vs.example/cb",
        state: "s",
        code_challenge: None,
        nonce: None,
        scopes: &scopes,
        login_hint: None,
    };
    let google = shipped("google");
    let missing = |parameter| {
        Err(CatalogueError::ProtectionMissing {
            entry: "google".into(),
            parameter,
        })
    };
    assert_eq!(google.authorization_url(bare), missing("code_challenge"));
    let with_challenge = AuthorizeParameters {
        code_challenge: Some("c"),
        ..bare
    };
    assert_eq!(google.authorization_url(with_challenge), missing("nonce"));
}

#[test]
fn what_the_provider_chokes_on_is_left_out() {
    let entry = with(
        "github-oauth-app",
        "pkce = \"omit\"\nparam_rename = { login_hint = \"\", scope = \"perms\" }",
    );
    let query = query(&entry, "repo");
    assert!(
        !query.contains("challenge") && !query.contains("login="),
        "{query}"
    );
    assert!(query.contains("\nperms=repo"), "{query}");
}
