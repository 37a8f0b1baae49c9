//! The journal and the other controls, in-process and over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use vouchsafe_fake_upstream::{
    ConsentMode, DEFAULT_CLIENT_SECRET, Endpoint, FakeUpstream, Fault, Options, SecretKind,
};

use crate::support::{Driver, query, text};

#[actix_web::test]
async fn the_journal_has_exact_parameters_and_no_credentials_of_the_header() {
    let driver = Driver::new("oidc");
    let tokens = driver.connect(&[("scope", "read")]).await;
    let access = text(&tokens, "access_token");
    driver.get("/api/resource", &access).await;
    let journal = driver.journal();
    let endpoints: Vec<Endpoint> = journal.iter().map(|entry| entry.endpoint).collect();
    assert_eq!(endpoints, [Endpoint::Authorize, Endpoint::Token, Endpoint::Api]);
    assert_eq!(journal[0].query_parameter("scope"), Some("read"));
    assert_eq!(journal[1].parameter("client_secret"), Some(DEFAULT_CLIENT_SECRET));
    assert_eq!(journal[1].parameters.len(), 6);
    assert!(journal[2].has_header("authorization"));
    assert_eq!(journal[2].authorization.as_deref(), Some("Bearer"));
    assert!(!serde_json::to_string(&journal[2]).unwrap().contains(&access));
    driver.clear_journal();
    assert_eq!(driver.journal(), []);
}

