//! Wrong client secrets are answered more slowly and never lock anybody out (TOK-2.3-06, AR-18, ATK-18).
//!
//! The sources are told apart by `X-Forwarded-For` from a configured proxy, which is this machine.

use std::time::Duration;

use base64::Engine as _;
use vouchsafe_model::ClientAuthMethod;
use vouchsafe_oauth_types::GrantType;
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Backend, ClientSetup, Http, PROVIDER, Reply, TestApp};

/// A guesser, or somebody behind the same address.
const GUESSER: &str = "192.0.2.1";
/// Somebody elsewhere.
const ELSEWHERE: &str = "198.51.100.7";

async fn start(backend: Backend) -> TestApp {
    TestApp::start_with(backend, |settings| {
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await
}

/// A token request of `client` with this secret.
async fn presented(app: &TestApp, from: &str, client: &str, secret: &str) -> Reply {
    presented_by(&Http::default(), app, from, (client, secret)).await
}

async fn presented_by(http: &Http, app: &TestApp, from: &str, (client, secret): (&str, &str)) -> Reply {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{client}:{secret}"));
    let headers = [
        ("authorization", &*format!("Basic {pair}")),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-for", from),
    ];
    let body = format!("grant_type=nonsense&audience={PROVIDER}");
    let url = format!("{}/oauth/token", app.base);
    http.send("POST", &url, &headers, Some(body.as_bytes())).await
}

async fn guess(app: &TestApp, from: &str, client: &str, number: usize) -> Reply {
    presented(
        app,
        from,
        client,
        &format!("a-wrong-guess-of-the-secret-{number:08}"),
    )
    .await
}

/// Authenticated: what is refused is the grant.
fn got_in(reply: &Reply) -> bool {
    (reply.status, reply.json()["error"].as_str()) == (400, Some("unsupported_grant_type"))
}

async fn atk_18_ar_18_tok_2_3_06__guessing_is_throttled_and_locks_nobody_out(app: TestApp) {
    let (mut statuses, http) = (Vec::new(), Http::default());
    for number in 0..1_000 {
        let secret = format!("a-wrong-guess-of-the-secret-{number:08}");
        let reply = presented_by(&http, &app, GUESSER, (AGENT_ID, &secret)).await;
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("cache-control"), "no-store");
        if reply.status == 429 {
            assert_eq!(
                reply.json()["error"],
                "slow_down",
                "no client forgets its registration for this"
            );
            let pause: u64 = reply.header("retry-after").parse().expect("whole seconds");
            assert!((1..=900).contains(&pause));
        } else {
            assert_eq!(
                (reply.status, reply.json()["error"].as_str()),
                (401, Some("invalid_client"))
            );
            assert!(reply.header("www-authenticate").starts_with("Basic "));
        }
        statuses.push(reply.status);
    }
    assert!(
        statuses.starts_with(&[401; 6]),
        "a few mistakes are free: {:?}",
        &statuses[..10]
    );
    assert!(statuses[6..].iter().all(|status| *status == 429));
    // The right secret gets in: from elsewhere, and from behind the very address of the guesser.
    for from in [ELSEWHERE, GUESSER] {
        assert!(
            got_in(&presented(&app, from, AGENT_ID, AGENT_SECRET).await),
            "{from}"
        );
    }
    // That forgives the guesser nothing, and wrong secrets from elsewhere begin afresh.
    assert_eq!(guess(&app, GUESSER, AGENT_ID, 0).await.status, 429);
    assert_eq!(guess(&app, ELSEWHERE, AGENT_ID, 0).await.status, 401);
    // The record holds some failures one by one and says how many there were.
    let failed = app.records("client_authentication.failed").await;
    assert!((1..=22).contains(&failed.len()), "{} entries", failed.len());
    app.advance(Duration::from_secs(61));
    guess(&app, GUESSER, AGENT_ID, 0).await;
    let failed = app.records("client_authentication.failed").await;
    let counted: u64 = failed
        .iter()
        .map(|entry| entry["facts"]["count"].as_u64().unwrap_or(1))
        .sum();
    assert!(
        counted >= 1_000,
        "{counted} of the failures are on the record: {:?}",
        failed.last()
    );
    assert_eq!(failed.last().unwrap()["facts"]["reason"], "wrong_secret");
    app.finish().await;
}

async fn atk_19_tok_5_2_04__the_pause_does_not_tell_which_clients_exist(app: TestApp) {
    for number in 0..12 {
        let known = guess(&app, GUESSER, AGENT_ID, number).await;
        let unknown = guess(&app, GUESSER, "no-such-client", number).await;
        assert_eq!(known.status, unknown.status, "guess {number}");
        assert_eq!(known.body, unknown.body);
        assert_eq!(known.header("retry-after"), unknown.header("retry-after"));
    }
    app.finish().await;
}

async fn tok_2_3_06__a_pause_ends_and_the_next_is_longer(app: TestApp) {
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let reply = loop {
            let reply = guess(&app, GUESSER, AGENT_ID, 0).await;
            if reply.status == 429 {
                break reply;
            }
        };
        let pause: u64 = reply.header("retry-after").parse().unwrap();
        app.advance(Duration::from_secs(pause));
        pauses.push(pause);
    }
    assert_eq!(pauses, [1, 2, 4, 8]);
    app.finish().await;
}

