//! Secrets and trusted marks of clients over the admin API.

use serde_json::json;
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Agent, ClientSetup, PROVIDER, TestApp, both_databases};

use crate::admin_support::{Operator, client, connect, registered};

both_databases! {
    async fn a_secret_is_replaced_without_a_pause(app: TestApp) {
        let operator = Operator::of(&app).await;
        let old = registered(&app, &operator, "api-agent").await;
        let mut browser = app.signed_in("ada").await;
        let subject_token = connect(&app, &mut browser, "api-agent", &old, "ada").await;
        let old_id = operator.get("/clients/api-agent").await["secrets"][0]["id"].as_str().unwrap().to_owned();
        let made = operator.post("/clients/api-agent/secrets").await;
        let (new_id, text) = (made["secret_id"].as_str().unwrap(), made["client_secret"].as_str().unwrap());
        app.secret("a generated client secret", text);
        assert_ne!(new_id, old_id);
        let new = Agent::basic(&app.base, "api-agent", text);
        for agent in [&old, &new] {
            agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        }
        let full = operator.refused("POST", "/clients/api-agent/secrets", None).await;
        assert_eq!(full, (409, "the client has two secrets already: delete the one that is no longer used first".to_owned()));
        let path = format!("/clients/api-agent/secrets/{old_id}");
        assert_eq!(operator.call("DELETE", &path, None).await.status, 204);
        let record = app.records("client.changed").await.pop().unwrap();
        assert_eq!((&record["facts"]["changed"], &record["facts"]["secrets"]), (&json!(["secrets"]), &json!([new_id])));
        assert_eq!(record["facts"]["admin_key_id"], operator.id);
        assert_eq!(old.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_client");
        new.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_eq!(operator.call("DELETE", &path, None).await.status, 404);
        let last = operator.refused("DELETE", &format!("/clients/api-agent/secrets/{new_id}"), None).await;
        assert_eq!(last, (409, "this is the client's only secret: make another one first, or disable the client".to_owned()));
        new.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn ar_19__a_trusted_mark_needs_no_leave_inside_the_ceiling_and_a_persons_no_beats_it(app: TestApp) {
        let operator = Operator::of(&app).await;
        // Somebody else's agent connects the account.
        let vouchsafe_testkit::Connected { mut browser, .. } = app.connected("ada").await;
        let agent = registered(&app, &operator, "trusted-agent").await;
        let subject_token = app.subject_token(&mut browser, "trusted-agent", &agent).await;
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        let path = format!("/clients/trusted-agent/ceilings/{PROVIDER}/trusted");
        for beyond in ["openid admin", "*"] {
            let refused = operator.refused("PUT", &path, Some(json!({ "scope": beyond }))).await;
            assert_eq!(refused, (409, "the trusted scope for demo-idp is wider than the ceiling".to_owned()));
        }
        let elsewhere = "/clients/trusted-agent/ceilings/nowhere/trusted";
        assert_eq!(operator.refused("PUT", elsewhere, Some(json!({ "scope": "openid" }))).await.0, 404);
        assert_eq!(operator.refused("DELETE", elsewhere, None).await.0, 404);
        let whole = json!({ "scope": "openid read write" });
        let marked = operator.send("PUT", &path, whole.clone()).await;
        assert_eq!(marked["ceilings"][0]["trusted"], "openid read write");
        let trusted = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(app.power(trusted.token()), "openid read write");
        assert_eq!(app.records("token.exchanged").await.pop().unwrap()["facts"]["rule"], "trusted");
        app.finish().await;
    }

    async fn ar_19__a_trusted_mark_is_no_more_than_it_says(app: TestApp) {
        let operator = Operator::of(&app).await;
        let vouchsafe_testkit::Connected { mut browser, .. } = app.connected("ada").await;
        let agent = registered(&app, &operator, "trusted-agent").await;
        let subject_token = app.subject_token(&mut browser, "trusted-agent", &agent).await;
        let path = format!("/clients/trusted-agent/ceilings/{PROVIDER}/trusted");
        let whole = json!({ "scope": "openid read write" });
        // Beyond a smaller mark it is as before.
        operator.send("PUT", &path, json!({ "scope": "openid read" })).await;
        let more = agent.exchange(&subject_token, PROVIDER, &[("scope", "openid write")]).await;
        assert_eq!(more.error(), "interaction_required");
        // Without the mark too.
        operator.send("PUT", &path, whole.clone()).await;
        let unmarked = operator.call("DELETE", &path, None).await.json();
        assert!(unmarked["ceilings"][0].get("trusted").is_none());
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        operator.send("PUT", &path, whole).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let connection = operator.get("/connections").await["items"][0]["id"].as_str().unwrap().to_owned();
        let page = browser.open(&format!("{}/connections", app.base)).await;
        browser.submit(&page, Some(&format!("deny-{connection}-trusted-agent")), &[]).await;
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        app.finish().await;
    }

    async fn a_generated_secret_is_long_and_never_the_same(app: TestApp) {
        let operator = Operator::of(&app).await;
        let mut seen = std::collections::BTreeSet::new();
        for id in ["a", "b", "c"] {
            let made = operator.send("POST", "/clients", client(id)).await;
            let secret = made["client_secret"].as_str().unwrap().to_owned();
            app.secret("a generated client secret", &secret);
            assert!(secret.len() >= 43 && seen.insert(secret));
        }
        app.finish().await;
    }

    async fn a_yes_to_more_takes_nothing_of_a_trusted_mark_away(app: TestApp) {
        let mut app = app;
        app.narrowing_provider("narrowing").await;
        app.client(ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling("narrowing", "read write")).await;
        app.client(ClientSetup::new("archive", SECRET).ceiling("narrowing", "read write").trusted("read")).await;
        let mut browser = app.signed_in("ada").await;
        // Somebody else's agent connects the account.
        let first = app.agent();
        let token = app.subject_token(&mut browser, AGENT_ID, &first).await;
        let asked = first.exchange(&token, "narrowing", &[("scope", "read write")]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        let agent = Agent::basic(&app.base, "archive", SECRET);
        let token = app.subject_token(&mut browser, "archive", &agent).await;
        let get = |scope: &'static str| {
            let (agent, token) = (agent.clone(), token.clone());
            async move { agent.exchange(&token, "narrowing", &[("scope", scope)]).await }
        };
        get("read").await.token();
        let asked = get("write").await;
        assert_eq!(asked.member("reason"), "more_scopes");
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        for scope in ["write", "read", "read write"] {
            get(scope).await.token();
        }
        let page = browser.open(&format!("{}/connections", app.base)).await;
        let operator = Operator::of(&app).await;
        let given = operator.get("/delegations?client_id=archive").await["items"][0]["id"].as_str().unwrap().to_owned();
        // Taking it back is a no to all of it, the mark included.
        browser.submit(&page, Some(&format!("withdraw-{given}")), &[]).await;
        assert_eq!(get("read").await.error(), "interaction_required");
        app.finish().await;
    }
}

const SECRET: &str = "a-secret-of-another-agent-0123456789abcdef";