#[actix_web::test]
async fn overlapping_refreshes_of_one_chain_are_seen() {
    let driver = Driver::new("subset");
    let one = text(&driver.connect(&[("scope", "read")]).await, "refresh_token");
    let other = text(&driver.connect(&[("scope", "read")]).await, "refresh_token");
    driver.set_delay("subset", Endpoint::Token, 300);
    let both = async |first: &str, second: &str| {
        let (first, second) = (driver.refresh(first, &[]), driver.refresh(second, &[]));
        let mut first = std::pin::pin!(first);
        let mut second = std::pin::pin!(second);
        let (mut done, mut left) = (false, false);
        std::future::poll_fn(|context| {
            done = done || first.as_mut().poll(context).is_ready();
            left = left || second.as_mut().poll(context).is_ready();
            if done && left {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    };
    both(&one, &other).await;
    assert_eq!(driver.max_concurrent_refreshes("subset"), 1);
    both(&one, &one).await;
    assert_eq!(driver.max_concurrent_refreshes("subset"), 2);
}

#[actix_web::test]
async fn a_stalled_answer_is_late_but_the_work_is_done() {
    let driver = Driver::new("oidc");
    let refresh = text(&driver.connect(&[("scope", "read")]).await, "refresh_token");
    driver.fault("oidc", Endpoint::Token, Fault::StallMillis(200), 1);
    let begin = Instant::now();
    assert_eq!(driver.refresh(&refresh, &[]).await.status, 200);
    assert!(begin.elapsed() >= Duration::from_millis(200));
}

#[actix_web::test]
async fn an_access_token_dies_on_the_virtual_clock() {
    let driver = Driver::new("oidc");
    driver.set_access_ttl("oidc", 60);
    let tokens = driver.connect(&[("scope", "read")]).await;
    assert_eq!(tokens["expires_in"], 60);
    let access = text(&tokens, "access_token");
    assert!(driver.is_live(&access));
    driver.advance(61);
    assert!(!driver.is_live(&access) && driver.token_can(&access).is_none());
    assert!(driver.is_live(&text(&tokens, "refresh_token")));
}

#[actix_web::test]
async fn every_secret_is_listed() {
    let driver = Driver::new("oidc");
    let location = driver.authorize(&[("scope", "openid")]).await;
    let code = query(&location, "code").unwrap();
    let tokens = driver.redeem(&code).await.json();
    let secrets = driver.issued_secrets();
    let listed = |kind, value: &str| {
        secrets
            .iter()
            .any(|secret| secret.kind == kind && secret.value == value)
    };
    assert!(listed(SecretKind::AuthorizationCode, &code));
    assert!(listed(SecretKind::AccessToken, &text(&tokens, "access_token")));
    assert!(listed(SecretKind::RefreshToken, &text(&tokens, "refresh_token")));
    assert!(listed(SecretKind::IdToken, &text(&tokens, "id_token")));
    assert_eq!(secrets.len(), 4);
    assert!(secrets.iter().all(|secret| secret.value.len() >= 32));
}

#[actix_web::test]
async fn the_controls_work_over_http() {
    let driver = Driver::with("static", Options::default());
    let ok = async |name: &str, body| assert_eq!(driver.control(name, body).await.status, 200, "{name}");
    ok("consent_mode", json!({"personality": "static", "mode": "auto"})).await;
    ok(
        "next_account",
        json!({"personality": "static", "account": "grace"}),
    )
    .await;
    ok(
        "next_untick",
        json!({"personality": "static", "scopes": ["write"]}),
    )
    .await;
    ok("access_ttl", json!({"personality": "static", "seconds": 120})).await;
    let offline = [("scope", "read write"), ("access_type", "offline")];
    let tokens = driver.connect(&offline).await;
    assert_eq!(
        (&tokens["scope"], &tokens["expires_in"]),
        (&json!("read"), &json!(120))
    );
    let access = text(&tokens, "access_token");

    let can = driver.control("token_can", json!({"token": access})).await.json();
    assert_eq!(can, json!({"scopes": ["read"]}));
    let live = driver.ask_control("live_tokens?personality=static").await;
    assert_eq!(live[0]["account"], "grace");
    assert_eq!(driver.ask_control("secrets").await.as_array().unwrap().len(), 3);

    let fault = json!({"status": {"code": 429, "retry_after": "30"}});
    ok(
        "fault",
        json!({"personality": "static", "endpoint": "token", "fault": fault, "count": 1}),
    )
    .await;
    let refresh = text(&tokens, "refresh_token");
    assert_eq!(driver.refresh(&refresh, &[]).await.status, 429);
    assert_eq!(driver.refresh(&refresh, &[]).await.status, 200);
    let count = driver.ask_control("refresh_count?personality=static").await;
    assert_eq!(count, json!({"received": 2, "succeeded": 1}));

    ok("advance", json!({"seconds": 121})).await;
    assert_eq!(
        driver.control("is_live", json!({"token": access})).await.json(),
        json!({"live": false})
    );
    ok(
        "revoke_by_user",
        json!({"personality": "static", "account": "grace"}),
    )
    .await;
    assert_eq!(driver.refresh(&refresh, &[]).await.error(), "invalid_grant");
    let journal = driver.ask_control("journal?personality=static").await;
    assert_eq!(journal[2]["status"], 429);
    assert_eq!(
        journal[2]["fault"],
        json!({"status": {"code": 429, "body": "", "retry_after": "30"}})
    );
    assert!(
        driver.ask_control("").await["personalities"]
            .as_array()
            .unwrap()
            .len()
            >= 10
    );

    let unknown = driver
        .control("next_account", json!({"personality": "nobody", "account": "x"}))
        .await;
    assert_eq!(unknown.status, 404);
    assert_eq!(driver.control("advance", json!({})).await.status, 400);
}

#[actix_web::test]
async fn a_stopped_server_frees_its_port() {
    let first = FakeUpstream::start(Options {
        consent: ConsentMode::Auto,
        ..Options::default()
    })
    .unwrap();
    let port = first.base_url().rsplit(':').next().unwrap().parse().unwrap();
    assert!(
        FakeUpstream::start(Options {
            port,
            ..Options::default()
        })
        .is_err()
    );
    first.stop();
    FakeUpstream::start(Options {
        port,
        ..Options::default()
    })
    .unwrap()
    .stop();
}

#[actix_web::test]
async fn stopping_does_not_wait_for_a_stalled_answer() {
    let upstream = FakeUpstream::start(Options::default()).unwrap();
    upstream.fault("oidc", Endpoint::Jwks, Fault::StallMillis(60_000), 1);
    let mut socket = TcpStream::connect(upstream.base_url().trim_start_matches("http://")).unwrap();
    socket
        .write_all(b"GET /oidc/jwks HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    while upstream.journal().is_empty() {
        std::thread::yield_now();
    }
    let begin = Instant::now();
    upstream.stop();
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[actix_web::test]
async fn a_hang_up_sends_not_a_single_byte() {
    let upstream = FakeUpstream::start(Options::default()).unwrap();
    upstream.fault("oidc", Endpoint::Jwks, Fault::HangUpAfterProcessing, 1);
    let mut socket = TcpStream::connect(upstream.base_url().trim_start_matches("http://")).unwrap();
    socket
        .write_all(b"GET /oidc/jwks HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"");
}
