//! Section 1.7: the vault exchange.

use std::time::Duration;

use futures_util::future::join_all;
use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, ClientSetup, Connected, PROVIDER, TestApp, both_databases};

both_databases! {
    async fn tv_01_02__a_users_token_never_reaches_another_users_exchange(app: TestApp) {
        app.user("bob").await;
        let ada = app.connected("ada").await;
        let bob = app.connected("bob").await;
        let account = |token: &str| {
            let live = app.upstream.state().live_tokens("oidc");
            live.into_iter().find(|known| known.token == token).map(|known| known.account).unwrap()
        };
        let both = (0..20).map(|n| {
            let (who, subject) = if n % 2 == 0 { ("ada", &ada.subject_token) } else { ("bob", &bob.subject_token) };
            let agent = ada.agent.clone();
            async move { (who, agent.exchange(subject, PROVIDER, &[("user_id", "bob"), ("sub", "bob")]).await) }
        });
        for (who, answer) in join_all(both).await {
            assert_eq!(account(answer.token()), who);
        }
        app.finish().await;
    }

    async fn tv_03__several_accounts_must_be_told_apart(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        // A second account of hers, and leave for it too.
        app.upstream.state().next_account("oidc", "ada-at-work");
        let asked = agent.exchange(&subject_token, PROVIDER, &[("login_hint", "ada-at-work")]).await;
        assert_eq!(asked.member("reason"), "authorization_needed");
        let page = browser.open(asked.member("interaction_uri")).await;
        let left = browser.submit(&page, Some("interaction"), &[("decision", "approve"), ("connection", "new")]).await;
        let done = browser.follow(left).await;
        assert_eq!(done.reply.status, 200, "{}", done.reply.text());
        let ambiguous = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!((ambiguous.error(), ambiguous.member("reason")), ("interaction_required", "account_selection"));
        let ids = app.texts("SELECT account_id AS text FROM connections ORDER BY created_at, id");
        let mut tokens = Vec::new();
        for id in &ids {
            let answer = agent.exchange(&subject_token, PROVIDER, &[("login_hint", id)]).await;
            tokens.push(answer.token().to_owned());
        }
        assert_ne!(tokens[0], tokens[1]);
        app.finish().await;
    }

    async fn tv_04__a_token_about_to_expire_is_refreshed_first(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        let life = 3_600;
        app.advance(Duration::from_secs(life - 50));
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
        answer.token();
        assert!(answer.json["expires_in"].as_u64().unwrap() > 60);
        assert_eq!(app.upstream.state().successful_refresh_count("oidc"), 1);
        app.finish().await;
    }

    async fn tv_05__many_callers_on_an_expired_connection_cause_one_refresh(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        app.advance(Duration::from_secs(4_000));
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        app.upstream.state().set_delay("oidc", Endpoint::Token, 200);
        let answers = join_all((0..50).map(|_| agent.exchange(&subject_token, PROVIDER, &[]))).await;
        let tokens: std::collections::HashSet<&str> = answers.iter().map(|answer| answer.token()).collect();
        assert_eq!(tokens.len(), 1);
        assert_eq!(app.upstream.state().refresh_count("oidc"), 1);
        app.finish().await;
    }

    async fn tv_06__less_than_the_grant_is_refused_where_the_provider_cannot_narrow(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let answer = agent.exchange(&subject_token, PROVIDER, &[("scope", "openid read")]).await;
        assert_eq!(answer.error(), "invalid_scope");
        agent.exchange(&subject_token, PROVIDER, &[("scope", "write openid read")]).await.token();
        app.finish().await;
    }

    async fn tv_06__less_than_the_grant_is_minted_where_the_provider_can(app: TestApp) {
        let mut app = app;
        app.narrowing_provider("narrowing").await;
        let both = ClientSetup::new(AGENT_ID, AGENT_SECRET)
            .ceiling(PROVIDER, "openid read write")
            .ceiling("narrowing", "read write");
        app.client(both).await;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        app.upstream.state().next_account("subset", "ada");
        let asked = agent.exchange(&subject_token, "narrowing", &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        let narrow = agent.exchange(&subject_token, "narrowing", &[("scope", "read")]).await;
        assert_eq!(narrow.member("scope"), "read");
        assert_eq!(app.power(narrow.token()), "read");
        let wide = agent.exchange(&subject_token, "narrowing", &[("scope", "read write")]).await;
        assert_eq!(app.power(wide.token()), "read write");
        app.finish().await;
    }

    async fn tv_07__a_scope_never_consented_upstream_asks_the_person_and_not_the_provider(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        app.client(ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read write admin")).await;
        let before = app.upstream.state().journal().len();
        let scope = [("scope", "openid read write admin")];
        let asked = agent.exchange(&subject_token, PROVIDER, &scope).await;
        assert_eq!((asked.error(), asked.member("reason")), ("interaction_required", "more_scopes"));
        assert_eq!(app.upstream.state().journal().len(), before);
        app.upstream.state().next_account("oidc", "ada");
        let done = app.approve(&mut browser, asked.member("interaction_uri")).await;
        assert_eq!(done.reply.status, 200, "{}", done.reply.text());
        let wider = agent.exchange(&subject_token, PROVIDER, &scope).await;
        assert_eq!(app.power(wider.token()), "admin openid read write");
        // The same connection, widened, not another one.
        assert_eq!(app.texts("SELECT id AS text FROM connections").len(), 1);
        app.finish().await;
    }

    async fn tv_08__provider_consent_alone_lets_no_agent_act(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = vouchsafe_testkit::Agent::basic(&app.base, "second-agent", secret);
        let subject_token = app.subject_token(&mut browser, "second-agent", &second).await;
        assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        app.finish().await;
    }

    async fn tv_09__whatever_is_disabled_stops_exchanges_at_once(app: TestApp) {
        let origin = vouchsafe_audit::Origin::background();
        let mut app = app;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let provider = PROVIDER.parse().unwrap();
        app.instance.identity_provider.disable_provider(&provider).await.unwrap();
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_target");
        app.oidc_provider(PROVIDER, "oidc").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.instance.authorization_server.disable_client(&AGENT_ID.parse().unwrap(), &origin).await.unwrap();
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_client");
        app.client(ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read write")).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let user = app.texts("SELECT id AS text FROM users").remove(0).parse().unwrap();
        app.instance.sign_in.disable_user(&user, &origin).await.unwrap();
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn tv_15__every_exchange_writes_one_record_with_what_matters(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let refused = app.records("exchange.refused").await.len();
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let released = app.records("token.exchanged").await.pop().unwrap();
        for fact in [
            "request_id", "client_id", "client_auth_method", "user_id", "actors", "audience", "provider_id",
            "connection_id", "delegation_id", "granted_scope", "rule", "token_fingerprint", "expires_at",
        ] {
            assert!(!released["facts"][fact].is_null(), "{fact}");
        }
        assert!(released["user"].is_string() && released["details"].is_string());
        let details = app.texts("SELECT details AS text FROM records WHERE event = 'token.exchanged'").pop().unwrap();
        assert!(details.contains("\"subject\"") && details.contains("127.0.0.1"), "{details}");
        assert_eq!(app.records("exchange.refused").await.len(), refused);
        agent.exchange(&subject_token, "elsewhere", &[]).await.error();
        let denied = app.records("exchange.refused").await.pop().unwrap();
        assert_eq!(denied["facts"]["reason"], "forbidden_target");
        assert_eq!(app.records("exchange.refused").await.len(), refused + 1);
        app.finish().await;
    }

    async fn tv_17__without_a_record_no_token_leaves(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        app.sql("ALTER TABLE records RENAME TO records_elsewhere");
        let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(answer.error(), "temporarily_unavailable");
        app.sql("ALTER TABLE records_elsewhere RENAME TO records");
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn up_13__a_dead_grant_asks_for_a_reconnect_under_the_same_id(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        let before = app.texts("SELECT id AS text FROM connections");
        app.upstream.state().revoke_by_user("oidc", "ada");
        app.advance(Duration::from_secs(4_000));
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!((asked.error(), asked.member("reason")), ("interaction_required", "reconnect"));
        // No second call upstream with a token that is known to be dead.
        let calls = app.upstream.state().refresh_count("oidc");
        agent.exchange(&subject_token, PROVIDER, &[]).await.error();
        assert_eq!(app.upstream.state().refresh_count("oidc"), calls);
        app.upstream.state().next_account("oidc", "ada");
        let done = app.approve(&mut browser, asked.member("interaction_uri")).await;
        assert_eq!(done.reply.status, 200, "{}", done.reply.text());
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_eq!(app.texts("SELECT id AS text FROM connections"), before);
        app.finish().await;
    }

    async fn up_13__an_operator_error_kills_no_grant(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        app.advance(Duration::from_secs(4_000));
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        app.upstream.state().fault("oidc", Endpoint::Token, Fault::InvalidClient, 1);
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "temporarily_unavailable");
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }
}
