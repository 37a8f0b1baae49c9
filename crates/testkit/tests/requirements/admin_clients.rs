//! Clients over the admin API, and what becomes of the agents behind them.

use serde_json::{Value, json};
use vouchsafe_model::AdminScope;
use vouchsafe_testkit::{AGENT_ID, Agent, PROVIDER, TestApp, both_databases};

use crate::admin_support::{Operator, client, connect, registered};

/// A client with some members otherwise.
fn client_with(id: &str, members: Value) -> Value {
    let mut client = client(id);
    let Value::Object(members) = members else {
        panic!("members are an object")
    };
    client.as_object_mut().unwrap().extend(members);
    client
}

both_databases! {
    async fn a_client_is_registered_used_changed_disabled_and_enabled(app: TestApp) {
        let operator = Operator::of(&app).await;
        let agent = registered(&app, &operator, "api-agent").await;
        let shown = operator.get("/clients/api-agent").await;
        assert_eq!(shown["managed_by"], "admin");
        assert_eq!(shown["auth_method"], "client_secret_basic");
        assert_eq!(shown["ceilings"], json!([{ "provider": PROVIDER, "scope": "openid read write", "allow_unbounded_raw": false }]));
        assert_eq!(shown["secrets"].as_array().unwrap().len(), 1);
        assert!(shown["secrets"][0]["created_at"].is_string());
        let record = app.records("client.changed").await.pop().unwrap();
        assert_eq!((&record["facts"]["client_id"], &record["facts"]["created"]), (&json!("api-agent"), &json!(true)));
        assert_eq!((&record["facts"]["by"], &record["facts"]["admin_key_id"]), (&json!("admin"), &json!(operator.id)));
        let mut browser = app.signed_in("ada").await;
        let subject_token = connect(&app, &mut browser, "api-agent", &agent, "ada").await;
        // A lower ceiling holds for the very next release.
        let lower = json!({ "ceilings": [{ "provider": PROVIDER, "scope": "openid read" }], "name": "Renamed" });
        let changed = operator.send("PATCH", "/clients/api-agent", lower.clone()).await;
        assert_eq!((&changed["name"], &changed["ceilings"][0]["scope"]), (&json!("Renamed"), &json!("openid read")));
        assert_eq!(changed["redirect_uris"], shown["redirect_uris"]);
        let record = app.records("client.changed").await.pop().unwrap();
        assert_eq!(record["facts"]["changed"], json!(["name", "ceilings"]));
        let wide = agent.exchange(&subject_token, PROVIDER, &[("scope", "openid write")]).await;
        assert_eq!(wide.error(), "invalid_scope");
        // The same once more writes and records nothing.
        let records = app.records("client.changed").await.len();
        operator.send("PATCH", "/clients/api-agent", lower).await;
        operator.send("PATCH", "/clients/api-agent", json!({})).await;
        assert_eq!(app.records("client.changed").await.len(), records);
        let higher = json!({ "ceilings": [{ "provider": PROVIDER, "scope": "*" }] });
        assert_eq!(operator.send("PATCH", "/clients/api-agent", higher).await["ceilings"][0]["scope"], "*");
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_eq!(operator.post("/clients/api-agent/disable").await["status"], "disabled");
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_client");
        assert_eq!(app.records("client.disabled").await.pop().unwrap()["facts"]["admin_key_id"], operator.id);
        assert_eq!(operator.post("/clients/api-agent/enable").await["status"], "active");
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn clients_are_listed_page_by_page_without_their_secrets(app: TestApp) {
        let operator = Operator::of(&app).await;
        for id in ["a", "b", "z"] {
            registered(&app, &operator, id).await;
        }
        for limit in [1, 2, 50] {
            let clients = operator.all("/clients", limit).await;
            let ids: Vec<&str> = clients.iter().map(|client| client["id"].as_str().unwrap()).collect();
            assert_eq!(ids, ["a", "b", AGENT_ID, "z"]);
        }
        app.finish().await;
    }

    async fn a_public_client_gets_no_secret(app: TestApp) {
        let operator = Operator::of(&app).await;
        let public = client_with("spa", json!({ "auth_method": "none", "grant_types": ["authorization_code"], "ceilings": [] }));
        let made = operator.send("POST", "/clients", public).await;
        assert!(made.get("client_secret").is_none());
        assert_eq!(made["client"]["secrets"], json!([]));
        let refused = operator.refused("POST", "/clients/spa/secrets", None).await;
        assert_eq!(refused, (409, "a client with auth_method none has no secrets: change its auth_method first".to_owned()));
        // Confidential from now on, it can do nothing before it has a secret.
        operator.send("PATCH", "/clients/spa", json!({ "auth_method": "client_secret_post" })).await;
        let secret = operator.post("/clients/spa/secrets").await["client_secret"].as_str().unwrap().to_owned();
        app.secret("a generated client secret", &secret);
        let wrong_code = [("grant_type", "authorization_code"), ("code", "x"), ("code_verifier", &"v".repeat(43)), ("redirect_uri", "https://agent.test/callback")];
        assert_eq!(Agent::post(&app.base, "spa", "wrong").request(&wrong_code).await.error(), "invalid_client");
        assert_eq!(Agent::post(&app.base, "spa", &secret).request(&wrong_code).await.error(), "invalid_grant");
        // And public again, its secret is gone.
        assert_eq!(operator.send("PATCH", "/clients/spa", json!({ "auth_method": "none" })).await["secrets"], json!([]));
        app.finish().await;
    }

    async fn a_client_that_cannot_be_is_refused_in_a_sentence(app: TestApp) {
        let operator = Operator::of(&app).await;
        let grants = "grant_types: name authorization_code, urn:ietf:params:oauth:grant-type:token-exchange or both, each once";
        let name = "name: it must have 1 to 128 characters, none of them a control character";
        let ceiling = |provider: &str, scope: &str| json!({ "provider": provider, "scope": scope });
        for (members, sentence) in [
            (json!({ "id": "a b" }), "id: a client id is 1 to 128 of the characters A-Z a-z 0-9 . _ -, and does not begin with a dot"),
            (json!({ "name": "" }), name),
            (json!({ "name": "a\u{202e}\u{7}" }), name),
            (json!({ "name": "x".repeat(129) }), name),
            (json!({ "auth_method": "magic" }), "auth_method: expected one of `none`, `client_secret_basic`, `client_secret_post`"),
            (json!({ "redirect_uris": ["http://agent.test/"] }), "redirect_uris: a redirect URI must use https, or http on 127.0.0.1, [::1] or localhost"),
            (json!({ "redirect_uris": [] }), "a client with the authorization_code grant needs at least one redirect URI"),
            (json!({ "grant_types": [] }), grants),
            (json!({ "grant_types": ["authorization_code", "authorization_code"] }), grants),
            (json!({ "grant_types": ["client_credentials"] }), grants),
            (json!({ "grant_types": ["password"] }), "grant_types[0]: unknown grant type: use authorization_code or urn:ietf:params:oauth:grant-type:token-exchange"),
            (json!({ "scope": "a  b" }), "scope: a scope is one or more tokens of printable ASCII without quote and backslash, with single spaces between"),
            (json!({ "ceilings": [ceiling(PROVIDER, "a"), ceiling(PROVIDER, "b")] }), "ceilings: there are two for the provider demo-idp; make them one"),
            (json!({ "ceilings": [ceiling(PROVIDER, "")] }), "ceilings[0].scope: expected scopes with single spaces between, or \"*\" for everything"),
            (json!({ "ceilings": [[PROVIDER, "a"]] }), "ceilings[0]: expected an object"),
            (json!({ "ceilings": [{ "provider": PROVIDER, "scope": "a", "trusted": "b" }] }), "the trusted scope for demo-idp is wider than the ceiling"),
            (json!({ "ceilings": [{ "provider": PROVIDER, "scope": "a", "trusted": "*" }] }), "the trusted scope for demo-idp is wider than the ceiling"),
            (json!({ "auth_method": "none" }), "a client with auth_method = \"none\" cannot have the grant urn:ietf:params:oauth:grant-type:token-exchange"),
            (json!({ "secrets": ["hunter2hunter2hunter2hunter2hunter2"] }), "secrets: there is no such field; expected one of `id`, `name`, `auth_method`, `redirect_uris`, `grant_types`, `scope`, `accepts_tokens_of`, `ceilings`"),
        ] {
            let refused = operator.refused("POST", "/clients", Some(client_with("new", members.clone()))).await;
            assert_eq!(refused, (400, sentence.to_owned()), "{members}");
        }
        for (members, sentence) in [
            (json!({ "accepts_tokens_of": ["stranger"] }), "accepts_tokens_of: there is no client stranger"),
            (json!({ "ceilings": [ceiling("nowhere", "a")] }), "ceilings: there is no provider nowhere"),
        ] {
            let refused = operator.refused("POST", "/clients", Some(client_with("new", members.clone()))).await;
            assert_eq!(refused, (409, sentence.to_owned()), "{members}");
        }
        let taken = operator.refused("POST", "/clients", Some(client(AGENT_ID))).await;
        assert_eq!(taken, (409, "there is a client of this id already".to_owned()));
        registered(&app, &operator, "new").await;
        for (members, sentence) in [
            (json!({ "name": null }), "name: expected a string"),
            (json!({ "ceilings": null }), "ceilings: expected an array"),
            (json!({ "id": "other" }), "id: there is no such field; expected one of `name`, `auth_method`, `redirect_uris`, `grant_types`, `scope`, `accepts_tokens_of`, `ceilings`"),
        ] {
            let refused = operator.refused("PATCH", "/clients/new", Some(members.clone())).await;
            assert_eq!(refused, (400, sentence.to_owned()), "{members}");
        }
        // What does not fit what it is already.
        let unfitting = operator.refused("PATCH", "/clients/new", Some(json!({ "redirect_uris": [] }))).await;
        assert_eq!(unfitting, (409, "a client with the authorization_code grant needs at least one redirect URI".to_owned()));
        assert_eq!(operator.all("/clients", 50).await.len(), 2);
        app.finish().await;
    }

    async fn a_change_of_trust_needs_the_scope_trust(app: TestApp) {
        let operator = Operator::of(&app).await;
        registered(&app, &operator, "api-agent").await;
        registered(&app, &operator, "other").await;
        let manager = Operator::with(&app, &[AdminScope::Manage, AdminScope::Read]).await;
        let before = operator.get("/clients/api-agent").await;
        let trusted = json!([{ "provider": PROVIDER, "scope": "openid read", "trusted": "openid" }]);
        for change in [
            json!({ "auth_method": "client_secret_post" }),
            json!({ "redirect_uris": ["https://mallory.test/"] }),
            json!({ "accepts_tokens_of": ["other"] }),
            json!({ "ceilings": trusted }),
            json!({ "name": "harmless", "redirect_uris": ["https://mallory.test/"] }),
        ] {
            let reply = manager.call("PATCH", "/clients/api-agent", Some(&change)).await;
            assert_eq!(reply.status, 403, "{change}");
            assert!(reply.header("www-authenticate").ends_with("scope=\"trust\""));
        }
        assert_eq!(operator.get("/clients/api-agent").await, before);
        assert!(app.records("admin.refused").await.iter().any(|record| record["facts"]["admin_key_id"] == manager.id));
        // Named but not changed, they are nobody's business.
        let same = json!({ "redirect_uris": before["redirect_uris"], "auth_method": before["auth_method"], "name": "harmless" });
        assert_eq!(manager.send("PATCH", "/clients/api-agent", same).await["name"], "harmless");
        // Taking a mark away is a change of trust as well; leaving it where it is, is none.
        operator.send("PATCH", "/clients/api-agent", json!({ "ceilings": trusted })).await;
        let reply = manager.call("PATCH", "/clients/api-agent", Some(&json!({ "ceilings": [] }))).await;
        assert_eq!(reply.status, 403);
        let endless = json!([{ "provider": PROVIDER, "scope": "openid read", "trusted": "openid", "allow_unbounded_raw": true }]);
        let reply = manager.call("PATCH", "/clients/api-agent", Some(&json!({ "ceilings": endless }))).await;
        assert_eq!(reply.status, 403, "tokens without end");
        let wider = json!([{ "provider": PROVIDER, "scope": "openid read write", "trusted": "openid" }]);
        assert_eq!(manager.send("PATCH", "/clients/api-agent", json!({ "ceilings": wider })).await["ceilings"][0]["trusted"], "openid");
        app.finish().await;
    }

    async fn a_client_of_the_configuration_is_changed_there(app: TestApp) {
        let operator = Operator::of(&app).await;
        let trusted = format!("ceilings/{PROVIDER}/trusted");
        for (method, path, body) in [
            ("PATCH", "", Some(json!({ "name": "x" }))),
            ("POST", "disable", None),
            ("POST", "enable", None),
            ("POST", "secrets", None),
            ("DELETE", "secrets/000000000000", None),
            ("PUT", &trusted, Some(json!({ "scope": "read" }))),
            ("DELETE", &trusted, None),
        ] {
            let path = format!("/clients/{AGENT_ID}/{path}");
            let refused = operator.refused(method, path.trim_end_matches('/'), body).await;
            assert_eq!(refused, (409, "this client is managed by the configuration file: change it there".to_owned()), "{method} {path}");
        }
        app.finish().await;
    }

    async fn ar_04__a_client_changed_by_sql_cannot_be_enabled_and_is_made_anew(app: TestApp) {
        let operator = Operator::of(&app).await;
        registered(&app, &operator, "api-agent").await;
        app.sql("UPDATE clients SET redirect_uris = '[\"https://mallory.test/\"]' WHERE id = 'api-agent'");
        for (method, path) in [("GET", ""), ("POST", "/enable"), ("POST", "/disable"), ("POST", "/secrets")] {
            let (status, detail) = operator.refused(method, &format!("/clients/api-agent{path}"), None).await;
            assert_eq!(status, 500, "{detail}");
        }
        assert_eq!(operator.all("/clients", 50).await.len(), 1);
        registered(&app, &operator, "api-agent").await;
        assert_eq!(operator.get("/clients/api-agent").await["redirect_uris"], json!(["https://agent.test/callback"]));
        assert_eq!(app.records("row.tampered").await.len(), 1);
        app.finish().await;
    }
}
