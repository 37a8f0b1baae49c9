//! The consent page, driven as a simple HTTP client would.

use vouchsafe_fake_upstream::{
    ClientRegistration, ConsentMode, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Options,
};

use crate::support::{CALLBACK, Driver, query, usual};

const SCOPE: &[(&str, &str)] = &[("scope", "read write")];

#[actix_web::test]
async fn approving_with_the_hidden_input_alone_grants_everything_to_ada() {
    let driver = Driver::with("oidc", Options::default());
    let page = driver.authorize_raw(&usual(SCOPE)).await;
    assert_eq!(page.status, 200);
    let request = hidden_request(&page.text);
    let decided = driver
        .post(
            "/authorize/decision",
            &[("request", &request), ("decision", "approve")],
        )
        .await;
    assert_eq!(decided.status, 303);
    assert!(decided.location().as_str().starts_with(CALLBACK));
    let tokens = driver
        .redeem(&query(&decided.location(), "code").unwrap())
        .await
        .json();
    assert_eq!(tokens["scope"], "read write");
    assert_eq!(driver.live_tokens("oidc")[0].account, "ada");
}

#[actix_web::test]
async fn the_account_field_and_the_ticks_count() {
    let driver = Driver::with("oidc", Options::default());
    driver.next_account("oidc", "grace");
    let page = driver.authorize_raw(&usual(SCOPE)).await;
    assert!(page.text.contains(r#"name="account" value="grace""#));
    let request = hidden_request(&page.text);
    let form = [
        ("request", request.as_str()),
        ("account", "grace"),
        ("granted_scope", "read"),
        ("decision", "approve"),
    ];
    let decided = driver.post("/authorize/decision", &form).await;
    let tokens = driver
        .redeem(&query(&decided.location(), "code").unwrap())
        .await
        .json();
    assert_eq!(tokens["scope"], "read");
    assert_eq!(driver.live_tokens("oidc")[0].account, "grace");
    let page = driver.authorize_raw(&usual(SCOPE)).await;
    assert!(page.text.contains(r#"name="account" value="ada""#));
}

#[actix_web::test]
async fn denying_is_access_denied() {
    let driver = Driver::with("oidc", Options::default());
    let page = driver.authorize_raw(&usual(SCOPE)).await;
    let request = hidden_request(&page.text);
    let decided = driver
        .post(
            "/authorize/decision",
            &[("request", &request), ("decision", "deny")],
        )
        .await;
    assert_eq!(
        query(&decided.location(), "error").as_deref(),
        Some("access_denied")
    );
    assert_eq!(query(&decided.location(), "state").as_deref(), Some("some-state"));
    assert_eq!(driver.issued_secrets(), []);
}

#[actix_web::test]
async fn a_scope_with_markup_is_escaped() {
    let driver = Driver::with("oidc", Options::default());
    let page = driver.authorize_raw(&usual(&[("scope", "<script>\"x")])).await;
    assert!(page.text.contains("&lt;script&gt;&quot;x") && !page.text.contains("<script>"));
}

#[actix_web::test]
async fn nobody_is_redirected_to_an_unregistered_address() {
    let client = ClientRegistration {
        redirect_uris: Some(vec!["https://elsewhere.example/".to_owned()]),
        ..ClientRegistration::new(DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET)
    };
    let options = Options {
        clients: vec![client],
        consent: ConsentMode::Auto,
        ..Options::default()
    };
    let driver = Driver::with("oidc", options);
    let refused = driver.authorize_raw(&usual(SCOPE)).await;
    assert_eq!(refused.status, 400);
    assert!(!refused.headers.contains_key("location"));
}

fn hidden_request(page: &str) -> String {
    let start = page.find(r#"name="request" value=""#).unwrap() + r#"name="request" value=""#.len();
    let value = &page[start..];
    value[..value.find('"').unwrap()].replace("&amp;", "&")
}
