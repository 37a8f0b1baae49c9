//! The rules that the attack review added (AR), where they show over HTTP or by SQL.

use std::time::Duration;

use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, ClientSetup, Connected, Http, PROVIDER, TestApp, both_databases,
};

both_databases! {
    async fn ar_01__leave_comes_from_a_browser_session_and_from_no_token(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let agent = app.agent();
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        let uri = asked.member("interaction_uri");
        let bearer = format!("Bearer {subject_token}");
        for authorization in [bearer.as_str(), &format!("Bearer {}", app.admin_key)] {
            let headers = [("authorization", authorization), ("content-type", "application/x-www-form-urlencoded")];
            let reply = Http::default().send("POST", uri, &headers, Some(b"decision=approve")).await;
            assert_ne!(reply.status, 200);
        }
        // A session without the CSRF token of its own page does nothing either.
        let forged = browser.post(uri, &[("decision", "approve")]).await;
        assert_eq!(forged.reply.status, 403);
        assert_eq!(app.texts("SELECT id AS text FROM delegations"), Vec::<String>::new());
        assert_eq!(app.texts("SELECT id AS text FROM connect_attempts"), Vec::<String>::new());
        app.finish().await;
    }

    async fn ar_01__an_old_session_must_prove_again_who_it_is(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let agent = app.agent();
        app.advance(Duration::from_secs(16 * 60));
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        let uri = asked.member("interaction_uri").to_owned();
        assert!(browser.open(&uri).await.redirect().unwrap().path().starts_with("/login"));
        // With everything a page of this session would send, except a recent sign-in.
        let page = browser.open(&format!("{}/connections", app.base)).await.reply.text();
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let forced = browser.post(&uri, &[("decision", "approve"), ("csrf", &csrf)]).await;
        assert!(forced.redirect().unwrap().path().starts_with("/login"), "{}", forced.reply.text());
        assert_eq!(app.texts("SELECT id AS text FROM delegations"), Vec::<String>::new());
        assert_eq!(app.texts("SELECT id AS text FROM connect_attempts"), Vec::<String>::new());
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn ar_03__a_provider_moved_to_another_host_gets_no_stored_secret(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        // The operator's entry now names another token host: nothing sealed for the old one may go there.
        let elsewhere = vouchsafe_fake_upstream::FakeUpstream::start(vouchsafe_fake_upstream::Options::default()).unwrap();
        app.moved_provider(PROVIDER, "oidc", elsewhere.base_url()).await;
        app.advance(Duration::from_secs(4_000));
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!((asked.error(), asked.member("reason")), ("interaction_required", "reconnect"));
        assert!(elsewhere.state().journal().is_empty());
        app.finish().await;
    }

    async fn ar_04__a_delegation_inserted_by_sql_gives_nothing(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        let subject_token = app.subject_token(&mut browser, "second-agent", &second).await;
        app.sql("CREATE TABLE copied AS SELECT * FROM delegations");
        app.sql("UPDATE copied SET client_id = 'second-agent', id = 'dlg_00000000000000000000000001'");
        app.sql("INSERT INTO delegations SELECT * FROM copied");
        assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        let findings = app.findings().await;
        assert!(findings.iter().any(|f| f.contains("dlg_00000000000000000000000001") && f.contains("inserted past the server")), "{findings:?}");
        assert!(findings.iter().any(|f| f.contains("dlg_00000000000000000000000001") && f.contains("MAC")), "{findings:?}");
        app.finish_tampered().await;
    }

    async fn ar_04__rows_that_grant_and_were_changed_by_sql_grant_nothing(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        // Each change on its own, undone again.
        for (sql, undo, error) in [
            ("UPDATE clients SET name = 'x'", "UPDATE clients SET name = 'The briefing-agent'", "invalid_client"),
            ("UPDATE users SET username = 'eve'", "UPDATE users SET username = 'ada'", "invalid_request"),
            ("UPDATE sessions SET expires_at = expires_at + 1", "UPDATE sessions SET expires_at = expires_at - 1", "invalid_request"),
            ("UPDATE authorizations SET granted_at = granted_at + 1", "UPDATE authorizations SET granted_at = granted_at - 1", "invalid_request"),
            ("UPDATE delegations SET expires_at = 99999999999999", "UPDATE delegations SET expires_at = NULL", "interaction_required"),
        ] {
            app.sql(sql);
            assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), error, "{sql}");
            app.sql(undo);
            agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        }
        app.finish().await;
    }

    async fn ar_04__a_secret_digest_copied_to_another_client_authenticates_nobody(app: TestApp) {
        let mut app = app;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret)).await;
        app.sql("UPDATE clients SET secrets = (SELECT secrets FROM clients WHERE id = 'second-agent'), tag_mac = (SELECT tag_mac FROM clients WHERE id = 'second-agent') WHERE id = 'briefing-agent'");
        let thief = Agent::basic(&app.base, AGENT_ID, secret);
        assert_eq!(thief.exchange("x", PROVIDER, &[]).await.error(), "invalid_client");
        app.finish_tampered().await;
    }

    async fn ar_05_06__revoked_is_for_ever_here_and_upstream(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let token = agent.exchange(&subject_token, PROVIDER, &[]).await.token().to_owned();
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        let revoked = app.admin("POST", &format!("connections/{connection}/revoke")).await;
        assert_eq!(revoked.status, 200, "{}", revoked.text());
        let answer = revoked.json();
        assert_eq!(answer["state"], "revoked_upstream");
        assert_eq!(answer["forgotten"], true);
        assert!(!app.upstream.state().is_live(&token));
        assert_eq!(app.texts("SELECT origin_row AS text FROM upstream_revocation_secrets"), Vec::<String>::new());
        assert_eq!(app.texts("SELECT id AS text FROM data_keys"), Vec::<String>::new());
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!((asked.error(), asked.member("reason")), ("interaction_required", "authorization_needed"));
        app.upstream.state().next_account("oidc", "ada");
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let now = app.texts("SELECT id AS text FROM connections");
        assert!(now.len() == 2 && now.contains(&connection));
        // Un-revoking by SQL brings nothing back, and shows.
        app.sql(&format!("UPDATE connections SET state = 'active', state_at = NULL WHERE id = '{connection}'"));
        let findings = app.findings().await.join("; ");
        assert!(findings.contains(&format!("row {connection} of connections was changed past the server")), "{findings}");
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[("login_hint", &connection)]).await.error(), "interaction_required");
        app.finish_tampered().await;
    }

    async fn ar_05__what_the_provider_does_not_confirm_is_said_as_it_is(app: TestApp) {
        use vouchsafe_fake_upstream::{Endpoint, Fault};
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let token = agent.exchange(&subject_token, PROVIDER, &[]).await.token().to_owned();
        app.upstream.state().fault("oidc", Endpoint::Revoke, Fault::status(503), 50);
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        let answer = app.admin("POST", &format!("connections/{connection}/revoke")).await.json();
        assert_eq!((answer["state"].as_str(), answer["forgotten"].as_bool()), (Some("pending_upstream"), Some(false)));
        assert!(!answer["exposed_until"].is_null());
        assert_eq!(answer["raw_releases_alive"][0]["client_id"], AGENT_ID);
        // Dead here at once, whatever the provider says.
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        app.upstream.state().clear_faults("oidc");
        let mut confirmed = false;
        for _ in 0..100 {
            app.advance(Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(20)).await;
            confirmed = app.texts("SELECT state AS text FROM upstream_revocations") == ["revoked_upstream"];
            if confirmed {
                break;
            }
        }
        assert!(confirmed && !app.upstream.state().is_live(&token));
        app.finish().await;
    }

    async fn ar_08__a_token_without_bounded_life_is_not_handed_out_raw(app: TestApp) {
        let mut app = app;
        app.github_provider("hub").await;
        let plain = ClientSetup::new(AGENT_ID, AGENT_SECRET)
            .ceiling(PROVIDER, "openid read write")
            .ceiling("hub", "read:user repo");
        app.client(plain).await;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        app.upstream.state().next_account("github", "ada");
        let asked = agent.exchange(&subject_token, "hub", &[]).await;
        assert_eq!(asked.error(), "interaction_required");
        let done = app.approve(&mut browser, asked.member("interaction_uri")).await;
        assert_eq!(done.reply.status, 200, "{}", done.reply.text());
        assert_eq!(agent.exchange(&subject_token, "hub", &[]).await.error(), "invalid_target");
        let allowed = ClientSetup::new(AGENT_ID, AGENT_SECRET)
            .ceiling(PROVIDER, "openid read write")
            .ceiling("hub", "read:user repo")
            .unbounded_raw();
        app.client(allowed).await;
        let answer = agent.exchange(&subject_token, "hub", &[]).await;
        assert!(app.upstream.state().is_live(answer.token()));
        assert!(answer.json.get("expires_in").is_none());
        let connections = "SELECT id AS text FROM connections WHERE provider_id = 'hub'";
        let connection = app.texts(connections).remove(0);
        let revoked = app.admin("POST", &format!("connections/{connection}/revoke")).await.json();
        assert_eq!(revoked["state"], "revoked_upstream");
        assert!(!app.upstream.state().is_live(answer.token()));
        app.finish().await;
    }

    async fn ar_10__a_token_of_unknown_power_needs_leave_for_everything(app: TestApp) {
        let mut app = app;
        app.github_app_provider("hub-app").await;
        let bounded = ClientSetup::new(AGENT_ID, AGENT_SECRET)
            .ceiling(PROVIDER, "openid read write")
            .ceiling("hub-app", "contents:write issues:write metadata:read");
        app.client(bounded).await;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        app.upstream.state().next_account("github-app", "ada");
        let asked = agent.exchange(&subject_token, "hub-app", &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        let answer = agent.exchange(&subject_token, "hub-app", &[]).await;
        assert_ne!(answer.reply.status, 200);
        let whole = ClientSetup::new(AGENT_ID, AGENT_SECRET)
            .ceiling(PROVIDER, "openid read write")
            .ceiling("hub-app", "*");
        app.client(whole).await;
        let asked = agent.exchange(&subject_token, "hub-app", &[]).await;
        assert_eq!(asked.error(), "interaction_required");
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        agent.exchange(&subject_token, "hub-app", &[]).await.token();
        app.finish().await;
    }

    async fn ar_11__without_leave_the_answer_does_not_tell_whether_a_connection_exists(app: TestApp) {
        let mut app = app;
        app.user("bob").await;
        let Connected { mut browser, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        let connected = app.subject_token(&mut browser, "second-agent", &second).await;
        let mut other = app.signed_in("bob").await;
        let unconnected = app.subject_token(&mut other, "second-agent", &second).await;
        let same = |mut answer: vouchsafe_testkit::Answer| {
            answer.json["interaction_uri"] = "…".into();
            answer.json
        };
        let more = [vec![], vec![("scope", "openid read")], vec![("login_hint", "ada")], vec![("scope", "write")]];
        // Healthy; then dead at the provider; then two accounts.
        for (state, more) in (0..3).flat_map(|state| more.iter().map(move |more| (state, more))) {
            if state == 1 && more.is_empty() {
                app.sql("UPDATE connections SET state = 'needs_consent', state_reason = 'grant_dead', state_at = 1");
            }
            if state == 2 && more.is_empty() {
                app.sql("CREATE TABLE copied AS SELECT * FROM connections");
                app.sql("UPDATE copied SET id = 'con_00000000000000000000000001', account_id = 'other'");
                app.sql("INSERT INTO connections SELECT * FROM copied");
            }
            let a = second.exchange(&connected, PROVIDER, more).await;
            let b = second.exchange(&unconnected, PROVIDER, more).await;
            assert_eq!(a.error(), "interaction_required");
            assert_eq!(same(a), same(b));
        }
        app.finish_tampered().await;
    }

    async fn ar_12__a_link_opens_only_for_its_user_and_looking_consumes_nothing(app: TestApp) {
        app.user("bob").await;
        let mut browser = app.signed_in("ada").await;
        let agent = app.agent();
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        let uri = asked.member("interaction_uri").to_owned();
        let mut other = app.signed_in("bob").await;
        let page = other.open(&uri).await;
        assert_eq!(page.reply.status, 404);
        let missing = other.open(&format!("{}/interaction/itn_00000000000000000000000000", app.base)).await;
        assert_eq!(missing.reply.status, 404);
        for _ in 0..3 {
            assert_eq!(browser.open(&uri).await.reply.status, 200);
        }
        // Another scope is another request, with a link of its own.
        let narrower = agent.exchange(&subject_token, PROVIDER, &[("scope", "openid read")]).await;
        assert_ne!(narrower.member("interaction_uri"), uri);
        let other_account = agent.exchange(&subject_token, PROVIDER, &[("login_hint", "work")]).await;
        assert!(![uri.as_str(), narrower.member("interaction_uri")].contains(&other_account.member("interaction_uri")));
        // Refused: the same request is refused for a while, and then may ask again.
        let page = browser.open(&uri).await;
        browser.submit(&page, Some("interaction"), &[("decision", "deny")]).await;
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "access_denied");
        app.advance(Duration::from_secs(301));
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        app.finish().await;
    }

    async fn ar_17__nothing_about_a_token_is_remembered_past_its_checks(app: TestApp) {
        let mut app = app;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        for _ in 0..3 {
            agent.exchange(&subject_token, PROVIDER, &[]).await.token();
            assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        }
        let user = app.texts("SELECT id AS text FROM users").remove(0).parse().unwrap();
        app.instance.sign_in.disable_user(&user, &vouchsafe_audit::Origin::background()).await.unwrap();
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn ar_19__a_persons_no_beats_an_admins_trusted_mark(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-trusted-agent-012345678";
        app.client(ClientSetup::new("trusted-agent", secret).ceiling(PROVIDER, "openid read write").trusted("openid read write")).await;
        let trusted = Agent::basic(&app.base, "trusted-agent", secret);
        let subject_token = app.subject_token(&mut browser, "trusted-agent", &trusted).await;
        trusted.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_eq!(app.records("token.exchanged").await.pop().unwrap()["facts"]["rule"], "trusted");
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        let page = browser.open(&format!("{}/connections", app.base)).await;
        browser.submit(&page, Some(&format!("deny-{connection}-trusted-agent")), &[]).await;
        assert_eq!(trusted.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        app.finish().await;
    }

    async fn ar_19__a_code_issued_before_the_session_ended_is_not_redeemed_after(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        let code = app.code(&mut browser, AGENT_ID).await;
        let page = browser.open(&format!("{}/connections", app.base)).await;
        browser.submit(&page, Some("sign-out"), &[]).await;
        let answer = agent.request(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", "https://agent.test/callback"),
            ("code_verifier", "a-verifier-of-a-test-that-is-long-enough-0123456789"),
        ]).await;
        assert_eq!(answer.error(), "invalid_grant");
        app.finish().await;
    }

    async fn after_an_admin_resets_the_password_the_same_account_must_be_connected_again(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.advance(Duration::from_secs(1));
        app.reset_password("ada", "another password of some length").await;
        // The sessions are gone, and with them the subject token.
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        app.reset_password("ada", vouchsafe_testkit::PASSWORD).await;
        app.advance(Duration::from_secs(1));
        let mut browser = app.signed_in("ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!((asked.error(), asked.member("reason")), ("interaction_required", "reconnect"));
        app.advance(Duration::from_secs(1));
        app.upstream.state().next_account("oidc", "ada");
        let done = app.approve(&mut browser, asked.member("interaction_uri")).await;
        assert_eq!(done.reply.status, 200, "{}", done.reply.text());
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_eq!(app.texts("SELECT id AS text FROM connections").len(), 1);
        app.finish().await;
    }
}
