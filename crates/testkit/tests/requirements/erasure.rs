//! Erasing a person: what is gone, what stays, and that the record verifies through all of it.

use std::time::Duration;

use serde_json::{Value, json};
use vouchsafe_model::AdminScope;
use vouchsafe_store::{Location, raw_sql};
use vouchsafe_testkit::{AGENT_ID, Agent, Browser, PASSWORD, PROVIDER, TestApp, both_databases};

use crate::admin_support::{Operator, connect};

const NAME: &str = "grace-brewster-hopper";

/// Somebody with a connection that an agent has used.
struct Person {
    path: String,
    browser: Browser,
    agent: Agent,
    subject_token: String,
}

async fn person(app: &TestApp, operator: &Operator) -> Person {
    let user = json!({ "username": NAME, "password": PASSWORD });
    let made = operator.send("POST", "/users", user).await;
    let mut browser = app.signed_in(NAME).await;
    let agent = app.agent();
    let subject_token = connect(app, &mut browser, AGENT_ID, &agent, NAME).await;
    Person {
        path: format!("/users/{}", made["id"].as_str().unwrap()),
        browser,
        agent,
        subject_token,
    }
}

/// The user, once nothing is left to forget.
async fn finished(app: &TestApp, operator: &Operator, path: &str) -> Value {
    for _ in 0..500 {
        let user = operator.get(path).await;
        if user["erasure"] == "finished" {
            return user;
        }
        assert_eq!(user["erasure"], "running", "{user}");
        // Providers are asked again after a pause.
        app.advance(Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("erasing does not come to an end");
}

fn texts_of(location: &Location, needles: &[String]) -> Vec<String> {
    let dump = raw_sql::dump(location);
    let held = |needle: &&String| {
        dump.windows(needle.len())
            .any(|window| window == needle.as_bytes())
    };
    needles.iter().filter(held).cloned().collect()
}

both_databases! {
    async fn va_06__an_erased_person_is_gone_and_the_record_stays_whole(app: TestApp) {
        let operator = Operator::with(&app, &[AdminScope::Read, AdminScope::Manage, AdminScope::Trust]).await;
        let Person { path, mut browser, agent, subject_token } = person(&app, &operator).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let account = app.texts("SELECT account_id AS text FROM connections").remove(0);
        let pseudonym = app.texts(&format!("SELECT pseudonym AS text FROM users WHERE username = '{NAME}'")).remove(0);
        let personal = [NAME.to_owned(), account];
        assert_eq!(texts_of(&app.location(), &personal), personal, "there is something to forget");
        let in_order = "SELECT entry.text FROM (SELECT seq, id AS text FROM records) AS entry ORDER BY seq";
        let entries = app.texts(in_order);

        let erased = operator.call("DELETE", &path, None).await.json();
        assert_eq!((&erased["status"], erased.get("username")), (&json!("erased"), None), "{erased}");
        // Dead at once, whatever else is still to do.
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        let page = browser.open(&format!("{}/connections", app.base)).await;
        assert!(page.redirect().unwrap().path().starts_with("/login"));
        let user = finished(&app, &operator, &path).await;
        assert_eq!((&user["status"], user.get("username")), (&json!("erased"), None));

        // Nothing that is there names the person, and the file of the embedded database holds nothing of what was.
        for _ in 0..200 {
            if texts_of(&app.location(), &personal).is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(texts_of(&app.location(), &personal), Vec::<String>::new());
        for table in ["user_credentials", "identities", "sessions", "interactions"] {
            let of = format!("SELECT user_id AS text FROM {table} WHERE user_id = '{}'", path.trim_start_matches("/users/"));
            assert_eq!(app.texts(&of), Vec::<String>::new(), "{table}");
        }
        for table in ["upstream_grants", "access_tokens", "data_keys", "upstream_revocation_secrets"] {
            assert_eq!(app.texts(&format!("SELECT 'a row' AS text FROM {table}")), Vec::<String>::new(), "{table}");
        }
        assert_eq!(app.texts("SELECT pseudonym AS text FROM users WHERE status = 'erased'"), [""]);
        // Every entry is where it was, with its body; who was erased is named by the pseudonym.
        assert_eq!(app.texts(in_order)[..entries.len()], entries);
        let said = app.records("user.erased").await.remove(0);
        assert_eq!((&said["user"], &said["facts"]["admin_key_id"]), (&json!(pseudonym), &json!(operator.id)));
        assert_eq!(app.records("user.erasure_finished").await.len(), 1);
        assert_eq!(app.records("connection.erased").await.len(), 1);

        // Nothing brings them back; the name is free.
        assert_eq!(operator.call("DELETE", &path, None).await.json(), user);
        assert_eq!(app.records("user.erased").await.len(), 1, "once");
        for (verb, way) in [("POST", "enable"), ("POST", "disable")] {
            let (status, sentence) = operator.refused(verb, &format!("{path}/{way}"), None).await;
            assert_eq!((status, sentence.as_str()), (409, "this user was erased, and nothing brings them back: create another"));
        }
        let password = Some(json!({ "password": PASSWORD }));
        assert_eq!(operator.refused("PUT", &format!("{path}/password"), password).await.0, 409);
        let again = operator.send("POST", "/users", json!({ "username": NAME })).await;
        assert_ne!(format!("/users/{}", again["id"].as_str().unwrap()), path);
        app.finish().await;
    }

    async fn va_06__nobody_else_is_touched_and_details_that_sql_removes_are_still_found(app: TestApp) {
        let operator = Operator::of(&app).await;
        let adas = app.connected("ada").await;
        let Person { path, .. } = person(&app, &operator).await;
        operator.call("DELETE", &path, None).await;
        finished(&app, &operator, &path).await;
        adas.agent.exchange(&adas.subject_token, PROVIDER, &[]).await.token();
        let pseudonym = app.texts("SELECT pseudonym AS text FROM users WHERE username = 'ada'").remove(0);
        let of_ada = app.records("token.exchanged").await;
        let seq = of_ada.iter().find(|body| body["user"] == json!(pseudonym)).unwrap()["seq"].clone();
        assert!(!app.texts(&format!("SELECT details AS text FROM records WHERE seq = {seq}")).is_empty());
        assert_eq!(app.findings().await, Vec::<String>::new());
        app.sql(&format!("UPDATE records SET salt = NULL, details = NULL WHERE seq = {seq}"));
        let findings = app.findings().await;
        assert!(
            matches!(findings.as_slice(), [only] if only.contains("no later user.erased says that the person was erased")),
            "{findings:?}"
        );
        app.finish_tampered().await;
    }

    async fn va_06__who_cannot_be_erased_is_refused_in_a_sentence(app: TestApp) {
        let operator = Operator::of(&app).await;
        let ada = operator.get("/users?username=ada").await["items"][0]["id"].as_str().unwrap().to_owned();
        let (status, sentence) = operator.refused("DELETE", &format!("/users/{ada}"), None).await;
        assert_eq!(
            (status, sentence.as_str()),
            (409, "this user is managed by the configuration file: take their entry out of it and restart, then erase them")
        );
        assert_eq!(operator.refused("DELETE", "/users/usr_01m8213x4kebmb6hxavcctz4hz", None).await.0, 404);
        let Person { path, .. } = person(&app, &operator).await;
        // Its pseudonym may be that of somebody else, whose record would be forgotten.
        app.sql(&format!("UPDATE users SET pseudonym = 'x' WHERE id = '{}'", path.trim_start_matches("/users/")));
        assert!(operator.refused("DELETE", &path, None).await.0 >= 500);
        assert_eq!(app.records("user.erased").await.len(), 0);
        app.finish_tampered().await;
    }
}
