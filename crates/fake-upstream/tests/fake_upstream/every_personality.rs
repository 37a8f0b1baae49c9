//! What holds for every personality.

use vouchsafe_fake_upstream::{Endpoint, Fault, SecretKind, personalities};

use crate::support::{Driver, text};

const ALL: &[(&str, &str)] = &[
    ("scope", "read offline_access"),
    ("access_type", "offline"),
    ("user_scope", "search:read"),
];

#[actix_web::test]
async fn its_token_opens_its_own_api_and_no_other() {
    let driver = Driver::new("oidc");
    let foreign = text(&driver.connect(ALL).await, "access_token");
    for (name, ..) in personalities() {
        let driver = Driver::new(name);
        let access = text(&driver.connect(ALL).await, "access_token");
        let resource = driver.get("/api/resource/below", &access).await;
        assert_eq!(
            (resource.status, text(&resource.json(), "account").as_str()),
            (200, "ada"),
            "{name}"
        );
        assert_eq!(driver.get("/userinfo", &access).await.status, 200, "{name}");
        assert_eq!(driver.get("/api/resource", &foreign).await.status, 401, "{name}");
        let echo = driver.get("/api/echo", &access).await.json();
        assert_eq!(
            echo["headers"]["authorization"],
            format!("Bearer {access}"),
            "{name}"
        );
    }
}

#[actix_web::test]
async fn its_refresh_token_survives_429_and_hang_ups_before_processing() {
    for (name, ..) in personalities() {
        if name == "github" {
            continue;
        }
        let driver = Driver::new(name);
        let refresh = text(&driver.connect(ALL).await, "refresh_token");
        driver.fault(name, Endpoint::Token, Fault::too_many_requests("1"), 1);
        assert_eq!(driver.refresh(&refresh, &[]).await.status, 429, "{name}");
        driver.fault(name, Endpoint::Token, Fault::HangUpBeforeProcessing, 1);
        let parameters = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh.as_str()),
        ];
        let parameters = crate::support::with_client(&parameters);
        assert!(driver.try_post("/token", &parameters).await.is_err(), "{name}");
        let next = driver.refresh(&refresh, &[]).await.json();
        assert!(driver.is_live(&text(&next, "access_token")), "{name}");
    }
}

#[actix_web::test]
async fn what_is_live_is_what_was_issued_and_not_revoked() {
    for (name, ..) in personalities() {
        let driver = Driver::new(name);
        driver.connect(ALL).await;
        let issued = driver.issued_secrets();
        let tokens = issued
            .iter()
            .filter(|secret| secret.kind != SecretKind::AuthorizationCode);
        assert_eq!(driver.live_tokens(name).len(), tokens.count(), "{name}");
        driver.revoke_by_user(name, "ada");
        assert_eq!(driver.live_tokens(name), [], "{name}");
    }
}
