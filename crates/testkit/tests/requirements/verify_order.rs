//! What `audit verify` says of releases that follow the end of what they rest on. The server never makes such a record:
//! here it is written by hand.

use serde_json::{Value, json};
use vouchsafe_audit::{Event, EventKind};
use vouchsafe_fake_upstream::DEFAULT_CLIENT_ID;
use vouchsafe_testkit::{PASSWORD, TestApp, both_databases};

use crate::admin_support::{Operator, registered};

/// How many problems there are more once something was released in the name of `id`.
async fn found_of_release(app: &TestApp, fact: &'static str, id: &str) -> usize {
    let before = app.findings().await.len();
    let released = Event::new(EventKind::TokenExchanged).fact(fact, id);
    let noted = app.instance.authorization_server.recorder.note(released).await;
    noted.expect("the record takes it");
    app.findings().await.len() - before
}

fn id_of(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

both_databases! {
    async fn tv_18__a_change_of_what_is_switched_off_does_not_switch_it_on(app: TestApp) {
        let operator = Operator::of(&app).await;
        registered(&app, &operator, "api-agent").await;
        let user = operator.send("POST", "/users", json!({ "username": "grace", "password": PASSWORD })).await;
        let (user, provider) = (id_of(&user), |name: &str| json!({
            "template": "generic-oidc", "client_id": DEFAULT_CLIENT_ID,
            "override": { "display_name": name, "issuer": app.upstream.issuer("oidc"), "api": { "hosts": [app.upstream.base_url()], "resources": [app.resource("oidc")] } },
        }));
        let mut made = provider("The Other");
        made["id"] = json!("other");
        operator.send("POST", "/providers", made).await;
        let paths = ["/clients/api-agent".to_owned(), format!("/users/{user}"), "/providers/other".to_owned()];
        let facts = [("client_id", "api-agent"), ("user_id", &*user), ("provider_id", "other")];
        for path in &paths {
            operator.post(&format!("{path}/disable")).await;
        }
        operator.send("PATCH", &paths[0], json!({ "name": "Renamed" })).await;
        app.secret("a generated client secret", operator.post(&format!("{}/secrets", paths[0])).await["client_secret"].as_str().unwrap());
        operator.send("PUT", &format!("{}/password", paths[1]), json!({ "password": PASSWORD })).await;
        operator.send("PUT", &paths[2], provider("Renamed")).await;
        for (fact, id) in facts {
            assert_eq!(found_of_release(&app, fact, id).await, 1, "{fact}");
        }
        for path in &paths {
            operator.post(&format!("{path}/enable")).await;
        }
        for (fact, id) in facts {
            assert_eq!(found_of_release(&app, fact, id).await, 0, "{fact}");
        }
        app.finish_tampered().await;
    }

    async fn tv_18__nothing_is_released_under_a_session_that_an_administrator_ended(app: TestApp) {
        let operator = Operator::of(&app).await;
        for (name, method, path, body) in [
            ("grace", "POST", "sign-out", None),
            ("hopper", "POST", "disable", None),
            ("lovelace", "PUT", "password", Some(json!({ "password": PASSWORD }))),
        ] {
            let made = operator.send("POST", "/users", json!({ "username": name, "password": PASSWORD })).await;
            app.signed_in(name).await;
            let session = app.records("session.started").await.pop().unwrap()["facts"]["session_id"].as_str().unwrap().to_owned();
            assert_eq!(found_of_release(&app, "session_id", &session).await, 0, "{path}");
            operator.call(method, &format!("/users/{}/{path}", id_of(&made)), body.as_ref()).await;
            assert_eq!(found_of_release(&app, "session_id", &session).await, 1, "{path}");
        }
        app.finish_tampered().await;
    }
}
