//! `subset`, `subset-shrink` and `grace`.

use crate::support::{Driver, text};

const READ_WRITE: &[(&str, &str)] = &[("scope", "read write")];

#[actix_web::test]
async fn subset_narrows_and_leaves_the_refresh_token_alone() {
    let driver = Driver::new("subset");
    let refresh = text(&driver.connect(READ_WRITE).await, "refresh_token");
    let narrow = driver.refresh(&refresh, &[("scope", "read")]).await.json();
    assert_eq!(narrow["scope"], "read");
    assert_eq!(
        driver.token_can(&text(&narrow, "access_token")).unwrap(),
        ["read"]
    );
    assert_eq!(driver.refresh(&refresh, &[]).await.json()["scope"], "read write");
}

#[actix_web::test]
async fn subset_shrink_never_gives_the_rest_back() {
    let driver = Driver::new("subset-shrink");
    let refresh = text(&driver.connect(READ_WRITE).await, "refresh_token");
    let narrow = driver.refresh(&refresh, &[("scope", "read")]).await.json();
    let refresh = text(&narrow, "refresh_token");
    assert_eq!(
        driver.refresh(&refresh, &[("scope", "write")]).await.error(),
        "invalid_scope"
    );
    assert_eq!(driver.refresh(&refresh, &[]).await.json()["scope"], "read");
}

#[actix_web::test]
async fn grace_answers_the_same_pair_for_ten_minutes() {
    let driver = Driver::new("grace");
    let old = text(&driver.connect(READ_WRITE).await, "refresh_token");
    let first = driver.refresh(&old, &[]).await.json();
    driver.advance(590);
    let second = driver.refresh(&old, &[]).await.json();
    assert_eq!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["access_token"], first["access_token"]);
    assert!(second["expires_in"].as_u64() < first["expires_in"].as_u64());
    driver.advance(30);
    let dead = driver.refresh(&old, &[]).await;
    assert_eq!((dead.status, dead.error().as_str()), (400, "invalid_grant"));
    assert!(driver.is_live(&text(&first, "refresh_token")));
}

#[actix_web::test]
async fn atlassian_grace_answers_a_new_pair() {
    let driver = Driver::new("atlassian");
    let old = text(
        &driver.connect(&[("scope", "read offline_access")]).await,
        "refresh_token",
    );
    let first = driver.refresh(&old, &[]).await.json();
    let second = driver.refresh(&old, &[]).await.json();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    driver.advance(601);
    assert_eq!(driver.refresh(&old, &[]).await.status, 403);
}
