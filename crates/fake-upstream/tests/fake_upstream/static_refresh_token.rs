//! `static`: a refresh token that never changes.

use crate::support::{Driver, text};

const OFFLINE: &[(&str, &str)] = &[("scope", "mail calendar"), ("access_type", "offline")];

#[actix_web::test]
async fn a_refresh_token_needs_access_type_offline_and_comes_once() {
    let driver = Driver::new("static");
    assert!(
        driver
            .connect(&[("scope", "mail")])
            .await
            .get("refresh_token")
            .is_none()
    );
    assert!(driver.connect(OFFLINE).await.get("refresh_token").is_some());
    assert!(driver.connect(OFFLINE).await.get("refresh_token").is_none());
    let again = driver
        .connect(&[OFFLINE, &[("prompt", "consent")]].concat())
        .await;
    assert!(again.get("refresh_token").is_some());
}

#[actix_web::test]
async fn a_refresh_neither_rotates_nor_narrows() {
    let driver = Driver::new("static");
    let first = driver.connect(OFFLINE).await;
    let refresh = text(&first, "refresh_token");
    for _ in 0..2 {
        let next = driver.refresh(&refresh, &[("scope", "mail")]).await.json();
        assert!(next.get("refresh_token").is_none());
        assert_eq!(next["scope"], "mail calendar");
        assert_eq!(
            driver.token_can(&text(&next, "access_token")).unwrap(),
            ["mail", "calendar"]
        );
    }
    assert!(driver.is_live(&text(&first, "access_token")));
}

#[actix_web::test]
async fn revoking_either_token_without_a_client_kills_the_grant() {
    let driver = Driver::new("static");
    let tokens = driver.connect(OFFLINE).await;
    let access = text(&tokens, "access_token");
    assert_eq!(driver.post("/revoke", &[("token", &access)]).await.status, 200);
    assert!(!driver.is_live(&text(&tokens, "refresh_token")));
    let again = driver.post("/revoke", &[("token", &access)]).await;
    assert_eq!((again.status, again.error().as_str()), (400, "invalid_token"));
    let dead = driver.refresh(&text(&tokens, "refresh_token"), &[]).await;
    assert_eq!((dead.status, dead.error().as_str()), (400, "invalid_grant"));
}

#[actix_web::test]
async fn an_unticked_scope_is_missing_once() {
    let driver = Driver::new("static");
    driver.next_untick("static", &["calendar"]);
    assert_eq!(driver.connect(OFFLINE).await["scope"], "mail");
    assert_eq!(driver.connect(OFFLINE).await["scope"], "mail calendar");
}
