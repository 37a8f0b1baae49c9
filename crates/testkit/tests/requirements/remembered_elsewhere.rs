//! What one replica remembers, and another one changes: several servers on one PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, Backend, ClientSetup, Connected, PROVIDER, Replica, TestApp,
};

use crate::admin_support::Operator;

/// The agent's registration, with something different.
fn agent(change: impl FnOnce(&mut vouchsafe_token_exchange::ClientDefinition)) -> ClientSetup {
    ClientSetup::new(AGENT_ID, AGENT_SECRET)
        .ceiling(PROVIDER, "openid read write")
        .with(change)
}

/// Twice: the second time everything is remembered.
async fn warm(agent: &Agent, subject_token: &str) {
    for _ in 0..2 {
        agent.exchange(subject_token, PROVIDER, &[]).await.token();
    }
}

async fn id_of(operator: &Operator, list: &str) -> String {
    operator.get(list).await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_07__a_narrowing_on_one_replica_holds_for_the_next_release_on_another() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let mut app = TestApp::start(backend).await;
    let Connected {
        mut browser,
        subject_token,
        ..
    } = app.connected("ada").await;
    let other = Replica::of(&app).await;
    let there = other.agent();
    let operator = Operator::of(&app).await;
    let error = async |token: &str| there.exchange(token, PROVIDER, &[]).await.error().to_owned();

    // A rotated secret, a lowered ceiling, a client that may no longer exchange or do anything.
    warm(&there, &subject_token).await;
    let new = "the-briefing-agents-next-secret-0123456789abc";
    app.client(agent(|client| client.secrets = vec![new.into()]))
        .await;
    assert_eq!(error(&subject_token).await, "invalid_client");
    Agent::basic(&other.base, AGENT_ID, new)
        .exchange(&subject_token, PROVIDER, &[])
        .await
        .token();
    app.client(agent(|_| {})).await;
    warm(&there, &subject_token).await;
    let lower = |text: &str| ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, text);
    app.client(lower("openid")).await;
    assert_eq!(error(&subject_token).await, "invalid_scope");
    app.client(ClientSetup::new(AGENT_ID, AGENT_SECRET)).await;
    assert_eq!(error(&subject_token).await, "invalid_target");
    app.client(agent(|_| {})).await;
    warm(&there, &subject_token).await;
    app.client(agent(|client| client.grant_types.truncate(1))).await;
    assert_eq!(error(&subject_token).await, "unauthorized_client");
    app.client(agent(|_| {})).await;
    warm(&there, &subject_token).await;
    let id = AGENT_ID.parse().unwrap();
    let server = &app.instance.authorization_server;
    server
        .disable_client(&id, &vouchsafe_audit::Origin::background())
        .await
        .unwrap();
    assert_eq!(error(&subject_token).await, "invalid_client");
    app.client(agent(|_| {})).await;

    // A disabled provider.
    warm(&there, &subject_token).await;
    let provider = PROVIDER.parse().unwrap();
    app.instance
        .identity_provider
        .disable_provider(&provider)
        .await
        .unwrap();
    assert_eq!(error(&subject_token).await, "invalid_target");
    app.oidc_provider(PROVIDER, "oidc").await;

    // Leave that is withdrawn, and given again.
    warm(&there, &subject_token).await;
    let delegation = id_of(&operator, "/delegations").await;
    operator
        .post(&format!("/delegations/{delegation}/withdraw"))
        .await;
    let asked = there.exchange(&subject_token, PROVIDER, &[]).await;
    assert_eq!(
        (asked.error(), asked.member("reason")),
        ("interaction_required", "authorization_needed")
    );
    app.approve(&mut browser, asked.member("interaction_uri")).await;

    // A connection that is revoked, and made again.
    warm(&there, &subject_token).await;
    let connection = id_of(&operator, "/connections?state=active").await;
    operator.post(&format!("/connections/{connection}/revoke")).await;
    let asked = there.exchange(&subject_token, PROVIDER, &[]).await;
    assert_eq!(asked.error(), "interaction_required");
    app.upstream.state().next_account("oidc", "ada");
    app.approve(&mut browser, asked.member("interaction_uri")).await;

    // A session that ends, and everything of a client.
    warm(&there, &subject_token).await;
    let user = id_of(&operator, "/users?username=ada").await;
    operator.post(&format!("/users/{user}/sign-out")).await;
    assert_eq!(error(&subject_token).await, "invalid_request");
    app.sign_in(&mut browser, "ada").await;
    let subject_token = app.subject_token(&mut browser, AGENT_ID, &app.agent()).await;
    warm(&there, &subject_token).await;
    operator.post(&format!("/clients/{AGENT_ID}/revoke")).await;
    assert_eq!(error(&subject_token).await, "invalid_request");
    other.finish().await;
    app.finish().await;
}

