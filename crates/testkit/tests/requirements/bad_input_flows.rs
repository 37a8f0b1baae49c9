//! Wrong values in the middle of a flow: they end what they must end, and nothing else. And what has ended is forgotten.

use std::time::Duration;

use vouchsafe_fake_upstream::Endpoint;
use vouchsafe_model::ClientAuthMethod;
use vouchsafe_store::{StoreError, Tx, head};
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, Backend, Browser, ClientSetup, Connected, PROVIDER, Page, TestApp,
    both_databases,
};

/// A browser that has left for the provider, and the callback that the provider sends it to.
async fn at_the_provider(app: &TestApp, browser: &mut Browser) -> String {
    let page = browser.open(&format!("{}/connect/{PROVIDER}", app.base)).await;
    let left = browser.submit(&page, Some("connect"), &[]).await;
    let there = Browser::default()
        .open(left.redirect().expect("it left").as_str())
        .await;
    there.redirect().expect("it comes back").to_string()
}

/// The callback with one parameter changed; `None` = without it.
fn with(callback: &str, name: &str, value: Option<&str>) -> String {
    let mut url = url::Url::parse(callback).expect("a callback is a URL");
    let mut pairs: Vec<(String, String)> = url
        .query_pairs()
        .into_owned()
        .filter(|(n, _)| n != name)
        .collect();
    pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.to_string()
}

fn flow_cookies(app: &TestApp, browser: &mut Browser) -> usize {
    let jar = browser.cookies(app.base.trim_start_matches("http://"));
    jar.keys()
        .filter(|name| name.starts_with("__Host-connect-"))
        .count()
}

fn states(app: &TestApp) -> Vec<String> {
    app.texts("SELECT state AS text FROM connect_attempts ORDER BY state")
}

fn redeemed(app: &TestApp) -> usize {
    app.upstream.state().journal_of("oidc", Endpoint::Token).len()
}

async fn authorized(app: &TestApp, browser: &mut Browser, client: &str, redirect_uri: &str) -> Page {
    let url = app.authorize_url(client);
    browser
        .open(&with(&url, "redirect_uri", Some(redirect_uri)))
        .await
}

fn native(id: &str, secret: &str, redirect_uri: &str) -> ClientSetup {
    ClientSetup::new(id, secret).with(|client| client.redirect_uris = vec![redirect_uri.to_owned()])
}

