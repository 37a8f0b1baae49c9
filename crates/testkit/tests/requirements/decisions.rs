//! Decisions about agents that others take or undo at the same moment.

use std::time::Duration;

use serde_json::json;
use vouchsafe_fake_upstream::Endpoint;
use vouchsafe_testkit::{Agent, Backend, Browser, Connected, PROVIDER, Page, TestApp, both_databases};

use crate::admin_support::{Operator, registered};

/// Lets every statement of this kind on a table take a while.
fn slow(app: &TestApp, what: &str, table: &str, when: &str) {
    app.sql("CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NEW; END $$ LANGUAGE plpgsql");
    app.sql(&format!(
        "CREATE TRIGGER slow BEFORE {what} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION slow()"
    ));
}

/// Until such a statement is under way.
async fn asleep(app: &TestApp) {
    let asleep = "SELECT query AS text FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while app.texts(asleep).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Ada, who has connected an account, and a second agent that may ask in her name. On PostgreSQL alone: where there is
/// one writer, nothing happens beside it.
struct Scene {
    app: TestApp,
    operator: Operator,
    browser: Browser,
    second: Agent,
    token: String,
}

async fn scene() -> Option<Scene> {
    let app = TestApp::start(Backend::postgres()?).await;
    let operator = Operator::of(&app).await;
    let Connected { mut browser, .. } = app.connected("ada").await;
    let second = registered(&app, &operator, "second").await;
    let token = app.subject_token(&mut browser, "second", &second).await;
    Some(Scene {
        app,
        operator,
        browser,
        second,
        token,
    })
}

async fn approve(mut browser: Browser, page: Page) -> Page {
    browser
        .submit(&page, Some("interaction"), &[("decision", "approve")])
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_19__leave_that_is_taken_while_more_is_given_is_not_given_back() {
    let Some(Scene {
        app,
        operator,
        mut browser,
        second,
        token,
    }) = scene().await
    else {
        return;
    };
    let asked = second.exchange(&token, PROVIDER, &[("scope", "read")]).await;
    app.approve(&mut browser, asked.member("interaction_uri")).await;
    let more = second.exchange(&token, PROVIDER, &[("scope", "write")]).await;
    let page = browser.open(more.member("interaction_uri")).await;
    slow(&app, "UPDATE", "delegations", "WHEN (NEW.decision = 'revoked')");
    let id = operator.get("/delegations?client_id=second").await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/delegations/{id}");
    let withdrawal = {
        let path = format!("{path}/withdraw");
        tokio::spawn(async move { operator.post(&path).await })
    };
    asleep(&app).await;
    let approved = approve(browser, page).await;
    assert_eq!(approved.reply.status, 303, "{}", approved.reply.text());
    assert_eq!(withdrawal.await.unwrap()["decision"], "revoked");
    let left = Operator::of(&app).await.get(&path).await;
    assert_eq!(
        (&left["decision"], &left["scope"]),
        (&json!("granted"), &json!("write"))
    );
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_19__a_session_that_ends_while_it_gives_leave_gives_none() {
    let Some(Scene {
        app,
        operator,
        mut browser,
        second,
        token,
    }) = scene().await
    else {
        return;
    };
    let asked = second.exchange(&token, PROVIDER, &[]).await;
    let page = browser.open(asked.member("interaction_uri")).await;
    slow(&app, "INSERT", "delegations", "");
    let approval = tokio::spawn(approve(browser, page));
    asleep(&app).await;
    let ada = operator.get("/users?username=ada").await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    operator.post(&format!("/users/{ada}/sign-out")).await;
    assert!(!approval.is_finished());
    approval.await.unwrap();
    assert_eq!(
        operator.get("/delegations?client_id=second").await["items"],
        json!([])
    );
    assert_eq!(
        app.records("delegation.granted").await.len(),
        1,
        "the first agent's"
    );
    app.finish().await;
}

both_databases! {
    async fn choosing_an_account_leaves_every_no_as_it_is(app: TestApp) {
        let operator = Operator::of(&app).await;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        for account in ["ada-at-work", "ada-in-the-club", "ada-of-old"] {
            app.upstream.state().next_account("oidc", account);
            let asked = agent.exchange(&subject_token, PROVIDER, &[("login_hint", account)]).await;
            let page = browser.open(asked.member("interaction_uri")).await;
            let left = browser.submit(&page, Some("interaction"), &[("decision", "approve"), ("connection", "new")]).await;
            browser.follow(left).await;
        }
        let id_of = |account: &str| app.texts(&format!("SELECT id AS text FROM connections WHERE account_label LIKE '{account}%'")).remove(0);
        let page = browser.open(&format!("{}/connections", app.base)).await;
        let denied = format!("deny-{}-{}", id_of("ada-at-work"), vouchsafe_testkit::AGENT_ID);
        browser.submit(&page, Some(&denied), &[]).await;
        operator.post(&format!("/connections/{}/revoke", id_of("ada-of-old"))).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(asked.member("reason"), "account_selection");
        let page = browser.open(asked.member("interaction_uri")).await;
        let chosen = id_of("ada-in-the-club");
        browser.submit(&page, Some("interaction"), &[("decision", "approve"), ("connection", &chosen)]).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let mut decisions = Vec::new();
        for delegation in operator.all("/delegations", 50).await {
            let label = app.texts(&format!("SELECT account_label AS text FROM connections WHERE id = '{}'", delegation["connection_id"].as_str().unwrap()));
            decisions.push((label[0].split('@').next().unwrap().to_owned(), delegation["decision"].as_str().unwrap().to_owned()));
        }
        decisions.sort();
        let expected = [("ada", "withdrawn"), ("ada-at-work", "denied"), ("ada-in-the-club", "granted"), ("ada-of-old", "granted")];
        assert_eq!(decisions, expected.map(|(account, decision)| (account.to_owned(), decision.to_owned())));
        assert_eq!(app.records("delegation.withdrawn").await.len(), 1);
        app.finish().await;
    }

    async fn an_old_secret_goes_without_a_pause_for_what_runs_under_the_new_one(app: TestApp) {
        let operator = Operator::of(&app).await;
        let Connected { mut browser, .. } = app.connected("ada").await;
        let first = registered(&app, &operator, "second").await;
        let made = operator.post("/clients/second/secrets").await;
        let secret = made["client_secret"].as_str().unwrap();
        app.secret("a generated client secret", secret);
        let agent = Agent::basic(&app.base, "second", secret);
        app.advance(Duration::from_secs(4_000));
        app.sign_in(&mut browser, "ada").await;
        let token = app.subject_token(&mut browser, "second", &agent).await;
        let asked = agent.exchange(&token, PROVIDER, &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        app.upstream.state().set_delay("oidc", Endpoint::Token, 700);
        let refreshes = || app.upstream.state().journal_of("oidc", Endpoint::Token).len();
        let before = refreshes();
        let exchange = |agent: &Agent| {
            let (agent, token) = (agent.clone(), token.clone());
            tokio::spawn(async move { agent.exchange(&token, PROVIDER, &[]).await })
        };
        let (with_new, with_old) = (exchange(&agent), exchange(&first));
        while refreshes() == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let secrets = operator.get("/clients/second").await["secrets"].clone();
        let old = secrets.as_array().unwrap().iter().find(|known| known["id"] != made["secret_id"]).unwrap();
        operator.call("DELETE", &format!("/clients/second/secrets/{}", old["id"].as_str().unwrap()), None).await;
        with_new.await.unwrap().token();
        // What rests on the one that is gone is refused, and told how to try again (TOK-5.2-03).
        let refused = with_old.await.unwrap();
        assert_eq!((refused.error(), refused.reply.status), ("invalid_client", 401));
        assert!(refused.reply.header("www-authenticate").starts_with("Basic "), "{:?}", refused.reply);
        app.finish().await;
    }
}
