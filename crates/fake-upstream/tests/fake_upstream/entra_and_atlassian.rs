//! `entra` and `atlassian`.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use vouchsafe_fake_upstream::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET};

use crate::support::{CALLBACK, Driver, VERIFIER, query, send, text};

#[actix_web::test]
async fn entra_rolls_and_chooses_the_audience_but_never_the_scope() {
    let driver = Driver::new("entra");
    let scope = "openid offline_access Mail.Read Mail.Send api://other/Files.Read";
    let first = driver.connect(&[("scope", scope)]).await;
    assert_eq!(first["ext_expires_in"], first["expires_in"]);
    assert_eq!(first["scope"], "openid Mail.Read Mail.Send");

    let refresh = text(&first, "refresh_token");
    let superset = driver.refresh(&refresh, &[("scope", "Mail.Read")]).await.json();
    assert_eq!(superset["scope"], "openid Mail.Read Mail.Send");
    assert_ne!(text(&superset, "refresh_token"), refresh);
    let other = driver
        .refresh(&refresh, &[("scope", "api://other/.default")])
        .await
        .json();
    assert_eq!(other["scope"], "openid api://other/Files.Read");
    let resource = driver
        .get("/api/resource", &text(&other, "access_token"))
        .await
        .json();
    assert_eq!(resource["audience"], "api://other");

    let several = driver
        .refresh(&refresh, &[("scope", "Mail.Read api://other/Files.Read")])
        .await
        .json();
    assert_eq!(several["error_codes"], json!([28_000]));
    let unconsented = driver
        .refresh(&refresh, &[("scope", "Calendars.Read")])
        .await
        .json();
    assert_eq!(
        (&unconsented["error"], &unconsented["suberror"]),
        (&json!("invalid_grant"), &json!("consent_required"))
    );

    let wrong = [
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_secret", "wrong"),
        ("grant_type", "refresh_token"),
    ];
    let refused = driver.post("/token", &wrong).await;
    assert_eq!(
        (refused.status, &refused.json()["error_codes"]),
        (401, &json!([7_000_215]))
    );
}

#[actix_web::test]
async fn atlassian_speaks_json_and_says_403_for_dead() {
    let driver = Driver::new("atlassian");
    let code = query(
        &driver.authorize(&[("scope", "read:jira offline_access")]).await,
        "code",
    )
    .unwrap();
    let first = json_token(&driver, json!({
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER,
    }))
    .await;
    let sites = driver
        .get("/oauth/token/accessible-resources", &text(&first, "access_token"))
        .await
        .json();
    assert_eq!(sites[0]["scopes"][0], "read:jira");

    driver.connect(&[("scope", "write:jira")]).await;
    assert!(
        driver
            .token_can(&text(&first, "access_token"))
            .unwrap()
            .contains(&"write:jira".to_owned())
    );

    driver.revoke_by_user("atlassian", "ada");
    let dead = driver.refresh(&text(&first, "refresh_token"), &[]).await;
    assert_eq!((dead.status, dead.error().as_str()), (403, "invalid_grant"));
    let wrong = [
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_secret", "wrong"),
        ("grant_type", "refresh_token"),
    ];
    assert_eq!(driver.post("/token", &wrong).await.error(), "access_denied");
}

async fn json_token(driver: &Driver, mut body: Value) -> Value {
    body["client_id"] = DEFAULT_CLIENT_ID.into();
    body["client_secret"] = DEFAULT_CLIENT_SECRET.into();
    let request = driver
        .request(Method::POST, "/oauth/token")
        .header(CONTENT_TYPE, "application/json");
    send(request.body(body.to_string())).await.unwrap().json()
}
