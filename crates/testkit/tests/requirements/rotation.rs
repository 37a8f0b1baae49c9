//! A provider rotates its refresh token in an answer that is of no use otherwise: the grant outlives it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use vouchsafe_fake_upstream::{Endpoint, Fault, Part, SecretKind};
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, Browser, ClientSetup, Connected, PROVIDER, TestApp, both_databases,
};

/// Rotated answers without a usable access token.
fn spoilt() -> Vec<Fault> {
    let field = |name: &str, value| Fault::Field {
        pointer: format!("/{name}"),
        value: Some(value),
    };
    vec![
        Fault::NoAccessToken,
        field("access_token", json!(7)),
        Fault::TokenType(json!("foo")),
        Fault::TokenType(json!(null)),
        field("id_token", json!(["no", "token"])),
    ]
}

/// Later, when every access token at the provider has ended; with a fresh subject token.
async fn a_day_later(app: &TestApp, browser: &mut Browser, agent: &Agent) -> String {
    app.advance(Duration::from_secs(86_400));
    app.sign_in(browser, "ada").await;
    app.subject_token(browser, AGENT_ID, agent).await
}

/// Every refresh token that was sent to the provider, in order.
fn sent(app: &TestApp, personality: &str) -> Vec<String> {
    let entries = app.upstream.state().journal_of(personality, Endpoint::Token);
    let tokens = entries
        .iter()
        .filter_map(|entry| entry.parameter("refresh_token"));
    tokens.map(str::to_owned).collect()
}

/// No refresh token was sent twice, so the provider has never seen a replay; and it still honours a successor.
fn no_token_was_replayed(app: &TestApp, personality: &str) {
    let sent = sent(app, personality);
    let distinct: BTreeSet<&String> = sent.iter().collect();
    assert_eq!(distinct.len(), sent.len(), "a refresh token was sent twice");
    let live = app.upstream.state().live_tokens(personality);
    assert!(live.iter().any(|token| token.kind == SecretKind::RefreshToken));
}

/// Ada's leave for a second provider, got with her consent there.
async fn approved(app: &TestApp, connected: &mut Connected, provider: &str, personality: &str) {
    app.upstream.state().next_account(personality, "ada");
    let asked = connected
        .agent
        .exchange(&connected.subject_token, provider, &[])
        .await;
    let page = app
        .approve(&mut connected.browser, asked.member("interaction_uri"))
        .await;
    assert_eq!(page.reply.status, 200, "{}", page.reply.text());
}

async fn slack_provider(app: &TestApp, id: &str) {
    let at = format!("{}/slack", app.upstream.base_url());
    let fields = format!(
        r#"
        authorize_url = "{at}/oauth/v2/authorize"
        token_url = "{at}/api/oauth.v2.access"
        default_scopes = ["chat:write", "user:search:read"]
        revoke = {{ url = "{at}/api/auth.revoke" }}
        introspect = {{ url = "{at}/api/auth.test" }}
        api = {{ hosts = ["{host}"], resources = ["{at}/api"] }}
        "#,
        host = app.upstream.base_url(),
    );
    app.provider(id, "slack", &fields).await;
}

