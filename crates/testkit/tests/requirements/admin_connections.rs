//! Connections and delegations over the admin API.

use serde_json::{Value, json};
use vouchsafe_fake_upstream::SecretKind;
use vouchsafe_model::AdminScope;
use vouchsafe_testkit::{AGENT_ID, Connected, PROVIDER, TestApp, both_databases};

use crate::admin_support::{Operator, connect, registered};

fn ids(items: &[Value]) -> Vec<String> {
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The provider that every test has, as it is.
fn fields(app: &TestApp) -> String {
    let issuer = app.upstream.issuer("oidc");
    let (base, resource) = (app.upstream.base_url(), app.resource("oidc"));
    format!("issuer = \"{issuer}\"\n[api]\nhosts = [\"{base}\"]\nresources = [\"{resource}\"]")
}

both_databases! {
    async fn connections_are_listed_shown_and_revoked(app: TestApp) {
        app.user("bob").await;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let mut bobs = app.signed_in("bob").await;
        connect(&app, &mut bobs, AGENT_ID, &agent, "bob").await;
        let operator = Operator::of(&app).await;
        let ada = operator.get("/users?username=ada").await["items"][0]["id"].as_str().unwrap().to_owned();
        let all = operator.all("/connections", 1).await;
        assert_eq!(all.len(), 2);
        for query in [format!("provider_id={PROVIDER}"), "state=active".to_owned(), "limit=200".to_owned()] {
            assert_eq!(operator.get(&format!("/connections?{query}")).await["items"], json!(all));
        }
        for query in ["provider_id=nowhere", "state=revoked", "state=needs_consent"] {
            assert_eq!(operator.get(&format!("/connections?{query}")).await, json!({ "items": [] }));
        }
        let adas = operator.get(&format!("/connections?user_id={ada}")).await["items"].clone();
        assert_eq!(adas.as_array().unwrap().len(), 1);
        let id = adas[0]["id"].as_str().unwrap();
        let names: Vec<_> = all.iter().map(|connection| connection["username"].as_str().unwrap()).collect();
        assert!(names.contains(&"ada") && names.contains(&"bob"), "{names:?}");
        let path = format!("/connections/{id}");
        let shown = operator.get(&path).await;
        assert_eq!(shown["username"], "ada");
        assert_eq!((&shown["state"], &shown["provider_id"], &shown["user_id"]), (&json!("active"), &json!(PROVIDER), &json!(ada)));
        assert_eq!(shown["scope"], "openid read write");
        assert!(shown["last_used_at"].is_string() && shown.get("revocation").is_none());
        let answer = operator.post(&format!("{path}/revoke")).await;
        assert_eq!((&answer["state"], &answer["forgotten"]), (&json!("revoked_upstream"), &json!(true)));
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        let shown = operator.get(&path).await;
        assert_eq!((&shown["state"], &shown["revocation"]), (&json!("revoked"), &answer));
        assert!(shown.get("scope").is_none());
        assert_eq!(ids(operator.get("/connections?state=revoked").await["items"].as_array().unwrap()), [id]);
        let record = app.records("connection.revoked").await.pop().unwrap();
        assert_eq!((&record["facts"]["by"], &record["facts"]["admin_key_id"]), (&json!("admin"), &json!(operator.id)));
        app.finish().await;
    }

    async fn va_07__no_list_shows_a_token(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let token = agent.exchange(&subject_token, PROVIDER, &[]).await.token().to_owned();
        let operator = Operator::of(&app).await;
        let connection = operator.get("/connections").await["items"][0]["id"].as_str().unwrap().to_owned();
        let mut seen = String::new();
        for path in ["/users", "/clients", "/providers", "/connections", "/delegations", "/admin-keys", "/records?limit=1000", "/whoami",
            &format!("/connections/{connection}"), &format!("/providers/{PROVIDER}"), &format!("/clients/{AGENT_ID}")] {
            seen += &operator.get(path).await.to_string();
        }
        let secrets: Vec<String> = app.upstream.state().issued_secrets().into_iter()
            .filter(|secret| matches!(secret.kind, SecretKind::RefreshToken | SecretKind::AccessToken))
            .map(|secret| secret.value)
            .chain([token, vouchsafe_testkit::AGENT_SECRET.to_owned(), vouchsafe_fake_upstream::DEFAULT_CLIENT_SECRET.to_owned()])
            .collect();
        assert!(secrets.len() > 3);
        assert!(secrets.iter().all(|secret| !seen.contains(secret)));
        assert!(!seen.contains("argon2id"));
        app.finish().await;
    }

    async fn a_withdrawn_delegation_is_leave_no_longer(app: TestApp) {
        let operator = Operator::with(&app, &[AdminScope::Read, AdminScope::Revoke]).await;
        let trusting = Operator::of(&app).await;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let second = registered(&app, &trusting, "second").await;
        let others = app.subject_token(&mut browser, "second", &second).await;
        let asked = second.exchange(&others, PROVIDER, &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        second.exchange(&others, PROVIDER, &[]).await.token();
        let all = operator.all("/delegations", 1).await;
        assert_eq!(all.len(), 2);
        let first = operator.get(&format!("/delegations?client_id={AGENT_ID}")).await["items"][0].clone();
        assert_eq!((&first["decision"], &first["client_id"], &first["provider_id"]), (&json!("granted"), &json!(AGENT_ID), &json!(PROVIDER)));
        let (user, connection) = (first["user_id"].as_str().unwrap(), first["connection_id"].as_str().unwrap());
        for query in [format!("user_id={user}"), format!("connection_id={connection}")] {
            assert_eq!(operator.get(&format!("/delegations?{query}")).await["items"], json!(all), "{query}");
        }
        let both = format!("/delegations?user_id={user}&client_id=second&connection_id={connection}");
        assert_eq!(operator.get(&both).await["items"].as_array().unwrap().len(), 1);
        assert_eq!(operator.get("/delegations?client_id=nobody").await, json!({ "items": [] }));
        assert!(all.iter().all(|delegation| delegation["username"] == "ada"));
        let path = format!("/delegations/{}", first["id"].as_str().unwrap());
        assert_eq!(operator.get(&path).await, first);
        let withdrawn = operator.post(&format!("{path}/withdraw")).await;
        assert_eq!(withdrawn["decision"], "revoked");
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!((asked.error(), asked.member("reason")), ("interaction_required", "authorization_needed"));
        second.exchange(&others, PROVIDER, &[]).await.token();
        let page = browser.open(&format!("{}/connections", app.base)).await;
        let told = page.reply.text();
        assert!(told.contains("the operator of this server took back what you had allowed"), "{told}");
        assert!(!told.contains("you took it back"), "it was not the person: {told}");
        // Once more changes nothing.
        assert_eq!(operator.post(&format!("{path}/withdraw")).await, withdrawn);
        let records = app.records("delegation.withdrawn").await;
        assert_eq!(records.len(), 1);
        assert_eq!((&records[0]["facts"]["by"], &records[0]["facts"]["admin_key_id"]), (&json!("admin"), &json!(operator.id)));
        // The person can give it again, and nobody else.
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn a_connection_that_cannot_be_used_says_why(app: TestApp) {
        app.connected("ada").await;
        let operator = Operator::of(&app).await;
        let ada = operator.get("/users?username=ada").await["items"][0]["id"].as_str().unwrap().to_owned();
        let id = operator.get("/connections").await["items"][0]["id"].as_str().unwrap().to_owned();
        let is = async |expected: Option<&str>| {
            let shown = operator.get(&format!("/connections/{id}")).await;
            let listed = operator.get("/connections").await["items"][0].clone();
            for connection in [&shown, &listed] {
                assert_eq!(connection["usable"], json!(expected.is_none()), "{expected:?}: {connection}");
                assert_eq!(connection.get("obstacle"), expected.map(|word| json!(word)).as_ref(), "{connection}");
            }
            shown["state"].as_str().unwrap().to_owned()
        };
        assert_eq!(is(None).await, "active");
        let mut moved = app.provider_definition(PROVIDER, "generic-oidc", &fields(&app), &[]).await;
        "another-client".clone_into(&mut moved.client_id);
        app.instance.identity_provider.apply_provider(moved).await.unwrap();
        assert_eq!(is(Some("hosts_changed")).await, "active");
        app.provider(PROVIDER, "generic-oidc", &fields(&app)).await;
        is(None).await;
        let provider = PROVIDER.parse().unwrap();
        app.instance.identity_provider.disable_provider(&provider).await.unwrap();
        is(Some("provider_off")).await;
        app.provider(PROVIDER, "generic-oidc", &fields(&app)).await;
        app.clock.advance(std::time::Duration::from_secs(1));
        app.reset_password("ada", "another good password").await;
        assert_eq!(is(Some("credentials_reset")).await, "active");
        app.sql("UPDATE connections SET state = 'needs_consent', state_reason = 'grant_dead', state_at = 1");
        assert_eq!(is(Some("grant_dead")).await, "needs_consent");
        app.sql("UPDATE users SET status = 'disabled'");
        is(Some("user_off")).await;
        app.sql("UPDATE users SET status = 'active'");
        operator.post(&format!("/users/{ada}/revoke")).await;
        assert_eq!(is(Some("revoked")).await, "revoked");
        app.finish_tampered().await;
    }

    async fn nobody_is_called_by_a_name_that_was_written_past_the_server(app: TestApp) {
        app.connected("ada").await;
        let operator = Operator::of(&app).await;
        app.sql("UPDATE users SET username = 'grace'");
        for list in ["/connections", "/delegations"] {
            let items = operator.get(list).await["items"].clone();
            assert_eq!(items.as_array().unwrap().len(), 1, "{list}");
            assert!(items[0].get("username").is_none() && items[0]["user_id"].is_string(), "{items}");
        }
        app.finish_tampered().await;
    }

    async fn a_page_looks_at_ten_thousand_rows_and_says_where_to_go_on(app: TestApp) {
        let operator = Operator::of(&app).await;
        let Connected { mut browser, .. } = app.connected("ada").await;
        let second = registered(&app, &operator, "second").await;
        let others = app.subject_token(&mut browser, "second", &second).await;
        let asked = second.exchange(&others, PROVIDER, &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        let id = |prefix: &str| {
            format!("'{prefix}_' || substr('{}' || CAST(i AS TEXT), length(CAST(i AS TEXT)) + 1)", "0".repeat(26))
        };
        let many = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10050) SELECT i FROM n) AS many";
        app.sql(&format!(
            "INSERT INTO connections SELECT {}, user_id, provider_id, account_id, account_label, 'revoked', NULL, 1, \
             upstream_client_id, hosts, version, created_at, updated_at, last_used_at FROM connections, {many}", id("con"),
        ));
        app.sql(&format!(
            "INSERT INTO delegations SELECT {}, user_id, client_id, {}, provider_id, scope, decision, expires_at, decided_in, \
             decided_at, version, tag_key_id, tag_mac FROM delegations, {many} WHERE client_id = '{AGENT_ID}'", id("dlg"), id("con"),
        ));
        for list in ["/connections?state=active".to_owned(), "/delegations?client_id=second".to_owned()] {
            let first = operator.get(&list).await;
            assert_eq!(first["items"], json!([]), "{list}");
            let next = first["next_cursor"].as_str().unwrap();
            assert!(next.ends_with("10000"), "{next}");
            assert_eq!(operator.all(&list, 50).await.len(), 1, "{list}");
        }
        // What an index serves is found at once, and a full page needs no window.
        let user = operator.get("/users?username=ada").await["items"][0]["id"].as_str().unwrap().to_owned();
        let active = operator.get(&format!("/connections?user_id={user}&state=active")).await;
        assert_eq!(active["items"].as_array().unwrap().len(), 1);
        assert_eq!(operator.get("/connections?state=revoked&limit=7").await["items"].as_array().unwrap().len(), 7);
        app.finish_tampered().await;
    }
}
