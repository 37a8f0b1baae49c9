//! Everything of a user, a client or a provider, revoked by one call of an operator.

use std::time::Duration;

use serde_json::{Value, json};
use vouchsafe_model::AdminScope;
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, Browser, ClientSetup, Connected, PROVIDER, Pkce, TestApp, both_databases,
};

use crate::admin_support::{Operator, connect, registered};

const OTHER: &str = "other-idp";

async fn asked(agent: &Agent, subject_token: &str, provider: &str) -> String {
    agent
        .exchange(subject_token, provider, &[])
        .await
        .member("reason")
        .to_owned()
}

async fn id_of(operator: &Operator, username: &str) -> String {
    let found = operator.get(&format!("/users?username={username}")).await;
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

/// The revocations of all connections of a list, once the provider has confirmed each.
async fn confirmed(operator: &Operator, list: &str) -> Vec<Value> {
    loop {
        let mut revocations = Vec::new();
        for connection in operator.all(list, 50).await {
            let id = connection["id"].as_str().unwrap();
            revocations.push(operator.get(&format!("/connections/{id}")).await["revocation"].clone());
        }
        if revocations
            .iter()
            .all(|revocation| revocation["state"] == "revoked_upstream")
        {
            return revocations;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Ada with an account at two providers, and Bob with one at the first, all for one agent.
struct People {
    agent: Agent,
    browser: Browser,
    subject_token: String,
    bobs_token: String,
}

async fn people(app: &mut TestApp) -> People {
    app.oidc_provider(OTHER, "static").await;
    let both = ClientSetup::new(AGENT_ID, AGENT_SECRET)
        .ceiling(PROVIDER, "openid read write")
        .ceiling(OTHER, "openid read write");
    app.client(both).await;
    app.user("bob").await;
    let Connected {
        mut browser,
        agent,
        subject_token,
    } = app.connected("ada").await;
    let asks = agent.exchange(&subject_token, OTHER, &[]).await;
    app.approve(&mut browser, asks.member("interaction_uri")).await;
    agent.exchange(&subject_token, OTHER, &[]).await.token();
    let mut bobs = app.signed_in("bob").await;
    let bobs_token = connect(app, &mut bobs, AGENT_ID, &agent, "bob").await;
    People {
        agent,
        browser,
        subject_token,
        bobs_token,
    }
}

both_databases! {
    async fn everything_of_a_user_is_dead_in_one_call_and_nobody_elses(app: TestApp) {
        let mut app = app;
        let People { agent, mut browser, subject_token, bobs_token } = people(&mut app).await;
        let operator = Operator::with(&app, &[AdminScope::Read, AdminScope::Revoke]).await;
        let ada = id_of(&operator, "ada").await;
        let answer = operator.post(&format!("/users/{ada}/revoke")).await;
        assert!(answer["revoked_at"].is_string(), "{answer}");
        for provider in [PROVIDER, OTHER] {
            assert_eq!(asked(&agent, &subject_token, provider).await, "authorization_needed");
        }
        agent.exchange(&bobs_token, PROVIDER, &[]).await.token();
        let list = format!("/connections?user_id={ada}");
        assert_eq!(operator.all(&format!("{list}&state=revoked"), 50).await.len(), 2);
        assert_eq!(confirmed(&operator, &list).await.len(), 2);
        let record = app.records("access.revoked").await.pop().unwrap();
        assert_eq!(record["facts"], json!({ "user_id": ada, "by": "admin", "admin_key_id": operator.id, "request_id": record["facts"]["request_id"] }));
        let swept = app.records("connection.revoked").await;
        assert!(swept.len() == 2 && swept.iter().all(|record| record["facts"]["by"] == "access_revoked"), "{swept:?}");
        // What comes afterwards is new, without leave of old.
        let asks = agent.exchange(&subject_token, PROVIDER, &[]).await;
        app.approve(&mut browser, asks.member("interaction_uri")).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_eq!(operator.all(&format!("{list}&state=active"), 50).await.len(), 1);
        assert_eq!(operator.refused("POST", "/users/usr_00000000000000000000000000/revoke", None).await.0, 404);
        app.finish().await;
    }

    async fn everything_at_a_provider_is_dead_in_one_call_and_nothing_elsewhere(app: TestApp) {
        let mut app = app;
        let People { agent, subject_token, bobs_token, .. } = people(&mut app).await;
        let operator = Operator::of(&app).await;
        operator.post(&format!("/providers/{PROVIDER}/revoke")).await;
        for token in [&subject_token, &bobs_token] {
            assert_eq!(asked(&agent, token, PROVIDER).await, "authorization_needed");
        }
        agent.exchange(&subject_token, OTHER, &[]).await.token();
        assert_eq!(confirmed(&operator, &format!("/connections?provider_id={PROVIDER}")).await.len(), 2);
        let record = app.records("access.revoked").await.pop().unwrap();
        assert_eq!(record["facts"]["provider_id"], PROVIDER);
        assert_eq!(operator.refused("POST", "/providers/nowhere/revoke", None).await.0, 404);
        app.finish().await;
    }

    async fn ar_19__a_revoked_client_has_no_leave_no_tokens_and_no_trust_left(app: TestApp) {
        let operator = Operator::of(&app).await;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let trusted = registered(&app, &operator, "trusted-agent").await;
        operator.send("PUT", &format!("/clients/trusted-agent/ceilings/{PROVIDER}/trusted"), json!({ "scope": "openid read write" })).await;
        let trusted_token = app.subject_token(&mut browser, "trusted-agent", &trusted).await;
        trusted.exchange(&trusted_token, PROVIDER, &[]).await.token();
        let code = app.code(&mut browser, AGENT_ID).await;
        for client in [AGENT_ID, "trusted-agent"] {
            operator.post(&format!("/clients/{client}/revoke")).await;
        }
        // Tokens of ours and codes that were out.
        for (agent, token) in [(&agent, &subject_token), (&trusted, &trusted_token)] {
            assert_eq!(agent.exchange(token, PROVIDER, &[]).await.error(), "invalid_request");
        }
        let redeemed = agent.request(&[
            ("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", "https://agent.test/callback"),
            ("code_verifier", &Pkce::default().verifier),
        ]).await;
        assert_eq!(redeemed.error(), "invalid_grant");
        // The person is asked again who this is; new tokens say in whose name, and give no leave.
        let page = browser.visit(&app.authorize_url(AGENT_ID)).await;
        assert!(page.redirect().is_none() && page.reply.text().contains("id=\"consent\""), "{}", page.reply.text());
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        assert_eq!(asked(&agent, &subject_token, PROVIDER).await, "authorization_needed");
        let trusted_token = app.subject_token(&mut browser, "trusted-agent", &trusted).await;
        assert_eq!(asked(&trusted, &trusted_token, PROVIDER).await, "authorization_needed");
        let delegations = operator.all(&format!("/delegations?client_id={AGENT_ID}"), 50).await;
        assert!(delegations.iter().all(|delegation| delegation["decision"] == "revoked"), "{delegations:?}");
        let page = browser.visit(&format!("{}/connections", app.base)).await;
        assert!(!page.reply.text().contains("-trusted-agent\""), "there is nothing left to deny it");
        assert!(page.reply.text().contains("the operator of this server took back what you had allowed"), "{}", page.reply.text());
        assert!(!page.reply.text().contains("you took it back"), "it was not the person");
        // The connection stays, and the person may let the agent in again.
        assert_eq!(operator.all("/connections?state=active", 50).await.len(), 1);
        let asks = agent.exchange(&subject_token, PROVIDER, &[]).await;
        app.approve(&mut browser, asks.member("interaction_uri")).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let records = app.records("access.revoked").await;
        let clients: Vec<&Value> = records.iter().map(|record| &record["facts"]["client_id"]).collect();
        assert_eq!(clients, [&json!(AGENT_ID), &json!("trusted-agent")]);
        assert_eq!(operator.refused("POST", "/clients/nobody/revoke", None).await.0, 404);
        app.finish().await;
    }

    async fn what_a_client_asked_for_before_it_was_revoked_is_over(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let agent = app.agent();
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let before = agent.exchange(&subject_token, PROVIDER, &[]).await;
        let before = before.member("interaction_uri").to_owned();
        let operator = Operator::of(&app).await;
        operator.post(&format!("/clients/{AGENT_ID}/revoke")).await;
        let page = browser.open(&before).await;
        assert_eq!(page.reply.status, 410, "{}", page.reply.text());
        let fresh = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let mut links = Vec::new();
        for _ in 0..2 {
            links.push(agent.exchange(&fresh, PROVIDER, &[]).await.member("interaction_uri").to_owned());
        }
        assert!(links[0] == links[1] && links[0] != before, "{links:?}");
        // What the page shows is what the agent hands out.
        let page = browser.open(&format!("{}/connections", app.base)).await;
        let shown = |link: &str| page.reply.text().contains(link.rsplit('/').next().unwrap());
        assert!(shown(&links[0]) && !shown(&before));
        app.approve(&mut browser, &links[0]).await;
        agent.exchange(&fresh, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn what_is_revoked_is_dead_before_any_job_has_come_to_it(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let operator = Operator::of(&app).await;
        let id = operator.get("/connections").await["items"][0]["id"].as_str().unwrap().to_owned();
        let before = agent.exchange(&subject_token, PROVIDER, &[]).await;
        app.secret("a token from before", before.token());
        // As a server leaves it that was killed behind the commit: the row alone.
        app.sql(&format!("INSERT INTO revoked_access SELECT 'provider', provider_id, created_at FROM connections WHERE id = '{id}'"));
        assert_eq!(asked(&agent, &subject_token, PROVIDER).await, "authorization_needed");
        let shown = operator.get(&format!("/connections/{id}")).await;
        assert_eq!((&shown["state"], &shown["revocation"]["state"], &shown["revocation"]["forgotten"]), (&json!("revoked"), &json!("pending_upstream"), &json!(false)));
        assert_eq!(operator.get("/connections?state=active").await["items"], json!([]));
        let page = browser.visit(&format!("{}/connections", app.base)).await;
        assert_eq!(page.reply.status, 200);
        assert!(!page.reply.text().contains(&format!("disconnect-{id}")));
        // Connecting the same account again makes another connection.
        let asks = agent.exchange(&subject_token, PROVIDER, &[]).await;
        app.approve(&mut browser, asks.member("interaction_uri")).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_ne!(operator.get("/connections?state=active").await["items"][0]["id"], json!(id));
        // Revoked by hand as well, it is written down and told to the provider.
        operator.post(&format!("/connections/{id}/revoke")).await;
        assert_eq!(app.texts("SELECT id AS text FROM connections WHERE state = 'revoked'"), [id]);
        assert_eq!(app.findings().await, [format!("row provider {PROVIDER} of revoked_access is not on the record: it was inserted past the server")]);
        app.finish_tampered().await;
    }

    async fn an_epoch_that_somebody_removes_or_moves_is_found(app: TestApp) {
        app.connected("ada").await;
        let operator = Operator::of(&app).await;
        operator.post(&format!("/clients/{AGENT_ID}/revoke")).await;
        app.sql("UPDATE revoked_access SET revoked_at = revoked_at - 1");
        let found = app.findings().await;
        assert!(found.len() == 1 && found[0].contains("of revoked_access"), "{found:?}");
        app.sql("DELETE FROM revoked_access");
        let found = app.findings().await;
        assert!(found.len() == 1 && found[0].contains("of revoked_access is gone"), "{found:?}");
        app.finish_tampered().await;
    }

    async fn everything_is_dead_also_where_the_record_is_ahead_of_the_clock(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let operator = Operator::of(&app).await;
        let ada = id_of(&operator, "ada").await;
        // Another server, or this one before somebody put its clock right.
        app.clock.advance(Duration::from_secs(300));
        app.signed_in("ada").await;
        app.clock.put_back(Duration::from_secs(300));
        for path in [format!("/users/{ada}/revoke"), format!("/providers/{PROVIDER}/revoke"), format!("/users/{ada}/revoke")] {
            operator.post(&path).await;
            let asks = agent.exchange(&subject_token, PROVIDER, &[]).await;
            assert_eq!(asks.member("reason"), "authorization_needed", "{path}");
            // What is connected afterwards is of use at once.
            app.approve(&mut browser, asks.member("interaction_uri")).await;
            agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        }
        for _ in 0..2 {
            operator.post(&format!("/clients/{AGENT_ID}/revoke")).await;
            assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
            let fresh = app.subject_token(&mut browser, AGENT_ID, &agent).await;
            let asks = agent.exchange(&fresh, PROVIDER, &[]).await;
            assert_eq!(asks.member("reason"), "authorization_needed");
            app.approve(&mut browser, asks.member("interaction_uri")).await;
            agent.exchange(&fresh, PROVIDER, &[]).await.token();
        }
        app.finish().await;
    }
}