/// What a person gains by another replica is not withheld by one that remembers less.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_looked_at_again() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let app = TestApp::start(backend).await;
    let mut browser = app.signed_in("ada").await;
    let subject_token = app.subject_token(&mut browser, AGENT_ID, &app.agent()).await;
    let other = Replica::of(&app).await;
    let there = other.agent();
    let asked = there.exchange(&subject_token, PROVIDER, &[]).await;
    assert_eq!(asked.error(), "interaction_required");
    app.upstream.state().next_account("oidc", "ada");
    app.approve(&mut browser, asked.member("interaction_uri")).await;
    warm(&there, &subject_token).await;
    // A second account: from then on nobody guesses which one is meant (TV-03).
    app.upstream.state().next_account("oidc", "ada-at-work");
    let page = browser.open(&format!("{}/connect/{PROVIDER}", app.base)).await;
    let left = browser.submit(&page, Some("connect"), &[]).await;
    browser.visit(left.redirect().expect("it leaves").as_str()).await;
    let operator = Operator::of(&app).await;
    assert_eq!(
        operator.get("/connections").await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    // The agent has leave for one of them only, and goes on with it.
    warm(&there, &subject_token).await;
    other.finish().await;
    app.finish().await;
}

/// Exchanges run on both replicas all the time; what is *sent* after a revocation was answered never succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn ar_07__nothing_that_is_sent_after_a_revocation_succeeds_on_any_replica() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let mut app = TestApp::start(backend).await;
    let Connected {
        mut browser,
        agent: here,
        subject_token,
    } = app.connected("ada").await;
    let other = Replica::of(&app).await;
    let operator = Operator::of(&app).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let load: Vec<_> = [here.clone(), other.agent()]
        .into_iter()
        .map(|agent| {
            let (is_over, answered) = (Arc::clone(&is_over), Arc::clone(&answered));
            let subject_token = subject_token.clone();
            tokio::spawn(async move {
                while !is_over.load(Ordering::Acquire) {
                    let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
                    answered.fetch_add(usize::from(answer.reply.status == 200), Ordering::AcqRel);
                }
            })
        })
        .collect();
    for round in 0..ROUNDS {
        warm(&here, &subject_token).await;
        warm(&other.agent(), &subject_token).await;
        let delegations: Value = operator.get(&format!("/delegations?client_id={AGENT_ID}")).await;
        let delegation = delegations["items"][0]["id"].as_str().unwrap();
        match round % 3 {
            0 => drop(
                operator
                    .post(&format!("/delegations/{delegation}/withdraw"))
                    .await,
            ),
            1 => app.client(ClientSetup::new(AGENT_ID, AGENT_SECRET)).await,
            _ => {
                let provider = PROVIDER.parse().unwrap();
                app.instance
                    .identity_provider
                    .disable_provider(&provider)
                    .await
                    .unwrap();
            }
        }
        let (one, two) = tokio::join!(here.exchange(&subject_token, PROVIDER, &[]), async {
            other.agent().exchange(&subject_token, PROVIDER, &[]).await
        },);
        for answer in [&one, &two] {
            assert_ne!(answer.reply.status, 200, "round {round}: {}", json!(answer.json));
        }
        match round % 3 {
            0 => drop(app.approve(&mut browser, one.member("interaction_uri")).await),
            1 => app.client(agent(|_| {})).await,
            _ => app.oidc_provider(PROVIDER, "oidc").await,
        }
    }
    is_over.store(true, Ordering::Release);
    for one in load {
        one.await.expect("it ends");
    }
    assert!(answered.load(Ordering::Acquire) > 0);
    other.finish().await;
    app.finish().await;
}

const ROUNDS: usize = 30;
