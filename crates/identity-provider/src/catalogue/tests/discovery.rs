//! Metadata from a stranger.

use serde_json::{Value, json};

use super::with;
use crate::catalogue::{CatalogueError, ClientAuth, Entry, EntryOverrides, template};

const ISSUER: &str = "https://id.example/t";

fn entry() -> Entry {
    with("generic-oidc", &format!("issuer = \"{ISSUER}\""))
}

fn metadata(more: &Value) -> Value {
    let mut document = json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://id.example/authorize",
        "token_endpoint": "https://id.example/token",
        "jwks_uri": "https://id.example/jwks",
        "revocation_endpoint": "https://id.example/revoke",
        "userinfo_endpoint": "https://id.example/userinfo",
    });
    let members = document.as_object_mut().expect("object");
    members.extend(more.as_object().expect("object").clone());
    document
}

fn discovered(more: &Value) -> Result<Entry, CatalogueError> {
    entry().with_discovery(&metadata(more), &[])
}

fn refused_field(result: Result<Entry, CatalogueError>) -> String {
    match result.expect_err("refused") {
        CatalogueError::Field { entry, field, .. } => format!("{entry} {field}"),
        other => panic!("{other}"),
    }
}

#[test]
fn up_16__endpoints_come_from_the_document_of_the_issuer() {
    let url = entry().discovery_url();
    assert_eq!(
        url.as_deref(),
        Some("https://id.example/t/.well-known/openid-configuration")
    );
    let entry =
        discovered(&json!({"authorization_response_iss_parameter_supported": true})).expect("an entry");
    assert_eq!(entry.discovery_url(), None);
    assert_eq!(entry.token_url(), Some("https://id.example/token"));
    assert_eq!(entry.jwks_uri(), Some("https://id.example/jwks"));
    assert_eq!(entry.expects_iss(), Some(ISSUER));
    assert!(entry.revocable() && entry.uses_pkce());
    assert_eq!(entry.secret_destinations(), ["https://id.example"]);
}

#[test]
fn up_16__another_issuer_is_refused_to_the_byte() {
    for issuer in [
        json!("https://id.example/t/"),
        json!("https://ID.example/t"),
        json!("https://evil.example"),
        json!(null),
    ] {
        assert_eq!(
            refused_field(discovered(&json!({"issuer": issuer}))),
            "generic-oidc issuer",
            "{issuer}"
        );
    }
}

#[test]
fn up_16__endpoints_are_https_except_at_declared_hosts() {
    for endpoint in [
        "http://id.example/token",
        "ftp://id.example/token",
        "/token",
        "https://u:p@id.example/token",
    ] {
        let refused = discovered(&json!({"token_endpoint": endpoint}));
        assert_eq!(
            refused_field(refused),
            "generic-oidc token_endpoint",
            "{endpoint}"
        );
    }
    let document = metadata(&json!({"token_endpoint": "http://127.0.0.1:8080/token"}));
    assert!(
        entry()
            .with_discovery(&document, &["127.0.0.1:8080".into()])
            .is_ok()
    );
    assert!(entry().with_discovery(&document, &["127.0.0.1".into()]).is_ok());
    assert!(
        entry()
            .with_discovery(&document, &["127.0.0.1:80".into()])
            .is_err()
    );
}

#[test]
fn a_document_without_the_endpoints_is_refused() {
    assert_eq!(
        refused_field(discovered(&json!({"token_endpoint": null}))),
        "generic-oidc token_endpoint"
    );
    assert_eq!(
        refused_field(discovered(&json!({"jwks_uri": 7}))),
        "generic-oidc jwks_uri"
    );
}

#[test]
fn client_authentication_is_what_both_can() {
    let with_methods = |methods: Value| {
        discovered(&json!({"token_endpoint_auth_methods_supported": methods})).map(|entry| entry.client_auth)
    };
    assert_eq!(
        discovered(&json!({})).expect("an entry").client_auth,
        ClientAuth::Basic
    );
    assert_eq!(
        with_methods(json!(["client_secret_post", "client_secret_basic"])),
        Ok(ClientAuth::Basic)
    );
    assert_eq!(
        with_methods(json!(["private_key_jwt", "client_secret_post"])),
        Ok(ClientAuth::Post)
    );
    assert_eq!(
        refused_field(discovered(
            &json!({"token_endpoint_auth_methods_supported": ["tls_client_auth"]})
        )),
        "generic-oidc client_auth"
    );
}

#[test]
fn up_02__pkce_is_dropped_only_when_the_provider_lists_others() {
    assert!(
        discovered(&json!({"code_challenge_methods_supported": ["plain", "S256"]}))
            .expect("an entry")
            .uses_pkce()
    );
    let plain = json!({"code_challenge_methods_supported": ["plain"]});
    assert!(!discovered(&plain).expect("an entry").uses_pkce());
    let strict = with(
        "generic-oidc",
        &format!("issuer = \"{ISSUER}\"\npkce = \"required\""),
    );
    assert_eq!(
        refused_field(strict.with_discovery(&metadata(&plain), &[])),
        "generic-oidc pkce"
    );
}

#[test]
fn what_the_operator_wrote_stays() {
    let entry = with(
        "generic-oidc",
        &format!("issuer = \"{ISSUER}\"\ntoken_url = \"https://other.example/token\""),
    );
    let entry = entry
        .with_discovery(&metadata(&json!({})), &[])
        .expect("an entry");
    assert_eq!(entry.token_url(), Some("https://other.example/token"));
}

fn entra(tenant: &str) -> Entry {
    let vars = [("tenant".to_owned(), tenant.to_owned())].into();
    let overrides = EntryOverrides {
        vars,
        ..EntryOverrides::default()
    };
    template("microsoft-entra")
        .expect("shipped")
        .resolve(overrides)
        .expect("resolves")
}

#[test]
fn up_08__the_issuer_of_many_tenants_follows_the_tenant_in_the_token() {
    let (one, two) = (
        "9188040d-6c67-4c5b-b112-36a304b66dad",
        "11111111-2222-3333-4444-555555555555",
    );
    let iss = |tid: &str| format!("https://login.microsoftonline.com/{tid}/v2.0");
    let common = entra("common");
    assert!(common.issuer_matches(&iss(one), &json!({"tid": one})));
    assert!(!common.issuer_matches(&iss(one), &json!({"tid": two})));
    assert!(!common.issuer_matches(&iss("common"), &json!({"tid": "common"})));
    assert!(!common.issuer_matches(&iss(one), &json!({})));
    let single = entra(one);
    assert!(single.issuer_matches(&iss(one), &json!({"tid": one})));
    assert!(!single.issuer_matches(&iss(two), &json!({"tid": two})));
    assert!(!entry().issuer_matches(&iss(one), &json!({"tid": one})));
    assert!(entry().issuer_matches(ISSUER, &json!({})));
}

#[test]
fn up_16__a_published_issuer_template_is_recognised() {
    let document = |issuer: &str| metadata(&json!({"issuer": issuer}));
    let common = entra("common");
    assert!(
        common
            .with_discovery(
                &document("https://login.microsoftonline.com/{tenantid}/v2.0"),
                &[]
            )
            .is_ok()
    );
    assert!(
        common
            .with_discovery(&document("https://evil.example/{tenantid}/v2.0"), &[])
            .is_err()
    );
    let single = entra("9188040d-6c67-4c5b-b112-36a304b66dad");
    assert!(
        single
            .with_discovery(
                &document("https://login.microsoftonline.com/{tenantid}/v2.0"),
                &[]
            )
            .is_err()
    );
}