async fn tok_2_3_06__trying_many_clients_from_one_source_is_throttled_too(app: TestApp) {
    let mut refused = 0;
    for number in 0..60 {
        let reply = guess(&app, GUESSER, &format!("client-{number}"), number).await;
        refused += usize::from(reply.status == 429);
    }
    assert_eq!(refused, 9, "an address has 51 mistakes in all");
    assert!(got_in(&presented(&app, GUESSER, AGENT_ID, AGENT_SECRET).await));
    app.finish().await;
}

async fn ar_16__wrong_secrets_from_many_networks_leave_few_records(app: TestApp) {
    let http = Http::default();
    for number in 0..300 {
        let from = format!("10.0.{}.{}", number >> 8, number & 255);
        presented_by(&http, &app, &from, (AGENT_ID, "wrong")).await;
    }
    assert_eq!(app.records("client_authentication.failed").await.len(), 100);
    // The next to fail, once nobody expects the others back, says how many they were.
    app.advance(Duration::from_secs(121));
    guess(&app, GUESSER, AGENT_ID, 0).await;
    let failed = app.records("client_authentication.failed").await;
    let told = failed.iter().flat_map(|entry| {
        ["count", "count_elsewhere"].map(|fact| entry["facts"][fact].as_u64().unwrap_or_default())
    });
    assert_eq!(told.sum::<u64>(), 301, "{:?}", failed.last());
    app.finish().await;
}

async fn ar_16__a_public_client_s_name_is_not_enough_to_fill_the_record(app: TestApp) {
    let mut app = app;
    let public = ClientSetup::new("public-app", "").with(|client| {
        client.auth_method = ClientAuthMethod::None;
        client.secrets.clear();
        client.grant_types = vec![GrantType::AuthorizationCode];
    });
    app.client(public).await;
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-forwarded-for", GUESSER),
    ];
    let verifier = "x".repeat(43);
    let body =
        format!("grant_type=authorization_code&client_id=public-app&code=made-up&code_verifier={verifier}");
    let (url, http) = (format!("{}/oauth/token", app.base), Http::default());
    for _ in 0..50 {
        let reply = http.send("POST", &url, &headers, Some(body.as_bytes())).await;
        assert_eq!(reply.status, 400);
    }
    assert_eq!(app.records("code.refused").await.len(), 10);
    app.finish().await;
}

macro_rules! on_both_databases {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                super::$name(super::start(vouchsafe_testkit::Backend::sqlite()).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                if let Some(backend) = vouchsafe_testkit::Backend::postgres() {
                    super::$name(super::start(backend).await).await;
                }
            })+
        }
    };
}

on_both_databases! {
    atk_18_ar_18_tok_2_3_06__guessing_is_throttled_and_locks_nobody_out
    atk_19_tok_5_2_04__the_pause_does_not_tell_which_clients_exist
    tok_2_3_06__a_pause_ends_and_the_next_is_longer
    tok_2_3_06__trying_many_clients_from_one_source_is_throttled_too
    ar_16__wrong_secrets_from_many_networks_leave_few_records
    ar_16__a_public_client_s_name_is_not_enough_to_fill_the_record
}
