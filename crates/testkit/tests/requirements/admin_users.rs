//! Users over the admin API: what an operator does, and what becomes of the person's browser and agents.

use std::time::Duration;

use serde_json::json;
use vouchsafe_model::AdminScope;
use vouchsafe_testkit::{AGENT_ID, Browser, PASSWORD, PROVIDER, TestApp, both_databases};

use crate::admin_support::{Operator, connect};

/// Whether this password opens a session.
async fn signs_in(app: &TestApp, username: &str, password: &str) -> bool {
    let mut browser = Browser::default();
    let page = browser.open(&format!("{}/login", app.base)).await;
    let fields = [("username", username), ("password", password)];
    browser.submit(&page, Some("sign-in"), &fields).await.reply.status == 303
}

both_databases! {
    async fn users_are_made_found_and_listed(app: TestApp) {
        let operator = Operator::of(&app).await;
        let made = operator.send("POST", "/users", json!({ "username": "Grace", "password": PASSWORD })).await;
        let id = made["id"].as_str().unwrap();
        assert_eq!((&made["username"], &made["status"], &made["managed_by"]), (&json!("grace"), &json!("active"), &json!("admin")));
        assert!(signs_in(&app, "grace", PASSWORD).await);
        assert_eq!(operator.get(&format!("/users/{id}")).await, made);
        assert_eq!(operator.get("/users?username=GRACE").await, json!({ "items": [made] }));
        assert_eq!(operator.get("/users?username=nobody").await, json!({ "items": [] }));
        let record = app.records("user.changed").await.pop().unwrap();
        assert_eq!((&record["facts"]["by"], &record["facts"]["admin_key_id"]), (&json!("admin"), &json!(operator.id)));
        assert_eq!(record["facts"]["created"], true);
        assert_eq!(operator.refused("GET", "/users?username=a%20b", None).await.0, 400);
        // By its hash, and without any.
        let hash = app.texts("SELECT password_hash AS text FROM user_credentials").remove(0);
        operator.send("POST", "/users", json!({ "username": "hopper", "password_hash": hash })).await;
        assert!(signs_in(&app, "hopper", PASSWORD).await);
        operator.send("POST", "/users", json!({ "username": "later" })).await;
        assert!(!signs_in(&app, "later", PASSWORD).await);
        for limit in [1, 2, 3, 4, 50] {
            let users = operator.all("/users", limit).await;
            let ids: Vec<&str> = users.iter().map(|user| user["id"].as_str().unwrap()).collect();
            assert!(ids.is_sorted(), "{limit} at a time");
            let mut names: Vec<&str> = users.iter().map(|user| user["username"].as_str().unwrap()).collect();
            names.sort_unstable();
            assert_eq!(names, ["ada", "grace", "hopper", "later"], "{limit} at a time");
        }
        let bare = operator.call("POST", "/users", Some(&json!({ "username": "x" }))).await;
        assert_eq!(bare.header("location"), format!("/admin/v1/users/{}", bare.json()["id"].as_str().unwrap()));
        app.finish().await;
    }

    async fn a_user_who_cannot_be_made_is_refused_in_a_sentence(app: TestApp) {
        let operator = Operator::of(&app).await;
        for (body, status, sentence) in [
            (json!({ "username": "ADA" }), 409, "there is a user of this name already"),
            (json!({ "username": "a b" }), 400, "username: a user name is 1 to 128 of the characters a-z 0-9 . _ - + @, in either case"),
            (json!({ "username": "x", "password": "short" }), 400, "password: it must have 8 to 1024 characters"),
            (json!({ "username": "x", "password": "x".repeat(1025) }), 400, "password: it must have 8 to 1024 characters"),
            (json!({ "username": "x", "password_hash": "$argon2id$x" }), 400, "password_hash: the password hash is no argon2id PHC string that this server can check"),
            (json!({ "username": "x", "password": PASSWORD, "password_hash": "x" }), 400, "password_hash: there is a password as well; keep one of them"),
            (json!({ "username": "x", "password": null }), 400, "password: expected a string"),
            (json!({ "username": "x", "status": "disabled" }), 400, "status: there is no such field; expected one of `username`, `password`, `password_hash`"),
        ] {
            assert_eq!(operator.refused("POST", "/users", Some(body.clone())).await, (status, sentence.to_owned()), "{body}");
        }
        assert_eq!(operator.all("/users", 50).await.len(), 1);
        app.finish().await;
    }

    async fn a_disabled_user_is_nobody_until_enabled(app: TestApp) {
        let operator = Operator::with(&app, &[AdminScope::Manage]).await;
        let made = operator.send("POST", "/users", json!({ "username": "grace", "password": PASSWORD })).await;
        let path = format!("/users/{}", made["id"].as_str().unwrap());
        let mut browser = app.signed_in("grace").await;
        let agent = app.agent();
        let subject_token = connect(&app, &mut browser, AGENT_ID, &agent, "grace").await;
        assert_eq!(operator.post(&format!("{path}/disable")).await["status"], "disabled");
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        assert!(!signs_in(&app, "grace", PASSWORD).await);
        let page = browser.open(&format!("{}/connections", app.base)).await;
        assert!(page.redirect().unwrap().path().starts_with("/login"));
        // Once more changes nothing and records nothing.
        operator.post(&format!("{path}/disable")).await;
        let disabled = app.records("user.disabled").await;
        assert_eq!(disabled.len(), 1);
        assert_eq!(disabled[0]["facts"]["admin_key_id"], operator.id);
        assert_eq!(operator.post(&format!("{path}/enable")).await["status"], "active");
        assert_eq!(app.records("user.changed").await.pop().unwrap()["facts"]["status"], "active");
        // What ended stays ended; the connection was never locked.
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        let mut browser = app.signed_in("grace").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn a_password_that_an_admin_sets_locks_what_was_connected(app: TestApp) {
        let operator = Operator::of(&app).await;
        let made = operator.send("POST", "/users", json!({ "username": "grace", "password": "the first of her passwords" })).await;
        let path = format!("/users/{}/password", made["id"].as_str().unwrap());
        app.advance(Duration::from_secs(1));
        assert!(operator.send("PUT", &path, json!({ "password": PASSWORD })).await["credentials_reset_at"].is_string());
        app.advance(Duration::from_secs(1));
        let mut browser = app.signed_in("grace").await;
        let agent = app.agent();
        let subject_token = connect(&app, &mut browser, AGENT_ID, &agent, "grace").await;
        app.advance(Duration::from_secs(1));
        app.secret("a password", "another password of hers");
        operator.send("PUT", &path, json!({ "password": "another password of hers" })).await;
        let record = app.records("user.changed").await.pop().unwrap();
        assert_eq!((&record["facts"]["password_changed"], &record["facts"]["admin_key_id"]), (&json!(true), &json!(operator.id)));
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        assert!(!signs_in(&app, "grace", PASSWORD).await);
        assert!(signs_in(&app, "grace", "another password of hers").await);
        app.advance(Duration::from_secs(1));
        operator.send("PUT", &path, json!({ "password": PASSWORD })).await;
        app.advance(Duration::from_secs(1));
        let mut browser = app.signed_in("grace").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!((asked.error(), asked.member("reason")), ("interaction_required", "reconnect"));
        for (body, sentence) in [
            (json!({}), "the body: expected password or password_hash"),
            (json!({ "password": "" }), "password: it must have 8 to 1024 characters"),
            (json!({ "password_hash": "" }), "password_hash: the password hash is no argon2id PHC string that this server can check"),
        ] {
            assert_eq!(operator.refused("PUT", &path, Some(body)).await, (400, sentence.to_owned()));
        }
        app.finish().await;
    }

    async fn signing_a_user_out_ends_every_session_and_nothing_else(app: TestApp) {
        let operator = Operator::with(&app, &[AdminScope::Revoke, AdminScope::Read]).await;
        let ada = operator.get("/users?username=ada").await["items"][0]["id"].as_str().unwrap().to_owned();
        let vouchsafe_testkit::Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let mut other = app.signed_in("ada").await;
        let path = format!("/users/{ada}/sign-out");
        // The user is managed by the configuration: taking away is never refused for that.
        assert_eq!(operator.post(&path).await, json!({ "sessions_ended": 2 }));
        for browser in [&mut browser, &mut other] {
            let page = browser.open(&format!("{}/connections", app.base)).await;
            assert!(page.redirect().unwrap().path().starts_with("/login"));
        }
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        assert_eq!(operator.post(&path).await, json!({ "sessions_ended": 0 }));
        let ended = app.records("session.ended").await;
        assert_eq!(ended.len(), 1);
        assert_eq!((&ended[0]["facts"]["reason"], &ended[0]["facts"]["count"]), (&json!("signed_out_by_admin"), &json!(2)));
        assert_eq!(ended[0]["changes"].as_array().unwrap().len(), 2);
        // A session that comes to life again by SQL is found.
        assert_eq!(app.findings().await, Vec::<String>::new());
        app.sql("UPDATE sessions SET ended_at = NULL");
        assert_eq!(app.findings().await.len(), 2);
        app.finish_tampered().await;
    }

    async fn a_session_that_ended_with_something_else_is_found_when_it_is_back(app: TestApp) {
        let operator = Operator::of(&app).await;
        for name in ["grace", "hopper"] {
            let made = operator.send("POST", "/users", json!({ "username": name, "password": PASSWORD })).await;
            app.signed_in(name).await;
            app.signed_in(name).await;
            let path = format!("/users/{}", made["id"].as_str().unwrap());
            match name {
                "grace" => operator.post(&format!("{path}/disable")).await,
                _ => operator.send("PUT", &format!("{path}/password"), json!({ "password": PASSWORD })).await,
            };
        }
        app.signed_in("ada").await;
        app.reset_password("ada", "another password of hers").await;
        assert_eq!(app.findings().await, Vec::<String>::new());
        app.sql("UPDATE sessions SET ended_at = NULL");
        let back = app.findings().await;
        assert_eq!(back.len(), 5, "{back:?}");
        assert!(back.iter().all(|one| one.contains("of sessions is back")), "{back:?}");
        app.finish_tampered().await;
    }

    async fn a_user_of_the_configuration_is_changed_there(app: TestApp) {
        let operator = Operator::of(&app).await;
        let ada = operator.get("/users?username=ada").await["items"][0]["id"].as_str().unwrap().to_owned();
        let sentence = "this user is managed by the configuration file: change it there";
        for (method, path, body) in [
            ("POST", "disable", None),
            ("POST", "enable", None),
            ("PUT", "password", Some(json!({ "password": "another password" }))),
        ] {
            let refused = operator.refused(method, &format!("/users/{ada}/{path}"), body).await;
            assert_eq!(refused, (409, sentence.to_owned()));
        }
        assert!(signs_in(&app, "ada", PASSWORD).await);
        app.finish().await;
    }

    async fn ar_04__a_user_changed_by_sql_is_neither_listed_nor_enabled(app: TestApp) {
        let operator = Operator::of(&app).await;
        let made = operator.send("POST", "/users", json!({ "username": "grace", "password": PASSWORD })).await;
        let path = format!("/users/{}", made["id"].as_str().unwrap());
        operator.post(&format!("{path}/disable")).await;
        app.sql("UPDATE users SET username = 'mallory' WHERE username = 'grace'");
        for (method, path) in [("GET", path.clone()), ("POST", format!("{path}/enable"))] {
            let (status, detail) = operator.refused(method, &path, None).await;
            assert_eq!(status, 500);
            assert!(detail.starts_with("the stored row was changed past the server"), "{detail}");
        }
        assert_eq!(operator.all("/users", 50).await.len(), 1);
        app.finish_tampered().await;
    }
}
