//! `oidc`: a strict OpenID Provider.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use vouchsafe_fake_upstream::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Endpoint};

use crate::support::{Driver, basic, form, query, send, text, usual, with_client};

const SCOPE: (&str, &str) = ("scope", "openid email read write");

#[actix_web::test]
async fn discovery_names_this_server() {
    let driver = Driver::new("oidc");
    let metadata = driver.get("/.well-known/openid-configuration", "").await.json();
    let issuer = format!("{}/oidc", driver.base_url());
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["token_endpoint"], format!("{issuer}/token"));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[actix_web::test]
async fn a_code_becomes_tokens_and_a_verifiable_id_token() {
    let driver = Driver::new("oidc");
    let location = driver.authorize(&[SCOPE, ("nonce", "n-1")]).await;
    assert_eq!(query(&location, "state").as_deref(), Some("some-state"));
    assert_eq!(query(&location, "iss"), Some(driver.issuer("oidc")));

    let answer = driver.redeem(&query(&location, "code").unwrap()).await;
    assert_eq!(
        (answer.status, &answer.headers["cache-control"]),
        (200, &"no-store".parse().unwrap())
    );
    let tokens = answer.json();
    assert_eq!(tokens["scope"], "openid email read write");
    assert_eq!(tokens["expires_in"], 3600);

    let claims = verified(&driver, &text(&tokens, "id_token")).await;
    assert_eq!(claims["nonce"], "n-1");
    assert_eq!(claims["aud"], DEFAULT_CLIENT_ID);
    assert_eq!(claims["sub"], driver.account_id("oidc", "ada"));

    let userinfo = driver
        .get("/userinfo", &text(&tokens, "access_token"))
        .await
        .json();
    assert_eq!(userinfo["sub"], claims["sub"]);
}

#[actix_web::test]
async fn old_id_tokens_verify_after_the_key_was_rotated() {
    let driver = Driver::new("oidc");
    let before = text(&driver.connect(&[SCOPE]).await, "id_token");
    driver.rotate_signing_key().unwrap();
    let after = text(&driver.connect(&[SCOPE]).await, "id_token");
    assert_ne!(
        decode_header(&before).unwrap().kid,
        decode_header(&after).unwrap().kid
    );
    verified(&driver, &before).await;
    verified(&driver, &after).await;
}

#[actix_web::test]
async fn pkce_is_required_and_checked() {
    let driver = Driver::new("oidc");
    let mut parameters = usual(&[SCOPE]);
    parameters.retain(|(name, _)| !name.starts_with("code_challenge"));
    let location = driver.authorize_raw(&parameters).await.location();
    assert_eq!(query(&location, "error").as_deref(), Some("invalid_request"));

    let code = query(&driver.authorize(&[SCOPE]).await, "code").unwrap();
    let wrong = "a".repeat(43);
    let answer = driver
        .token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", crate::support::CALLBACK),
            ("code_verifier", &wrong),
        ])
        .await;
    assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_grant"));
}

#[actix_web::test]
async fn a_replayed_code_is_refused_and_voids_its_tokens() {
    let driver = Driver::new("oidc");
    let code = query(&driver.authorize(&[SCOPE]).await, "code").unwrap();
    let tokens = driver.redeem(&code).await.json();
    assert!(driver.is_live(&text(&tokens, "access_token")));
    assert_eq!(driver.redeem(&code).await.error(), "invalid_grant");
    assert!(!driver.is_live(&text(&tokens, "access_token")));
}

#[actix_web::test]
async fn a_code_expires() {
    let driver = Driver::new("oidc");
    let code = query(&driver.authorize(&[SCOPE]).await, "code").unwrap();
    driver.advance(601);
    assert_eq!(driver.redeem(&code).await.error(), "invalid_grant");
}

#[actix_web::test]
async fn reusing_a_spent_refresh_token_kills_the_family() {
    let driver = Driver::new("oidc");
    let first = driver.connect(&[SCOPE]).await;
    let second = driver.refresh(&text(&first, "refresh_token"), &[]).await.json();
    let fresh = text(&second, "refresh_token");
    assert_ne!(fresh, text(&first, "refresh_token"));
    assert!(driver.is_live(&fresh));

    let answer = driver.refresh(&text(&first, "refresh_token"), &[]).await;
    assert_eq!((answer.status, answer.error().as_str()), (400, "invalid_grant"));
    assert!(!driver.is_live(&fresh));
    assert!(!driver.is_live(&text(&second, "access_token")));
    assert_eq!(
        (
            driver.refresh_count("oidc"),
            driver.successful_refresh_count("oidc")
        ),
        (2, 1)
    );
}

