//! The guard of the admin API: tried at every operation that is declared, so that a new one without a guard fails here.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vouchsafe_model::{AdminScope, Clock as _};
use vouchsafe_server::{AdminOperation, admin_operations};
use vouchsafe_testkit::{Http, TestApp, both_databases};

use crate::admin_support::{ALL, Operator};

/// Every operation and the scope it needs, once more by hand: whoever adds or loosens one says so here too.
const DECLARED: &[(&str, &str, Option<AdminScope>)] = &[
    ("GET", "/users", Some(AdminScope::Read)),
    ("POST", "/users", Some(AdminScope::Manage)),
    ("GET", "/users/{user_id}", Some(AdminScope::Read)),
    ("POST", "/users/{user_id}/disable", Some(AdminScope::Manage)),
    ("POST", "/users/{user_id}/enable", Some(AdminScope::Manage)),
    ("PUT", "/users/{user_id}/password", Some(AdminScope::Trust)),
    ("DELETE", "/users/{user_id}", Some(AdminScope::Trust)),
    ("POST", "/users/{user_id}/sign-out", Some(AdminScope::Revoke)),
    ("GET", "/clients", Some(AdminScope::Read)),
    ("POST", "/clients", Some(AdminScope::Trust)),
    ("GET", "/clients/{client_id}", Some(AdminScope::Read)),
    ("PATCH", "/clients/{client_id}", Some(AdminScope::Manage)),
    ("POST", "/clients/{client_id}/disable", Some(AdminScope::Manage)),
    ("POST", "/clients/{client_id}/enable", Some(AdminScope::Manage)),
    (
        "PUT",
        "/clients/{client_id}/ceilings/{provider_id}/trusted",
        Some(AdminScope::Trust),
    ),
    (
        "DELETE",
        "/clients/{client_id}/ceilings/{provider_id}/trusted",
        Some(AdminScope::Trust),
    ),
    ("POST", "/clients/{client_id}/secrets", Some(AdminScope::Trust)),
    (
        "DELETE",
        "/clients/{client_id}/secrets/{secret_id}",
        Some(AdminScope::Trust),
    ),
    ("GET", "/providers", Some(AdminScope::Read)),
    ("POST", "/providers", Some(AdminScope::Trust)),
    ("GET", "/providers/{provider_id}", Some(AdminScope::Read)),
    ("PUT", "/providers/{provider_id}", Some(AdminScope::Trust)),
    (
        "POST",
        "/providers/{provider_id}/disable",
        Some(AdminScope::Manage),
    ),
    (
        "POST",
        "/providers/{provider_id}/enable",
        Some(AdminScope::Manage),
    ),
    ("GET", "/connections", Some(AdminScope::Read)),
    ("GET", "/connections/{connection_id}", Some(AdminScope::Read)),
    (
        "POST",
        "/connections/{connection_id}/revoke",
        Some(AdminScope::Revoke),
    ),
    ("POST", "/users/{user_id}/revoke", Some(AdminScope::Revoke)),
    ("POST", "/clients/{client_id}/revoke", Some(AdminScope::Revoke)),
    (
        "POST",
        "/providers/{provider_id}/revoke",
        Some(AdminScope::Revoke),
    ),
    ("GET", "/delegations", Some(AdminScope::Read)),
    ("GET", "/delegations/{delegation_id}", Some(AdminScope::Read)),
    (
        "POST",
        "/delegations/{delegation_id}/withdraw",
        Some(AdminScope::Revoke),
    ),
    ("GET", "/records", Some(AdminScope::Read)),
    ("GET", "/admin-keys", Some(AdminScope::Read)),
    ("POST", "/admin-keys", Some(AdminScope::Trust)),
    ("DELETE", "/admin-keys/{admin_key_id}", Some(AdminScope::Trust)),
    ("GET", "/whoami", None),
];

/// The path of an operation with ids that could be, but are nobody's.
fn path(operation: &AdminOperation) -> String {
    let id = |prefix: &str| format!("{prefix}_{}", "0".repeat(26));
    operation
        .path
        .replace("{user_id}", &id("usr"))
        .replace("{client_id}", "nobody")
        .replace("{provider_id}", "nowhere")
        .replace("{connection_id}", &id("con"))
        .replace("{delegation_id}", &id("dlg"))
        .replace("{admin_key_id}", &id("adm"))
        .replace("{secret_id}", "000000000000")
}

#[test]
fn every_operation_is_declared_with_the_scope_that_was_agreed() {
    let served: BTreeSet<_> = admin_operations()
        .map(|operation| (operation.method, operation.path, operation.scope))
        .collect();
    assert_eq!(served, DECLARED.iter().copied().collect());
}

