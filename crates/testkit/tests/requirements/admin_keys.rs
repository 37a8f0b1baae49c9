//! Admin keys over the admin API: what a key may give away, and what it may not take away.

use std::time::Duration;

use serde_json::json;
use vouchsafe_model::AdminScope;
use vouchsafe_testkit::{TestApp, both_databases};

use crate::admin_support::{ALL, Operator};

both_databases! {
    async fn a_key_is_made_used_listed_and_deleted(app: TestApp) {
        let operator = Operator::of(&app).await;
        let body = json!({ "name": "ci", "scopes": ["revoke", "read"], "expires_in_days": 30 });
        let made = operator.send("POST", "/admin-keys", body).await;
        let key = Operator::holding(&app, made["key"].as_str().unwrap());
        assert_eq!(made["admin_key"]["scopes"], json!(["read", "revoke"]));
        let who = key.get("/whoami").await;
        let id = made["admin_key"]["id"].as_str().unwrap();
        assert_eq!(who, json!({
            "kind": "admin_key", "id": id, "name": "ci", "scopes": ["read", "revoke"], "expires_at": made["admin_key"]["expires_at"],
        }));
        let listed = operator.all("/admin-keys", 1).await;
        assert_eq!(listed.len(), 3);
        assert!(listed.contains(&made["admin_key"]));
        assert!(listed.iter().all(|key| key.get("key").is_none() && key.get("secret").is_none()));
        let record = app.records("admin_key.created").await.pop().unwrap();
        assert_eq!((&record["facts"]["key_id"], &record["facts"]["admin_key_id"]), (&json!(id), &json!(operator.id)));
        // It ends when it was said to.
        app.advance(Duration::from_secs(30 * 24 * 3600));
        assert_eq!(key.call("GET", "/whoami", None).await.status, 401);
        assert_eq!(operator.call("DELETE", &format!("/admin-keys/{id}"), None).await.status, 204);
        assert_eq!(operator.call("DELETE", &format!("/admin-keys/{id}"), None).await.status, 404);
        let record = app.records("admin_key.deleted").await.pop().unwrap();
        assert_eq!((&record["facts"]["key_id"], &record["facts"]["admin_key_id"]), (&json!(id), &json!(operator.id)));
        assert!(record["facts"].get("its_own").is_none());
        app.finish().await;
    }

    async fn a_key_gives_no_scope_that_it_does_not_have(app: TestApp) {
        let limited = Operator::with(&app, &[AdminScope::Trust, AdminScope::Read]).await;
        for beyond in ["manage", "revoke"] {
            let body = json!({ "name": "more", "scopes": ["read", beyond] });
            let refused = limited.refused("POST", "/admin-keys", Some(body)).await;
            assert_eq!(refused, (403, "an admin key cannot make one with scopes that it does not have itself".to_owned()));
        }
        let record = app.records("admin.refused").await.pop().unwrap();
        assert_eq!((&record["facts"]["reason"], &record["facts"]["admin_key_id"]), (&json!("scope_beyond_own"), &json!(limited.id)));
        let made = limited.send("POST", "/admin-keys", json!({ "name": "less", "scopes": ["read"] })).await;
        let less = Operator::holding(&app, made["key"].as_str().unwrap());
        assert_eq!(less.get("/whoami").await["scopes"], json!(["read"]));
        let scopes = "scopes: name at least one of read, revoke, manage, trust, each once";
        let name = "name: it must have 1 to 128 characters, none of them a control character";
        let days = "expires_in_days: expected a whole number from 1 to 3650";
        for (body, sentence) in [
            (json!({ "name": "x", "scopes": [] }), scopes),
            (json!({ "name": "x", "scopes": ["read", "read"] }), scopes),
            (json!({ "name": "", "scopes": ["read"] }), name),
            (json!({ "name": "a\nb", "scopes": ["read"] }), name),
            (json!({ "name": "x".repeat(129), "scopes": ["read"] }), name),
            (json!({ "name": "x", "scopes": ["read"], "expires_in_days": 0 }), days),
            (json!({ "name": "x", "scopes": ["read"], "expires_in_days": 3651 }), days),
            (json!({ "name": "x", "scopes": ["admin"] }), "scopes[0]: expected one of `read`, `revoke`, `manage`, `trust`"),
            (json!({ "name": "x", "scopes": "read" }), "scopes: expected an array"),
        ] {
            assert_eq!(limited.refused("POST", "/admin-keys", Some(body.clone())).await, (400, sentence.to_owned()), "{body}");
        }
        app.finish().await;
    }

    async fn the_last_key_with_trust_stays(app: TestApp) {
        let operator = Operator::of(&app).await;
        let reader = Operator::with(&app, &[AdminScope::Read]).await;
        let listed = operator.all("/admin-keys", 50).await;
        let others: Vec<String> = listed.iter().map(|key| key["id"].as_str().unwrap().to_owned())
            .filter(|id| *id != operator.id && *id != reader.id).collect();
        for other in others {
            assert_eq!(operator.call("DELETE", &format!("/admin-keys/{other}"), None).await.status, 204);
        }
        let own = format!("/admin-keys/{}", operator.id);
        let sentence = "this is the last admin key with the scope trust: make another one first, or delete it on the server itself";
        assert_eq!(operator.refused("DELETE", &own, None).await, (409, sentence.to_owned()));
        assert_eq!(app.records("admin.refused").await.pop().unwrap()["facts"]["reason"], "last_trust_key");
        // One that will end counts until it does.
        operator.send("POST", "/admin-keys", json!({ "name": "short", "scopes": ["trust"], "expires_in_days": 1 })).await;
        app.advance(Duration::from_secs(24 * 3600));
        assert_eq!(operator.refused("DELETE", &own, None).await.0, 409);
        operator.send("POST", "/admin-keys", json!({ "name": "next", "scopes": ["trust"] })).await;
        assert_eq!(operator.call("DELETE", &own, None).await.status, 204);
        assert_eq!(app.records("admin_key.deleted").await.pop().unwrap()["facts"]["its_own"], true);
        assert_eq!(operator.call("GET", "/whoami", None).await.status, 401);
        app.finish().await;
    }

    async fn two_keys_that_delete_each_other_do_not_both_succeed(app: TestApp) {
        let [first, second] = [Operator::with(&app, &ALL).await, Operator::with(&app, &ALL).await];
        let listed = first.all("/admin-keys", 50).await;
        for other in listed.iter().map(|key| key["id"].as_str().unwrap()).filter(|id| *id != first.id && *id != second.id) {
            first.call("DELETE", &format!("/admin-keys/{other}"), None).await;
        }
        let (a, b) = (format!("/admin-keys/{}", second.id), format!("/admin-keys/{}", first.id));
        let (a, b) = tokio::join!(first.call("DELETE", &a, None), second.call("DELETE", &b, None));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 204, "{statuses:?}");
        assert!(matches!(statuses[1], 401 | 409), "{statuses:?}");
        assert_eq!(app.texts("SELECT id AS text FROM admin_keys").len(), 1);
        app.finish().await;
    }
}