#[actix_web::test]
async fn a_narrower_refresh_keeps_the_refresh_token_wide() {
    let driver = Driver::new("oidc");
    let first = driver.connect(&[SCOPE]).await;
    let narrow = driver
        .refresh(&text(&first, "refresh_token"), &[("scope", "read")])
        .await
        .json();
    assert_eq!(narrow["scope"], "read");
    assert_eq!(
        driver.token_can(&text(&narrow, "access_token")).unwrap(),
        ["read"]
    );
    let wide = driver.refresh(&text(&narrow, "refresh_token"), &[]).await.json();
    assert_eq!(wide["scope"], "openid email read write");
    let wider = driver
        .refresh(&text(&wide, "refresh_token"), &[("scope", "admin")])
        .await;
    assert_eq!(wider.error(), "invalid_scope");
    assert!(driver.is_live(&text(&wide, "refresh_token")));
}

#[actix_web::test]
async fn revoking_an_access_token_spares_the_family_and_a_refresh_token_does_not() {
    let driver = Driver::new("oidc");
    let tokens = driver.connect(&[SCOPE]).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    assert_eq!(
        driver
            .post("/revoke", &with_client(&[("token", &access)]))
            .await
            .status,
        200
    );
    assert!(!driver.is_live(&access));
    assert!(driver.is_live(&refresh));

    let tokens = driver.refresh(&refresh, &[]).await.json();
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    assert_eq!(
        driver
            .post("/revoke", &with_client(&[("token", &refresh)]))
            .await
            .status,
        200
    );
    assert!(!driver.is_live(&access));
    assert_eq!(driver.live_tokens("oidc"), []);
    assert_eq!(
        driver
            .post("/revoke", &with_client(&[("token", "unknown")]))
            .await
            .status,
        200
    );
}

#[actix_web::test]
async fn introspection_tells_power_and_death() {
    let driver = Driver::new("oidc");
    let tokens = driver.connect(&[SCOPE]).await;
    let access = text(&tokens, "access_token");
    let parameters = with_client(&[("token", &access)]);
    let facts = driver.post("/introspect", &parameters).await.json();
    assert_eq!(
        (&facts["active"], &facts["scope"]),
        (&json!(true), &json!("openid email read write"))
    );
    driver.advance(3600);
    let facts = driver.post("/introspect", &parameters).await.json();
    assert_eq!(facts, json!({"active": false}));
    assert_eq!(
        driver.post("/introspect", &[("token", &access)]).await.error(),
        "invalid_client"
    );
}

#[actix_web::test]
async fn a_wrong_secret_is_401_with_basic_and_400_in_the_body() {
    let driver = Driver::new("oidc");
    let ask = async |authorization: String| {
        let request = driver
            .request(Method::POST, "/token")
            .header(AUTHORIZATION, authorization);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = form(&[("grant_type", "refresh_token"), ("refresh_token", "unknown")]);
        send(request.body(body)).await.unwrap()
    };
    let refused = ask(basic(DEFAULT_CLIENT_ID, "wrong")).await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (401, "invalid_client")
    );
    assert!(refused.headers.contains_key("www-authenticate"));
    let admitted = ask(basic(DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET)).await;
    assert_eq!(
        (admitted.status, admitted.error().as_str()),
        (400, "invalid_grant")
    );

    let in_body = [
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_secret", "wrong"),
        ("grant_type", "x"),
    ];
    let refused = driver.post("/token", &in_body).await;
    assert_eq!(
        (refused.status, refused.error().as_str()),
        (400, "invalid_client")
    );
    let schemes: Vec<_> = driver
        .journal_of("oidc", Endpoint::Token)
        .into_iter()
        .map(|entry| entry.authorization)
        .collect();
    assert_eq!(
        schemes,
        [Some("Basic".to_owned()), Some("Basic".to_owned()), None]
    );
}

#[actix_web::test]
async fn the_api_tells_the_power_and_refuses_others() {
    let driver = Driver::new("oidc");
    let access = text(&driver.connect(&[SCOPE]).await, "access_token");
    let resource = driver.get("/api/resource", &access).await.json();
    assert_eq!(resource["account"], "ada");
    assert_eq!(resource["scopes"], json!(["openid", "email", "read", "write"]));
    assert_eq!(driver.get("/api/resource", "at_wrong").await.status, 401);
    let echo = driver.get("/api/echo?q=1", &access).await.json();
    assert_eq!(echo["query"], json!([["q", "1"]]));
    driver.revoke_by_user("oidc", "ada");
    assert_eq!(driver.get("/api/resource", &access).await.status, 401);
}

async fn verified(driver: &Driver, id_token: &str) -> Value {
    let kid = decode_header(id_token).unwrap().kid.unwrap();
    let jwks = driver.get("/jwks", "").await.json();
    let keys = jwks["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == kid).unwrap();
    let key = DecodingKey::from_ec_components(&text(key, "x"), &text(key, "y")).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[DEFAULT_CLIENT_ID]);
    validation.set_issuer(&[driver.issuer("oidc")]);
    decode::<Value>(id_token, &key, &validation).unwrap().claims
}
