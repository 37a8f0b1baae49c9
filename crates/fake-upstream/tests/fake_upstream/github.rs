//! `github` and `github-app`.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;
use vouchsafe_fake_upstream::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET};

use crate::support::{Answer, Driver, basic, form, query, send, text, with_client};

const REPO: &[(&str, &str)] = &[("scope", "repo read:user")];

#[actix_web::test]
async fn a_token_is_a_form_unless_json_is_asked_for() {
    let driver = Driver::new("github");
    let code = query(&driver.authorize(REPO).await, "code").unwrap();
    let parameters = [
        ("code", code.as_str()),
        ("code_verifier", crate::support::VERIFIER),
    ];
    let request = driver.request(Method::POST, "/login/oauth/access_token");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = send(request.body(form(&with_client(&parameters)))).await.unwrap();
    assert_eq!(answer.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(answer.text.as_bytes())
        .into_owned()
        .collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["access_token", "scope", "token_type"]);
    assert!(pairs.contains(&("scope".to_owned(), "repo,read:user".to_owned())));
    assert!(pairs[0].1.starts_with("gho_") && pairs[0].1.len() >= 36);
}

#[actix_web::test]
async fn errors_are_200() {
    let driver = Driver::new("github");
    let answer = driver.redeem("code_unknown").await;
    assert_eq!(
        (answer.status, answer.error().as_str()),
        (200, "bad_verification_code")
    );
    let wrong = [
        ("client_id", DEFAULT_CLIENT_ID),
        ("client_secret", "wrong"),
        ("code", "x"),
    ];
    assert_eq!(
        driver.post("/token", &wrong).await.error(),
        "incorrect_client_credentials"
    );
}

#[actix_web::test]
async fn the_user_is_a_number_and_a_user_agent_is_needed() {
    let driver = Driver::new("github");
    let tokens = driver.connect(REPO).await;
    assert!(tokens.get("expires_in").is_none() && tokens.get("refresh_token").is_none());
    let access = text(&tokens, "access_token");
    let user = driver.get("/api/user", &access).await;
    assert_eq!(user.json()["login"], "ada");
    assert_eq!(user.json()["id"].to_string(), driver.account_id("github", "ada"));
    assert_eq!(user.headers["x-oauth-scopes"], "repo, read:user");

    let request = driver.request(Method::GET, "/api/user");
    let nameless = send(request.header(AUTHORIZATION, format!("Bearer {access}")))
        .await
        .unwrap();
    assert_eq!(nameless.status, 403);
}

#[actix_web::test]
async fn deleting_a_token_spares_the_others_and_deleting_the_grant_does_not() {
    let driver = Driver::new("github");
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(text(&driver.connect(REPO).await, "access_token"));
    }
    assert_eq!(
        delete(&driver, "token", &tokens[0], DEFAULT_CLIENT_SECRET)
            .await
            .status,
        204
    );
    assert!(!driver.is_live(&tokens[0]) && driver.is_live(&tokens[1]));
    assert_eq!(
        delete(&driver, "grant", &tokens[0], DEFAULT_CLIENT_SECRET)
            .await
            .status,
        404
    );
    assert_eq!(delete(&driver, "grant", &tokens[1], "wrong").await.status, 401);
    assert_eq!(
        delete(&driver, "grant", &tokens[1], DEFAULT_CLIENT_SECRET)
            .await
            .status,
        204
    );
    assert_eq!(driver.live_tokens("github"), []);
}

#[actix_web::test]
async fn the_eleventh_token_kills_the_first() {
    let driver = Driver::new("github");
    let mut tokens = Vec::new();
    for _ in 0..11 {
        tokens.push(text(&driver.connect(REPO).await, "access_token"));
    }
    assert!(!driver.is_live(&tokens[0]) && driver.is_live(&tokens[1]) && driver.is_live(&tokens[10]));
}

#[actix_web::test]
async fn an_app_refresh_kills_the_old_pair_at_once() {
    let driver = Driver::new("github-app");
    let first = driver.connect(&[]).await;
    assert_eq!(
        (&first["scope"], &first["expires_in"]),
        (&json!(""), &json!(28_800))
    );
    assert!(text(&first, "access_token").starts_with("ghu_"));
    assert!(
        driver
            .token_can(&text(&first, "access_token"))
            .unwrap()
            .contains(&"contents:write".to_owned())
    );

    let second = driver.refresh(&text(&first, "refresh_token"), &[]).await.json();
    assert!(!driver.is_live(&text(&first, "access_token")));
    assert!(!driver.is_live(&text(&first, "refresh_token")));
    assert!(driver.is_live(&text(&second, "access_token")));
    let dead = driver.refresh(&text(&first, "refresh_token"), &[]).await;
    assert_eq!((dead.status, dead.error().as_str()), (200, "bad_refresh_token"));
    assert!(driver.is_live(&text(&second, "refresh_token")));
}

async fn delete(driver: &Driver, what: &str, token: &str, secret: &str) -> Answer {
    let path = format!("/api/applications/{DEFAULT_CLIENT_ID}/{what}");
    let request = driver
        .request(Method::DELETE, &path)
        .header("user-agent", "tests");
    let request = request.header(AUTHORIZATION, basic(DEFAULT_CLIENT_ID, secret));
    let body = json!({"access_token": token}).to_string();
    send(request.header(CONTENT_TYPE, "application/json").body(body))
        .await
        .unwrap()
}
