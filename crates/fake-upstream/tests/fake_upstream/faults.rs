//! Every fault does what its name says.

use serde_json::{Value, json};
use vouchsafe_fake_upstream::{Endpoint, Fault};

use crate::support::{Driver, query, text};

#[actix_web::test]
async fn a_lost_rotation_is_a_hang_up_after_the_token_was_rotated() {
    let driver = Driver::new("oidc");
    let refresh = text(&driver.connect(&[("scope", "read")]).await, "refresh_token");
    driver.fault("oidc", Endpoint::Token, Fault::HangUpAfterProcessing, 1);
    assert!(refresh_lost(&driver, &refresh).await);
    assert_eq!(driver.successful_refresh_count("oidc"), 1);
    assert!(!driver.is_live(&refresh));
    assert_eq!(driver.journal().last().unwrap().status, None);
}

#[actix_web::test]
async fn a_hang_up_before_processing_changes_nothing() {
    let driver = Driver::new("oidc");
    let refresh = text(&driver.connect(&[("scope", "read")]).await, "refresh_token");
    driver.fault("oidc", Endpoint::Token, Fault::HangUpBeforeProcessing, 1);
    assert!(refresh_lost(&driver, &refresh).await);
    assert_eq!(
        (
            driver.refresh_count("oidc"),
            driver.successful_refresh_count("oidc")
        ),
        (1, 0)
    );
    assert_eq!(driver.refresh(&refresh, &[]).await.status, 200);
}

#[actix_web::test]
async fn faults_instead_of_an_answer_leave_the_refresh_token_alone() {
    let driver = Driver::new("oidc");
    let refresh = text(&driver.connect(&[("scope", "read")]).await, "refresh_token");
    let faults = [
        (Fault::too_many_requests("-5"), 429),
        (Fault::status(503), 503),
        (Fault::HtmlPage { status: 200 }, 200),
        (Fault::Redirect("https://elsewhere.example/".to_owned()), 307),
        (Fault::InvalidClient, 400),
        (Fault::InvalidGrant, 400),
        (Fault::HugeBody(300_000), 200),
    ];
    for (fault, status) in faults {
        driver.fault("oidc", Endpoint::Token, fault.clone(), 1);
        let answer = driver.refresh(&refresh, &[]).await;
        assert_eq!(answer.status, status, "{fault:?}");
        match fault {
            Fault::Status { code: 429, .. } => assert_eq!(answer.headers["retry-after"], "-5"),
            Fault::HtmlPage { .. } => assert!(answer.text.starts_with("<!doctype html>")),
            Fault::Redirect(location) => assert_eq!(answer.location().as_str(), location),
            Fault::InvalidClient => assert_eq!(answer.error(), "invalid_client"),
            Fault::InvalidGrant => assert_eq!(answer.error(), "invalid_grant"),
            Fault::HugeBody(bytes) => {
                assert_eq!(answer.text.len() as u64, bytes);
                assert!(answer.json()["padding"].is_string());
            }
            _ => {}
        }
    }
    assert!(driver.is_live(&refresh));
    assert_eq!(driver.successful_refresh_count("oidc"), 0);
}

#[actix_web::test]
async fn faults_in_the_answer_spoil_one_field() {
    let driver = Driver::new("static");
    let refresh = text(
        &driver
            .connect(&[("scope", "read"), ("access_type", "offline")])
            .await,
        "refresh_token",
    );
    let spoilt = async |fault: Fault| -> Value {
        driver.fault("static", Endpoint::Token, fault, 1);
        driver.refresh(&refresh, &[]).await.json()
    };
    assert!(spoilt(Fault::NoAccessToken).await.get("access_token").is_none());
    assert_eq!(spoilt(Fault::TokenType(json!("foo"))).await["token_type"], "foo");
    assert_eq!(
        spoilt(Fault::ExpiresIn(json!("3600"))).await["expires_in"],
        "3600"
    );
    assert_eq!(
        spoilt(Fault::Scope(json!(["read"]))).await["scope"],
        json!(["read"])
    );
    let field = Fault::Field {
        pointer: "/refresh_token".to_owned(),
        value: Some(Value::Null),
    };
    assert!(spoilt(field).await["refresh_token"].is_null());
    driver.fault("static", Endpoint::Token, Fault::TruncatedJson, 1);
    let cut = driver.refresh(&refresh, &[]).await;
    assert_eq!(cut.status, 200);
    assert!(serde_json::from_str::<Value>(&cut.text).is_err());
}

#[actix_web::test]
async fn a_spoilt_answer_has_rotated_all_the_same() {
    for personality in ["oidc", "github-app", "slack"] {
        for fault in [Fault::NoAccessToken, Fault::TokenType(json!("foo"))] {
            let driver = Driver::new(personality);
            let old = text(&driver.connect(&[("scope", "read")]).await, "refresh_token");
            driver.fault(personality, Endpoint::Token, fault.clone(), 1);
            let spoilt = driver.refresh(&old, &[]).await;
            let next = text(&spoilt.json(), "refresh_token");
            assert_eq!(spoilt.status, 200);
            assert!(!driver.is_live(&old), "{personality} {fault:?}");
            assert!(driver.is_live(&next), "{personality} {fault:?}");
        }
    }
}

#[actix_web::test]
async fn the_issuer_of_the_authorization_response_can_be_wrong_or_missing() {
    let driver = Driver::new("oidc");
    driver.fault("oidc", Endpoint::Authorize, Fault::WrongIss, 1);
    driver.fault("oidc", Endpoint::Authorize, Fault::MissingIss, 1);
    let wrong = driver.authorize(&[]).await;
    assert_eq!(
        query(&wrong, "iss").as_deref(),
        Some("https://wrong-issuer.example")
    );
    assert_eq!(query(&driver.authorize(&[]).await, "iss"), None);
    assert_eq!(
        query(&driver.authorize(&[]).await, "iss"),
        Some(driver.issuer("oidc"))
    );
}

#[actix_web::test]
async fn an_id_token_can_be_spoilt() {
    use base64::Engine;
    let driver = Driver::new("oidc");
    let claims = async |fault: Fault| -> Value {
        driver.fault("oidc", Endpoint::Token, fault, 1);
        let tokens = driver.connect(&[("scope", "openid"), ("nonce", "n")]).await;
        let token = text(&tokens, "id_token");
        let payload = token.split('.').nth(1).unwrap();
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(payload)
            .unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    assert_eq!(claims(Fault::WrongNonce).await["nonce"], "another-nonce");
    assert_eq!(claims(Fault::WrongAudience).await["aud"], "another-client");
    assert_eq!(
        claims(Fault::WrongIss).await["iss"],
        "https://wrong-issuer.example"
    );
    assert!(claims(Fault::MissingIss).await.get("iss").is_none());
}

async fn refresh_lost(driver: &Driver, refresh: &str) -> bool {
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    driver
        .try_post("/token", &crate::support::with_client(&parameters))
        .await
        .is_err()
}