both_databases! {
    async fn cl_03_up_05__only_an_answer_ends_a_flow_and_its_cookie(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let callback = at_the_provider(&app, &mut browser).await;
        assert_eq!((flow_cookies(&app, &mut browser), states(&app)), (1, vec!["pending".to_owned()]));
        // No answer at all: without a code and without an error, with two codes, with bytes that are no text.
        for nothing in [
            with(&callback, "code", None),
            with(&callback, "code", Some("")),
            format!("{callback}&code=another"),
            format!("{callback}&x=%ff"),
        ] {
            assert_eq!(browser.open(&nothing).await.reply.status, 400, "{nothing}");
        }
        // A foreign state, even with a foreign issuer beside it.
        let foreign = with(&with(&callback, "state", Some("another")), "iss", Some("https://evil.example"));
        assert_eq!(browser.open(&foreign).await.reply.status, 403);
        assert_eq!((flow_cookies(&app, &mut browser), states(&app)), (1, vec!["pending".to_owned()]));
        assert!(app.records("connect.failed").await.is_empty());
        // The answer still counts, and takes the cookie away.
        let done = browser.open(&callback).await;
        assert_eq!((done.reply.status, states(&app)), (200, vec!["done".to_owned()]));
        assert_eq!((flow_cookies(&app, &mut browser), redeemed(&app)), (0, 1));
        app.finish().await;
    }

    async fn up_05_atk_32__an_answer_from_another_issuer_ends_the_flow_before_redemption(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        for foreign in [Some("https://evil.example"), Some(""), None] {
            let callback = at_the_provider(&app, &mut browser).await;
            // Without the cookie it ends nothing: whoever only knows the state cannot stop the person either.
            let mut stranger = app.signed_in("ada").await;
            assert_eq!(stranger.open(&with(&callback, "iss", foreign)).await.reply.status, 403);
            assert_eq!(states(&app).last().unwrap(), "pending", "{foreign:?}");
            let refused = browser.open(&with(&callback, "iss", foreign)).await;
            assert!((400..500).contains(&refused.reply.status), "{foreign:?}: {}", refused.reply.status);
            assert_eq!((states(&app).last().unwrap().as_str(), flow_cookies(&app, &mut browser)), ("failed", 0));
            // The state was in the wrong hands: the right answer comes too late.
            assert!((400..500).contains(&browser.open(&callback).await.reply.status));
            let failed = app.records("connect.failed").await;
            let reasons: Vec<&str> = failed.iter().rev().take(3).filter_map(|entry| entry["facts"]["reason"].as_str()).collect();
            assert!(reasons.contains(&"issuer_mismatch") && reasons.contains(&"not_this_browser"), "{reasons:?}");
        }
        assert_eq!(redeemed(&app), 0, "no code went anywhere");
        assert!(app.texts("SELECT id AS text FROM connections").is_empty());
        app.finish().await;
    }

    async fn az_3_1_03__only_a_public_client_chooses_its_port(app: TestApp) {
        let mut app = app;
        let registered = "http://127.0.0.1:4711/cb";
        let secret = "the-secret-of-a-web-application-0123456789";
        app.client(native("web-app", secret, registered)).await;
        let public = native("cli-app", "", registered).with(|client| {
            client.auth_method = ClientAuthMethod::None;
            client.secrets.clear();
            client.grant_types.truncate(1);
        });
        app.client(public).await;
        let mut browser = app.signed_in("ada").await;
        for (client, redirect_uri, status) in [
            ("web-app", registered, 200),
            ("web-app", "http://127.0.0.1:4712/cb", 400),
            ("web-app", "http://127.0.0.1/cb", 400),
            ("cli-app", registered, 200),
            ("cli-app", "http://127.0.0.1:4712/cb", 200),
            ("cli-app", "http://127.0.0.1:4712/other", 400),
            ("cli-app", "http://localhost:4711/cb", 400),
            ("cli-app", "http://127.0.0.1:4711@evil.example/cb", 400),
        ] {
            let page = authorized(&app, &mut browser, client, redirect_uri).await;
            assert_eq!(page.reply.status, status, "{client} {redirect_uri}");
            assert!(page.redirect().is_none());
        }
        app.finish().await;
    }

    async fn ar_12__identical_asks_at_the_same_moment_make_one_link(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let agent = app.agent();
        for round in 1..=4 {
            let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
            let asks = (0..12).map(|_| {
                let (agent, subject_token) = (Agent::basic(&app.base, AGENT_ID, AGENT_SECRET), subject_token.clone());
                tokio::spawn(async move {
                    let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
                    assert_eq!(answer.error(), "interaction_required");
                    answer.member("interaction_uri").to_owned()
                })
            });
            let mut links = Vec::new();
            for ask in asks.collect::<Vec<_>>() {
                links.push(ask.await.expect("the ask is answered"));
            }
            links.dedup();
            assert_eq!(links.len(), 1, "{links:?}");
            assert_eq!(app.texts("SELECT id AS text FROM interactions").len(), round);
            assert_eq!(app.records("interaction.requested").await.len(), round);
            app.advance(Duration::from_secs(601));
            app.sign_in(&mut browser, "ada").await;
        }
        app.finish().await;
    }

    async fn ended_interactions_and_attempts_are_forgotten_a_day_later(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        // One approved; one refused and one left alone, by a second agent.
        let mut app = app;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        let subject_token = app.subject_token(&mut browser, "second-agent", &second).await;
        let asked = second.exchange(&subject_token, PROVIDER, &[]).await;
        let page = browser.open(asked.member("interaction_uri")).await;
        browser.submit(&page, Some("interaction"), &[("decision", "deny")]).await;
        assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "access_denied");
        second.exchange(&subject_token, PROVIDER, &[("scope", "read")]).await.error();
        let left = || app.texts("SELECT state AS text FROM interactions ORDER BY state");
        assert_eq!(left(), ["approved", "denied", "pending"]);
        // Their links have expired, but not for a day: still there.
        app.advance(Duration::from_secs(23 * 3_600));
        purged(&app, 1).await;
        assert_eq!((left().len(), states(&app).len()), (3, 1));
        assert_eq!(app.findings().await, Vec::<String>::new());
        app.advance(Duration::from_secs(2 * 3_600));
        purged(&app, 2).await;
        assert_eq!((left(), states(&app)), (Vec::new(), Vec::new()));
        // Asking again makes a new link.
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, "second-agent", &second).await;
        assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }
}

/// In PostgreSQL transactions run beside each other. All asks are made to meet where a link is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_12__asks_that_all_saw_no_link_make_one_link_on_postgres() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let app = TestApp::start(backend).await;
    let mut browser = app.signed_in("ada").await;
    let agent = app.agent();
    let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (holding, held) = tokio::sync::oneshot::channel();
    let store = app.instance.store.clone();
    let holder = tokio::spawn(async move {
        let keep = move |tx: &mut Tx<'_>| {
            head::take(tx)?;
            let _ = holding.send(());
            let _ = released.recv();
            Ok::<(), StoreError>(())
        };
        store.write(keep).await
    });
    held.await.expect("the head is held");
    let asks: Vec<_> = (0..3)
        .map(|_| {
            let (agent, subject_token) = (agent.clone(), subject_token.clone());
            tokio::spawn(async move {
                let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
                assert_eq!(answer.error(), "interaction_required");
                answer.member("interaction_uri").to_owned()
            })
        })
        .collect();
    waiting_for_the_head(&app, 3).await;
    release.send(()).expect("the holder waits");
    holder.await.expect("no panic").expect("the head is given back");
    let mut links = Vec::new();
    for ask in asks {
        links.push(ask.await.expect("the ask is answered"));
    }
    links.dedup();
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!(app.texts("SELECT id AS text FROM interactions").len(), 1);
    app.finish().await;
}

async fn waiting_for_the_head(app: &TestApp, count: usize) {
    let here = "(SELECT oid FROM pg_database WHERE datname = current_database())";
    let waiting = format!(
        "SELECT 'x' AS text FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = {here}"
    );
    for _ in 0..200 {
        if app.texts(&waiting).len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the asks do not meet");
}

/// Waits until the purge job has run again: it takes away a session that was put in its way.
async fn purged(app: &TestApp, round: i64) {
    app.sql(&format!(
        "INSERT INTO replay_ids (bucket, kind, id) VALUES (0, 'test', 'round-{round}')"
    ));
    app.advance(Duration::from_secs(3_600));
    for _ in 0..500 {
        if app
            .texts("SELECT id AS text FROM replay_ids WHERE kind = 'test'")
            .is_empty()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the purge job does not run");
}