both_databases! {
    async fn atk_34__every_operation_refuses_whoever_may_not_call_it(app: TestApp) {
        let mut by_scope = Vec::new();
        for scope in ALL {
            let others: Vec<AdminScope> = ALL.into_iter().filter(|other| *other != scope).collect();
            by_scope.push((scope, Operator::with(&app, &others).await, Operator::with(&app, &[scope]).await));
        }
        let soon = app.clock.now() + Duration::from_secs(60);
        let (_, text) = app.instance.sign_in.create_admin_key("old", ALL.to_vec(), Some(soon)).await.unwrap();
        let expired = Operator::holding(&app, text.expose());
        let deleted = Operator::of(&app).await;
        let origin = vouchsafe_audit::Origin::background();
        assert!(app.instance.sign_in.delete_admin_key(&deleted.id.parse().unwrap(), &origin).await.unwrap());
        let unknown = Operator::holding(&app, &format!("adm_{}_{}", "0".repeat(26), "0".repeat(64)));
        app.advance(Duration::from_secs(61));
        for operation in admin_operations() {
            let (method, path) = (operation.method, path(&operation));
            let what = format!("{method} {path}");
            let body = operation.has_body.then(|| json!({}));
            let bare = Http::default().send(method, &format!("{}/admin/v1{path}", app.base), &[], None).await;
            assert_eq!(bare.status, 401, "{what}");
            assert_eq!(bare.header("www-authenticate"), "Bearer realm=\"vouchsafe\"", "{what}");
            for stranger in [&expired, &deleted, &unknown] {
                let reply = stranger.call(method, &path, body.as_ref()).await;
                assert_eq!(reply.status, 401, "{what}");
                assert!(reply.header("www-authenticate").contains("error=\"invalid_token\""), "{what}");
            }
            for (scope, without, only) in &by_scope {
                let needed = operation.scope.is_none_or(|needed| needed == *scope);
                let reply = only.call(method, &path, body.as_ref()).await;
                assert_eq!(!matches!(reply.status, 401 | 403), needed, "{what} with {scope} alone: {}", reply.status);
                if operation.scope == Some(*scope) {
                    let reply = without.call(method, &path, body.as_ref()).await;
                    assert_eq!(reply.status, 403, "{what} without {scope}");
                    let challenge = reply.header("www-authenticate");
                    let named = format!("error=\"insufficient_scope\", scope=\"{scope}\"");
                    assert!(challenge.ends_with(&named), "{what}: {challenge}");
                }
            }
        }
        let refused = app.records("admin.refused").await;
        assert!(refused.iter().any(|record| record["facts"]["reason"] == "insufficient_scope"
            && record["facts"]["by"] == "admin" && record["facts"]["admin_key_id"].is_string()));
        assert!(refused.iter().any(|record| record["facts"]["reason"] == "invalid_key"));
        app.finish().await;
    }

    async fn atk_34__what_an_operation_does_not_know_is_refused(app: TestApp) {
        let operator = Operator::of(&app).await;
        for operation in admin_operations() {
            let (method, path) = (operation.method, path(&operation));
            let what = format!("{method} {path}");
            let body = operation.has_body.then(|| json!({ "managed_by": "admin" }));
            let (status, detail) = operator.refused(method, &format!("{path}?is_admin=true"), body.clone()).await;
            assert_eq!(status, 400, "{what}: {detail}");
            assert!(detail.contains("query parameter"), "{what}: {detail}");
            if operation.has_body {
                let (status, detail) = operator.refused(method, &path, body).await;
                assert_eq!(status, 400, "{what}");
                assert!(detail.starts_with("managed_by: there is no such field; expected "), "{what}: {detail}");
                let too_much = " ".repeat(64 * 1024 + 1);
                for (content_type, text, expected) in [
                    ("text/plain", "{}", 415),
                    ("application/x-www-form-urlencoded", "a=b", 415),
                    ("application/json; charset=utf-16", "{}", 415),
                    ("application/json", "", 400),
                    ("application/json", "[]", 400),
                    ("application/json", "{", 400),
                    ("application/json", "{} {}", 400),
                    ("application/json", &too_much, 413),
                ] {
                    let headers = [("content-type", content_type)];
                    let reply = operator.raw(method, &path, &headers, Some(text.as_bytes())).await;
                    assert_eq!(reply.status, expected, "{what} {content_type}: {}", reply.text());
                }
            }
            if operation.path.contains('{') {
                for other in ["canary%204711", "\u{fc}", "_"] {
                    let bent = |part| if str::starts_with(part, "{") { other } else { part };
                    let bent: Vec<&str> = operation.path.split('/').map(bent).collect();
                    let body = operation.has_body.then(|| json!({}));
                    let reply = operator.call(method, &bent.join("/"), body.as_ref()).await;
                    // A client may well be called `_`, and the body be wrong.
                    assert!(matches!(reply.status, 400 | 404), "{what}: {}", reply.text());
                    assert!(reply.status == 404 || other == "_", "{what}: {}", reply.text());
                    assert!(!reply.text().contains("canary"), "{}", reply.text());
                }
            }
        }
        for query in [
            "limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=1&limit=2", "cursor=%20", "cursor=",
            "limit=%ff", "limit=%", "limit=1&LIMIT=1",
        ] {
            for list in ["users", "clients", "providers", "connections", "delegations", "admin-keys"] {
                let (status, detail) = operator.refused("GET", &format!("/{list}?{query}"), None).await;
                assert_eq!(status, 400, "{list}?{query}: {detail}");
            }
        }
        app.finish().await;
    }
}
