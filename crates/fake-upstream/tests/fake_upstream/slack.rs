//! `slack`: two chains side by side, `ok: false` on 200.

use serde_json::Value;

use crate::support::{Driver, text};

const BOTH: &[(&str, &str)] = &[
    ("scope", "chat:write,channels:read"),
    ("user_scope", "search:read"),
];

#[actix_web::test]
async fn the_bot_is_at_the_top_and_the_user_under_authed_user() {
    let driver = Driver::new("slack");
    let body = driver.connect(BOTH).await;
    assert_eq!(
        (&body["ok"], &body["token_type"]),
        (&Value::Bool(true), &"bot".into())
    );
    assert_eq!(body["scope"], "chat:write,channels:read");
    assert_eq!(body["authed_user"]["scope"], "search:read");
    assert_eq!(body["authed_user"]["token_type"], "user");
    assert_eq!(body["authed_user"]["id"], driver.account_id("slack", "ada"));
    assert_eq!(
        driver.token_can(&text(&body, "access_token")).unwrap(),
        ["chat:write", "channels:read"]
    );
    assert_eq!(
        driver
            .token_can(&text(&body["authed_user"], "access_token"))
            .unwrap(),
        ["search:read"]
    );
}

#[actix_web::test]
async fn a_user_only_install_has_no_token_at_the_top() {
    let driver = Driver::new("slack");
    let body = driver.connect(&[("user_scope", "search:read")]).await;
    assert!(body.get("access_token").is_none());
    assert!(text(&body["authed_user"], "access_token").starts_with("xoxe.xoxp-"));
}

#[actix_web::test]
async fn the_chains_rotate_separately() {
    let driver = Driver::new("slack");
    let body = driver.connect(BOTH).await;
    let (bot, user) = (
        text(&body, "refresh_token"),
        text(&body["authed_user"], "refresh_token"),
    );
    let next_bot = driver.refresh(&bot, &[]).await.json();
    assert_eq!(
        (&next_bot["ok"], &next_bot["token_type"]),
        (&Value::Bool(true), &"bot".into())
    );
    assert!(driver.is_live(&user));
    let next_user = driver.refresh(&user, &[]).await.json();
    assert_eq!(next_user["token_type"], "user");
    assert!(text(&next_user, "access_token").starts_with("xoxe.xoxp-"));

    let reused = driver.refresh(&bot, &[]).await;
    assert_eq!(
        (reused.status, reused.error().as_str()),
        (200, "invalid_refresh_token")
    );
    assert_eq!(reused.json()["ok"], false);
    assert!(driver.is_live(&text(&next_bot, "refresh_token")));
}

#[actix_web::test]
async fn auth_test_and_auth_revoke_work_on_one_chain() {
    let driver = Driver::new("slack");
    let body = driver.connect(BOTH).await;
    let (bot, user) = (
        text(&body, "access_token"),
        text(&body["authed_user"], "access_token"),
    );
    assert_eq!(driver.get("/api/auth.test", &user).await.json()["user"], "ada");
    assert_eq!(
        driver.post("/api/auth.revoke", &[("token", &user)]).await.json()["revoked"],
        true
    );
    let dead = driver.get("/api/auth.test", &user).await;
    assert_eq!((dead.status, dead.error().as_str()), (200, "token_revoked"));
    assert_eq!(driver.get("/api/auth.test", &bot).await.json()["ok"], true);
}

#[actix_web::test]
async fn a_second_install_widens_the_first_token() {
    let driver = Driver::new("slack");
    let first = text(&driver.connect(&[("scope", "chat:write")]).await, "access_token");
    driver.connect(&[("scope", "files:read")]).await;
    assert_eq!(driver.token_can(&first).unwrap(), ["chat:write", "files:read"]);
}