both_databases! {
    async fn up_10__a_refresh_token_in_an_unusable_answer_saves_the_grant(app: TestApp) {
        // The provider ends the whole grant when a spent refresh token comes again.
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        for fault in spoilt() {
            let subject_token = a_day_later(&app, &mut browser, &agent).await;
            let failed = app.records("refresh.failed").await.len();
            app.upstream.state().fault("oidc", Endpoint::Token, fault.clone(), 1);
            let refused = agent.exchange(&subject_token, PROVIDER, &[]).await;
            assert_eq!(refused.error(), "temporarily_unavailable", "{fault:?}");
            // It is on the record before the client has its answer.
            let records = app.records("refresh.failed").await;
            assert_eq!(records.len(), failed + 1, "{fault:?}");
            assert_eq!(records[failed]["facts"]["rotated"], true, "{fault:?}");
            assert_eq!(app.findings().await, Vec::<String>::new(), "{fault:?}");
            let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
            assert!(app.upstream.state().is_live(answer.token()), "{fault:?}");
        }
        assert_eq!(sent(&app, "oidc").len(), 2 * spoilt().len());
        no_token_was_replayed(&app, "oidc");
        assert_eq!(app.records("connection.needs_consent").await.len(), 0);
        app.finish().await;
    }

    async fn up_10__unusable_answers_in_a_row_lose_nothing(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        let subject_token = a_day_later(&app, &mut browser, &agent).await;
        app.upstream.state().fault("oidc", Endpoint::Token, Fault::NoAccessToken, 4);
        for _ in 0..4 {
            let refused = agent.exchange(&subject_token, PROVIDER, &[]).await;
            assert_eq!(refused.error(), "temporarily_unavailable");
        }
        let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert!(app.upstream.state().is_live(answer.token()));
        assert_eq!(sent(&app, "oidc").len(), 5);
        no_token_was_replayed(&app, "oidc");
        app.finish().await;
    }

    async fn up_10__an_unusable_answer_that_has_killed_the_access_token_saves_the_grant(app: TestApp) {
        let mut app = app;
        app.github_app_provider("hub-app").await;
        let whole = ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read write").ceiling("hub-app", "*");
        app.client(whole).await;
        let mut connected = app.connected("ada").await;
        approved(&app, &mut connected, "hub-app", "github-app").await;
        let Connected { mut browser, agent, .. } = connected;
        for fault in [Fault::NoAccessToken, Fault::TokenType(json!("foo"))] {
            let subject_token = a_day_later(&app, &mut browser, &agent).await;
            app.upstream.state().fault("github-app", Endpoint::Token, fault.clone(), 1);
            let refused = agent.exchange(&subject_token, "hub-app", &[]).await;
            assert_eq!(refused.error(), "temporarily_unavailable", "{fault:?}");
            assert_eq!(app.findings().await, Vec::<String>::new(), "{fault:?}");
            let answer = agent.exchange(&subject_token, "hub-app", &[]).await;
            assert!(app.upstream.state().is_live(answer.token()), "{fault:?}");
        }
        no_token_was_replayed(&app, "github-app");
        app.finish().await;
    }

    async fn up_10__either_of_two_chains_outlives_an_unusable_answer(app: TestApp) {
        let mut app = app;
        slack_provider(&app, "team-chat").await;
        let whole = ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read write").ceiling("team-chat", "*");
        app.client(whole).await;
        let mut connected = app.connected("ada").await;
        approved(&app, &mut connected, "team-chat", "slack").await;
        let Connected { mut browser, agent, .. } = connected;
        let chains = [("chat:write", Part::Bot), ("user:search:read", Part::User)];
        for (spoilt_scope, _) in chains {
            for fault in [Fault::NoAccessToken, Fault::TokenType(json!("foo")), Fault::TokenType(json!(null))] {
                let subject_token = a_day_later(&app, &mut browser, &agent).await;
                app.upstream.state().fault("slack", Endpoint::Token, fault.clone(), 1);
                let refused = agent.exchange(&subject_token, "team-chat", &[("scope", spoilt_scope)]).await;
                assert_eq!(refused.error(), "temporarily_unavailable", "{spoilt_scope} {fault:?}");
                for (scope, part) in chains {
                    let answer = agent.exchange(&subject_token, "team-chat", &[("scope", scope)]).await;
                    let live = app.upstream.state().live_tokens("slack");
                    let released = live.iter().find(|token| token.token == answer.token());
                    assert_eq!(released.map(|token| token.part), Some(part), "{spoilt_scope} {fault:?}");
                }
            }
        }
        no_token_was_replayed(&app, "slack");
        app.finish().await;
    }

    async fn up_13__a_refresh_token_beside_an_error_is_never_used(app: TestApp) {
        let mut app = app;
        slack_provider(&app, "team-chat").await;
        let whole = ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read write").ceiling("team-chat", "*");
        app.client(whole).await;
        let mut connected = app.connected("ada").await;
        approved(&app, &mut connected, "team-chat", "slack").await;
        let Connected { mut browser, agent, .. } = connected;
        let planted = "a-refresh-token-that-nobody-issued";
        app.secret("a planted refresh token", planted);
        for (provider, personality, scope, error) in [
            (PROVIDER, "oidc", "openid read write", json!({"error": "server_error", "refresh_token": planted})),
            (PROVIDER, "oidc", "openid read write", json!({"error": "something_new", "refresh_token": planted})),
            ("team-chat", "slack", "chat:write", json!({"ok": false, "token_type": "bot", "refresh_token": planted})),
        ] {
            let subject_token = a_day_later(&app, &mut browser, &agent).await;
            let spoilt = Fault::Status { code: 200, body: error.to_string(), retry_after: None };
            app.upstream.state().fault(personality, Endpoint::Token, spoilt, 1);
            let scope = [("scope", scope)];
            let refused = agent.exchange(&subject_token, provider, &scope).await;
            assert_eq!(refused.error(), "temporarily_unavailable", "{error}");
            assert_eq!(app.records("refresh.failed").await.pop().unwrap()["facts"]["rotated"], false);
            agent.exchange(&subject_token, provider, &scope).await.token();
            assert!(!sent(&app, personality).contains(&planted.to_owned()));
        }
        app.finish().await;
    }
}
