//! Providers over the admin API, and what becomes of the connections there.

use serde_json::{Value, json};
use vouchsafe_fake_upstream::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET};
use vouchsafe_testkit::{PROVIDER, TestApp, both_databases};

use crate::admin_support::{Operator, client};

/// The fake provider by discovery, as an operator would write it.
fn provider(app: &TestApp) -> Value {
    json!({
        "template": "generic-oidc",
        "client_id": DEFAULT_CLIENT_ID,
        "client_secret": DEFAULT_CLIENT_SECRET,
        "override": {
            "display_name": "The Other",
            "issuer": app.upstream.issuer("oidc"),
            "api": { "hosts": [app.upstream.base_url()], "resources": [app.resource("oidc")] },
        },
    })
}

fn with(mut body: Value, members: Value) -> Value {
    let Value::Object(members) = members else {
        panic!("members are an object")
    };
    body.as_object_mut().unwrap().extend(members);
    body
}

both_databases! {
    async fn a_provider_is_added_used_switched_off_and_replaced(app: TestApp) {
        let operator = Operator::of(&app).await;
        let made = operator.send("POST", "/providers", with(provider(&app), json!({ "id": "other" }))).await;
        assert_eq!(made["redirect_uri"], format!("{}/connect/callback/other", app.base));
        assert_eq!((&made["display_name"], &made["has_client_secret"], &made["enabled"]), (&json!("The Other"), &json!(true), &json!(true)));
        assert_eq!(made["hosts"], json!([app.upstream.base_url()]));
        assert_eq!(made["template"], "generic-oidc");
        assert_eq!(operator.get("/providers/other").await, made);
        let record = app.records("provider.changed").await.pop().unwrap();
        assert_eq!((&record["facts"]["created"], &record["facts"]["admin_key_id"]), (&json!(true), &json!(operator.id)));
        for limit in [1, 50] {
            let ids: Vec<Value> = operator.all("/providers", limit).await.iter().map(|one| one["id"].clone()).collect();
            assert_eq!(ids, [PROVIDER, "other"]);
        }
        // An agent uses it.
        let body = with(client("api-agent"), json!({ "ceilings": [{ "provider": "other", "scope": "*" }] }));
        let created = operator.send("POST", "/clients", body).await;
        let secret = created["client_secret"].as_str().unwrap();
        app.secret("a generated client secret", secret);
        let agent = vouchsafe_testkit::Agent::basic(&app.base, "api-agent", secret);
        let mut browser = app.signed_in("ada").await;
        let subject_token = app.subject_token(&mut browser, "api-agent", &agent).await;
        app.upstream.state().next_account("oidc", "ada");
        let asked = agent.exchange(&subject_token, "other", &[("scope", "openid read")]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        let ask = [("scope", "openid read")];
        agent.exchange(&subject_token, "other", &ask).await.token();
        assert_eq!(operator.post("/providers/other/disable").await["enabled"], false);
        assert_eq!(agent.exchange(&subject_token, "other", &ask).await.error(), "invalid_target");
        assert_eq!(app.records("provider.disabled").await.pop().unwrap()["facts"]["by"], "admin");
        // Replaced by the same it stays as it is, and off.
        let records = app.records("provider.changed").await.len();
        assert_eq!(operator.send("PUT", "/providers/other", provider(&app)).await["enabled"], false);
        assert_eq!(app.records("provider.changed").await.len(), records);
        assert_eq!(operator.post("/providers/other/enable").await["enabled"], true);
        agent.exchange(&subject_token, "other", &ask).await.token();
        // A label changes nothing for what is connected.
        let mut renamed = provider(&app);
        renamed["override"]["display_name"] = json!("Renamed");
        assert_eq!(operator.send("PUT", "/providers/other", renamed).await["display_name"], "Renamed");
        agent.exchange(&subject_token, "other", &ask).await.token();
        app.finish().await;
    }

    async fn ar_03__a_provider_replaced_with_other_hosts_must_be_connected_again(app: TestApp) {
        let operator = Operator::of(&app).await;
        operator.send("POST", "/providers", with(provider(&app), json!({ "id": "other" }))).await;
        let body = with(client("api-agent"), json!({ "ceilings": [{ "provider": "other", "scope": "*" }] }));
        let created = operator.send("POST", "/clients", body).await;
        let secret = created["client_secret"].as_str().unwrap();
        app.secret("a generated client secret", secret);
        let agent = vouchsafe_testkit::Agent::basic(&app.base, "api-agent", secret);
        let mut browser = app.signed_in("ada").await;
        let subject_token = app.subject_token(&mut browser, "api-agent", &agent).await;
        let ask = [("scope", "openid read")];
        let asked = agent.exchange(&subject_token, "other", &ask).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        agent.exchange(&subject_token, "other", &ask).await.token();
        let mut moved = provider(&app);
        moved["override"]["api"]["hosts"] = json!([app.upstream.base_url(), "api.elsewhere.test"]);
        let hosts = operator.send("PUT", "/providers/other", moved).await["hosts"].clone();
        assert_eq!(hosts, json!([app.upstream.base_url(), "https://api.elsewhere.test"]));
        assert_eq!(app.records("provider.changed").await.pop().unwrap()["facts"]["hosts_changed"], true);
        let asked = agent.exchange(&subject_token, "other", &ask).await;
        assert_eq!((asked.error(), asked.member("reason")), ("interaction_required", "reconnect"));
        app.finish().await;
    }

    async fn a_provider_that_cannot_be_is_refused_in_a_sentence(app: TestApp) {
        let operator = Operator::of(&app).await;
        for (members, status, sentence) in [
            (json!({ "id": "A" }), 400, "id: a provider id is 1 to 64 of the characters a-z 0-9 -, and begins with a letter"),
            (json!({ "id": PROVIDER }), 409, "there is a provider of this id already"),
            (json!({ "template": "myspace" }), 400, "template: there is none of this name; use one of "),
            (json!({ "client_id": "" }), 400, "client_id: it must have 1 to 512 printable characters"),
            (json!({ "client_secret": "" }), 400, "client_secret: it must have 1 to 4096 characters"),
            (json!({ "vars": { "tenant": "x" } }), 400, "provider entry `generic-oidc`, field `vars.tenant`: unknown variable"),
            (json!({ "override": { "issuer": 4711 } }), 400, "override: expected a string"),
            (json!({ "override": { "issuer": null } }), 400, "override: a value is null"),
            (json!({ "override": { "canary": 4711 } }), 400, "override: there is no such field"),
            (json!({ "override": { "issuer": "http://elsewhere.test" } }), 400, "provider entry `generic-oidc`, field `issuer`: "),
            (json!({ "override": [] }), 400, "override: expected an object"),
            (json!({ "override": { "issuer": format!("{}/nothing", app.upstream.base_url()) } }), 400, "override: at `issuer` is no metadata"),
            (json!({ "override": { "issuer": "https://169.254.169.254" } }), 503, "the provider's metadata cannot be fetched now"),
            (json!({ "override": { "issuer": "https://does-not-exist.invalid" } }), 503, "the provider's metadata cannot be fetched now"),
            (json!({ "enabled": true }), 400, "enabled: there is no such field"),
        ] {
            let body = with(with(provider(&app), json!({ "id": "new" })), members.clone());
            let (found, detail) = operator.refused("POST", "/providers", Some(body)).await;
            assert_eq!(found, status, "{members}: {detail}");
            assert!(detail.starts_with(sentence), "{members}: {detail}");
            assert!(!detail.contains("4711"), "{members}: {detail}");
        }
        let (status, _) = operator.refused("PUT", "/providers/new", Some(provider(&app))).await;
        assert_eq!(status, 404);
        assert_eq!(operator.all("/providers", 50).await.len(), 1);
        app.finish().await;
    }

    async fn a_provider_of_the_configuration_is_changed_there(app: TestApp) {
        let operator = Operator::of(&app).await;
        for (method, path, body) in [
            ("PUT", "", Some(provider(&app))),
            ("POST", "/disable", None),
            ("POST", "/enable", None),
        ] {
            let refused = operator.refused(method, &format!("/providers/{PROVIDER}{path}"), body).await;
            assert_eq!(refused, (409, "this provider is managed by the configuration file: change it there".to_owned()));
        }
        app.finish().await;
    }

    async fn ar_04__a_provider_changed_by_sql_is_not_switched_on(app: TestApp) {
        let operator = Operator::of(&app).await;
        operator.send("POST", "/providers", with(provider(&app), json!({ "id": "other" }))).await;
        operator.post("/providers/other/disable").await;
        app.sql("UPDATE providers SET client_id = 'mallory' WHERE id = 'other'");
        for (method, path, body) in [("GET", "", None), ("POST", "/enable", None), ("PUT", "", Some(provider(&app)))] {
            let (status, detail) = operator.refused(method, &format!("/providers/other{path}"), body).await;
            assert_eq!(status, 500, "{detail}");
        }
        operator.send("POST", "/providers", with(provider(&app), json!({ "id": "other" }))).await;
        assert_eq!(operator.get("/providers/other").await["client_id"], DEFAULT_CLIENT_ID);
        assert_eq!(app.records("row.tampered").await.len(), 1);
        app.finish().await;
    }
}
