//! What happens between a decision and its effect, and to those who have nothing to do with it.

use std::time::Duration;

use vouchsafe_fake_upstream::{Endpoint, SecretKind};
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, Backend, Browser, ClientSetup, Connected, PASSWORD, PROVIDER, TestApp,
    both_databases,
};

/// Waits until the provider has been asked: whatever is done then happens while the server waits for its answer.
async fn upstream_is_asked(app: &TestApp, times: usize) {
    for _ in 0..500 {
        if app.upstream.state().journal_of("oidc", Endpoint::Token).len() >= times {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the provider was not asked");
}

/// Ada's browser and a fresh subject token, after her upstream token has expired.
async fn with_a_cold_connection(app: &TestApp) -> (Browser, Agent, String) {
    let Connected {
        mut browser, agent, ..
    } = app.connected("ada").await;
    app.advance(Duration::from_secs(4_000));
    app.sign_in(&mut browser, "ada").await;
    let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
    (browser, agent, subject_token)
}

/// Bob, connected as well, and the form that takes his leave back.
async fn bob_withdraws(app: &TestApp, browser: &mut Browser) {
    let user = app
        .texts("SELECT id AS text FROM users WHERE username = 'bob'")
        .remove(0);
    let delegation = app
        .texts(&format!(
            "SELECT id AS text FROM delegations WHERE user_id = '{user}'"
        ))
        .remove(0);
    let page = browser.open(&format!("{}/connections", app.base)).await;
    let done = browser
        .submit(&page, Some(&format!("withdraw-{delegation}")), &[])
        .await;
    assert_eq!(done.reply.status, 303);
}

both_databases! {
    async fn a_refresh_that_kills_the_access_token_is_answered_at_once(app: TestApp) {
        let mut app = app;
        app.github_app_provider("hub-app").await;
        let whole = ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read write").ceiling("hub-app", "*");
        app.client(whole).await;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        app.upstream.state().next_account("github-app", "ada");
        let asked = agent.exchange(&subject_token, "hub-app", &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        agent.exchange(&subject_token, "hub-app", &[]).await.token();
        app.advance(Duration::from_secs(28_800));
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let answer = agent.exchange(&subject_token, "hub-app", &[]).await;
        assert!(app.upstream.state().is_live(answer.token()));
        app.finish().await;
    }

    async fn one_persons_no_does_not_touch_anybody_else(app: TestApp) {
        app.user("bob").await;
        let mut bob = app.connected("bob").await;
        // Ada is at the provider, holds a code, and waits for a refresh, all at once.
        let (mut ada, agent, subject_token) = with_a_cold_connection(&app).await;
        app.sign_in(&mut bob.browser, "bob").await;
        let code = app.code(&mut ada, AGENT_ID).await;
        let page = ada.open(&format!("{}/connect/{PROVIDER}", app.base)).await;
        app.upstream.state().next_account("oidc", "ada");
        let left = ada.submit(&page, Some("connect"), &[]).await;
        let before = app.upstream.state().journal_of("oidc", Endpoint::Token).len();
        app.upstream.state().set_delay("oidc", Endpoint::Token, 800);
        let exchange = {
            let (agent, subject_token) = (agent.clone(), subject_token.clone());
            tokio::spawn(async move { agent.exchange(&subject_token, PROVIDER, &[]).await })
        };
        upstream_is_asked(&app, before + 1).await;
        bob_withdraws(&app, &mut bob.browser).await;
        exchange.await.unwrap().token();
        app.upstream.state().set_delay("oidc", Endpoint::Token, 0);
        app.redeem(&agent, &code).await;
        assert_eq!(ada.follow(left).await.reply.status, 200);
        app.finish().await;
    }

    async fn te_2_1_17__a_subject_token_that_expires_while_the_provider_is_asked_is_refused(app: TestApp) {
        let (_, agent, subject_token) = with_a_cold_connection(&app).await;
        app.advance(Duration::from_secs(595));
        let before = app.upstream.state().journal_of("oidc", Endpoint::Token).len();
        app.upstream.state().set_delay("oidc", Endpoint::Token, 800);
        let exchange = {
            let agent = agent.clone();
            tokio::spawn(async move { agent.exchange(&subject_token, PROVIDER, &[]).await })
        };
        upstream_is_asked(&app, before + 1).await;
        app.advance(Duration::from_secs(20));
        assert_eq!(exchange.await.unwrap().error(), "invalid_request");
        app.finish().await;
    }

    async fn tv_09__tokens_of_a_disabled_client_are_worth_nothing_to_its_friends(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, subject_token, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        let linked = ClientSetup::new("second-agent", secret)
            .ceiling(PROVIDER, "openid read write")
            .with(|client| client.accepts_tokens_of = vec![AGENT_ID.parse().unwrap()]);
        app.client(linked).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        let asked = second.exchange(&subject_token, PROVIDER, &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        second.exchange(&subject_token, PROVIDER, &[]).await.token();
        let origin = vouchsafe_audit::Origin::background();
        app.instance.authorization_server.disable_client(&AGENT_ID.parse().unwrap(), &origin).await.unwrap();
        assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn one_tampered_provider_does_not_stop_the_others(app: TestApp) {
        let mut app = app;
        app.oidc_provider("second-idp", "static").await;
        let both = ClientSetup::new(AGENT_ID, AGENT_SECRET)
            .ceiling(PROVIDER, "openid read write")
            .ceiling("second-idp", "openid read write");
        app.client(both).await;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        app.sql("UPDATE providers SET client_id = 'x' WHERE id = 'second-idp'");
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        agent.exchange(&subject_token, PROVIDER, &[("resource", &app.resource("oidc"))]).await.token();
        assert_eq!(agent.exchange(&subject_token, "second-idp", &[]).await.error(), "temporarily_unavailable");
        app.finish_tampered().await;
    }

    async fn az_4_1_08__nobody_is_sent_to_a_client_before_signing_in(app: TestApp) {
        let mut nobody = Browser::default();
        let good = app.authorize_url(AGENT_ID);
        for bad in [good.replace("response_type=code", "response_type=token"), good.replace("scope=exchange", "scope=admin"), good] {
            let page = nobody.open(&bad).await;
            assert!(page.redirect().unwrap().path().starts_with("/login"), "{bad}");
        }
        app.finish().await;
    }

    async fn tv_15__credentials_that_cannot_be_read_are_on_the_record_too(app: TestApp) {
        let agent = app.agent();
        agent.exchange("x", PROVIDER, &[("client_secret", AGENT_SECRET)]).await.error();
        agent.exchange("x", PROVIDER, &[("client_id", "other")]).await.error();
        let reasons: Vec<String> = app.records("client_authentication.failed").await.iter()
            .map(|record| record["facts"]["reason"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(reasons, ["several_authentication_methods", "client_id_mismatch"]);
        app.finish().await;
    }

    async fn ar_04__a_row_that_was_put_back_by_sql_is_named(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, .. } = app.connected("ada").await;
        app.sql("CREATE TABLE old_clients AS SELECT * FROM clients");
        app.sql("CREATE TABLE old_keys AS SELECT * FROM admin_keys");
        app.client(ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read")).await;
        let page = browser.open(&format!("{}/connections", app.base)).await;
        browser.submit(&page, Some("sign-out"), &[]).await;
        let key = app.texts("SELECT id AS text FROM admin_keys").remove(0);
        let origin = vouchsafe_audit::Origin::background();
        app.instance.sign_in.delete_admin_key(&key.parse().unwrap(), &origin).await.unwrap();
        assert_eq!(app.findings().await, Vec::<String>::new());
        app.sql("UPDATE clients SET ceilings = (SELECT ceilings FROM old_clients), tag_mac = (SELECT tag_mac FROM old_clients)");
        app.sql("UPDATE sessions SET ended_at = NULL");
        app.sql("UPDATE authorization_codes SET redeemed_at = NULL");
        app.sql("UPDATE authorizations SET granted_at = granted_at + 1");
        app.sql("INSERT INTO admin_keys SELECT * FROM old_keys");
        let findings = app.findings().await.join("; ");
        for named in ["row briefing-agent of clients is not the one", "of sessions is back", "of authorization_codes is back", "of authorizations is not the one", &format!("row {key} of admin_keys is back")] {
            assert!(findings.contains(named), "{named}: {findings}");
        }
        app.finish_tampered().await;
    }
}

/// Waits until a statement that begins like this runs on PostgreSQL.
async fn is_under_way(app: &TestApp, statement: &str) {
    let running = format!(
        "SELECT query AS text FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '{statement}%'"
    );
    for _ in 0..500 {
        if !app.texts(&running).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{statement} never ran");
}

/// Makes a statement slow on PostgreSQL, so that another runs beside it for certain.
fn slow(app: &TestApp, table: &str, statement: &str, when: &str) {
    app.sql("CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(1.2); RETURN NEW; END $$ LANGUAGE plpgsql");
    app.sql(&format!(
        "CREATE TRIGGER slow BEFORE {statement} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION slow()"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_14__a_revocation_beside_a_refresh_revokes_the_token_that_is_alive() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let app = TestApp::start(backend).await;
    let (_, agent, subject_token) = with_a_cold_connection(&app).await;
    let connection = app.texts("SELECT id AS text FROM connections").remove(0);
    slow(&app, "connections", "UPDATE", "NEW.state = 'revoked'");
    let before = app.upstream.state().journal_of("oidc", Endpoint::Token).len();
    app.upstream.state().set_delay("oidc", Endpoint::Token, 400);
    let exchange = tokio::spawn(async move { agent.exchange(&subject_token, PROVIDER, &[]).await });
    upstream_is_asked(&app, before + 1).await;
    let answer = app
        .admin("POST", &format!("connections/{connection}/revoke"))
        .await
        .json();
    exchange.await.unwrap();
    assert_eq!(answer["state"], "revoked_upstream");
    let refresh_tokens: Vec<String> = app
        .upstream
        .state()
        .issued_secrets()
        .into_iter()
        .filter(|secret| secret.kind == SecretKind::RefreshToken)
        .map(|secret| secret.value)
        .collect();
    let sent = app.upstream.state().journal_of("oidc", Endpoint::Revoke);
    let newest = refresh_tokens.last().unwrap();
    assert!(
        sent.iter().any(|entry| entry.parameter("token") == Some(newest)),
        "the live refresh token was not revoked"
    );
    assert_eq!(app.upstream.state().live_tokens("oidc").len(), 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_begins_with_the_old_password_does_not_outlive_the_reset() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let app = TestApp::start(backend).await;
    slow(&app, "sessions", "INSERT", "true");
    let mut browser = Browser::default();
    let page = browser.open(&format!("{}/login", app.base)).await;
    let signing_in = tokio::spawn(async move {
        browser
            .submit(
                &page,
                Some("sign-in"),
                &[("username", "ada"), ("password", PASSWORD)],
            )
            .await;
        browser
    });
    is_under_way(&app, "INSERT INTO \"sessions\"").await;
    app.reset_password("ada", "another password of some length").await;
    let mut browser = signing_in.await.unwrap();
    let page = browser.open(&format!("{}/connections", app.base)).await;
    assert!(page.redirect().unwrap().path().starts_with("/login"));
    app.finish().await;
}
