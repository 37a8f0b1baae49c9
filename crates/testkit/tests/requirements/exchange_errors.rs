//! RFC 8693 section 2.2.2: errors. The token endpoint's own mechanics are in `client_authentication`.

use std::time::Duration;

use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_oauth_types::GrantType;
use vouchsafe_testkit::{AGENT_ID, Agent, ClientSetup, Connected, PROVIDER, TestApp, both_databases};

both_databases! {
    async fn te_2_2_2_01_02_03_04_05__each_failure_has_its_code(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let mut app = app;
        let setup = ClientSetup::new("reader", "a-secret-of-a-client-without-the-grant-01")
            .with(|client| client.grant_types = vec![GrantType::AuthorizationCode]);
        app.client(setup).await;
        assert_eq!(agent.exchange("rubbish", PROVIDER, &[]).await.error(), "invalid_request");
        assert_eq!(agent.exchange(&subject_token, "elsewhere", &[]).await.error(), "invalid_target");
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[("scope", "admin")]).await.error(), "invalid_scope");
        let stranger = Agent::basic(&app.base, "stranger", "stranger");
        let refused = stranger.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(refused.error(), "invalid_client");
        assert!(refused.reply.header("www-authenticate").starts_with("Basic "));
        let posted = Agent::post(&app.base, "stranger", "stranger").exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(posted.error(), "invalid_client");
        let unregistered = Agent::basic(&app.base, "reader", "a-secret-of-a-client-without-the-grant-01");
        let refused = unregistered.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(refused.error(), "unauthorized_client");
        app.finish().await;
    }

    async fn te_2_2_2_06__a_person_who_can_help_is_named_by_a_link(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let agent = app.agent();
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(asked.error(), "interaction_required");
        assert_eq!(asked.member("reason"), "authorization_needed");
        assert_eq!(asked.json["interval"], 5);
        assert!(asked.member("interaction_uri").starts_with(&format!("{}/interaction/itn_", app.base)));
        // The same request gets the same link; looking at it changes nothing.
        browser.open(asked.member("interaction_uri")).await;
        let again = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(again.member("interaction_uri"), asked.member("interaction_uri"));
        app.finish().await;
    }

    async fn te_2_2_2_08__an_upstream_outage_is_503_and_kills_nothing(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        for fault in [
            Fault::status(500),
            Fault::status(503),
            Fault::too_many_requests("7"),
            Fault::HtmlPage { status: 200 },
            Fault::HangUpBeforeProcessing,
        ] {
            // The stored token is dead by then, and refreshing fails.
            app.advance(Duration::from_secs(4_000));
            app.sign_in(&mut browser, "ada").await;
            let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
            app.upstream.state().fault("oidc", Endpoint::Token, fault.clone(), 1);
            let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
            assert_eq!(answer.error(), "temporarily_unavailable");
            assert!(answer.reply.header("retry-after").parse::<u64>().is_ok());
            // A provider that asked for a pause gets it (UP-13); the grant is unharmed.
            app.advance(Duration::from_secs(7));
            let again = agent.exchange(&subject_token, PROVIDER, &[]).await;
            assert_eq!(again.reply.status, 200, "after {fault:?}: {}", again.reply.text());
        }
        app.finish().await;
    }

    async fn te_2_2_2_09__an_error_echoes_nothing(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let canary = "canary\u{1b}[31m<script>'\"canary";
        for answer in [
            agent.exchange(canary, canary, &[("scope", canary), ("login_hint", canary)]).await,
            agent.exchange(&subject_token, canary, &[]).await,
            agent.exchange(&subject_token, PROVIDER, &[("requested_token_type", canary)]).await,
            agent.request(&[("grant_type", canary)]).await,
        ] {
            answer.error();
            assert!(!answer.reply.text().contains("canary"), "{}", answer.reply.text());
            let allowed = |b: u8| matches!(b, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert!(answer.member("error_description").bytes().all(allowed));
        }
        app.finish().await;
    }
}
