//! RFC 8693 section 2.1: the request.

use std::time::Duration;

use jsonwebtoken::{Algorithm, Header};
use serde_json::json;
use vouchsafe_model::ClientAuthMethod;
use vouchsafe_oauth_types::GrantType;
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, ClientSetup, Connected, PROVIDER, TestApp, both_databases,
};

use crate::forge;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

both_databases! {
    async fn te_2_1_01__a_complete_request_gets_a_token_and_an_incomplete_one_does_not(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let complete = [
            ("grant_type", EXCHANGE),
            ("subject_token", subject_token.as_str()),
            ("subject_token_type", ACCESS_TOKEN),
            ("audience", PROVIDER),
        ];
        let token = agent.request(&complete).await;
        assert!(app.upstream.state().is_live(token.token()));
        for missing in 0..3 {
            let (mut without, mut empty) = (complete.to_vec(), complete.to_vec());
            without.remove(missing);
            empty[missing].1 = "";
            assert_eq!(agent.request(&without).await.error(), "invalid_request");
            assert_eq!(agent.request(&empty).await.error(), "invalid_request");
        }
        app.finish().await;
    }

    async fn te_2_1_02__a_client_that_does_not_authenticate_learns_nothing_about_the_subject(app: TestApp) {
        let Connected { subject_token, .. } = app.connected("ada").await;
        let stranger = Agent::basic(&app.base, AGENT_ID, "not-the-secret-not-the-secret-not-it");
        let good = stranger.exchange(&subject_token, PROVIDER, &[]).await;
        let bad = stranger.exchange("rubbish", PROVIDER, &[]).await;
        assert_eq!(good.error(), "invalid_client");
        assert_eq!(good.reply.body, bad.reply.body);
        app.finish().await;
    }

    async fn te_2_1_03__a_public_client_is_refused_the_exchange(app: TestApp) {
        let mut app = app;
        let setup = ClientSetup::new("public-app", "").with(|client| {
            client.auth_method = ClientAuthMethod::None;
            client.secrets.clear();
            client.grant_types = vec![GrantType::AuthorizationCode];
        });
        app.client(setup).await;
        let public = Agent::anonymous(&app.base);
        let subject = [
            ("client_id", "public-app"),
            ("grant_type", EXCHANGE),
            ("subject_token", "x"),
            ("subject_token_type", ACCESS_TOKEN),
            ("audience", PROVIDER),
        ];
        assert_eq!(public.request(&subject).await.error(), "unauthorized_client");
        app.finish().await;
    }

    async fn te_2_1_04__a_client_not_registered_for_the_grant_is_refused(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-client-without-the-grant-01";
        let setup = ClientSetup::new("reader", secret)
            .ceiling(PROVIDER, "openid read write")
            .with(|client| client.grant_types = vec![GrantType::AuthorizationCode]);
        app.client(setup).await;
        let reader = Agent::basic(&app.base, "reader", secret);
        let subject_token = app.subject_token(&mut browser, "reader", &reader).await;
        assert_eq!(reader.exchange(&subject_token, PROVIDER, &[]).await.error(), "unauthorized_client");
        app.finish().await;
    }

    async fn te_2_1_06_16_21__the_declared_type_must_be_accepted_and_true(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        for kind in ["id_token", "refresh_token", "jwt", "saml1", "saml2", "ACCESS_TOKEN", "access_token "] {
            let declared = format!("urn:ietf:params:oauth:token-type:{kind}");
            let answer = agent.request(&[
                ("grant_type", EXCHANGE),
                ("subject_token", &subject_token),
                ("subject_token_type", &declared),
                ("audience", PROVIDER),
            ]).await;
            assert_eq!(answer.error(), "invalid_request", "{kind}");
        }
        // An ID token, declared as an access token, is not one (JB-3.11-01).
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(app.instance.vault.signing_key().key_id().to_string());
        let id_token = forge::signed_with(&app, &header, &forge::claims(&subject_token));
        assert_eq!(agent.exchange(&id_token, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_07_08__actor_token_and_its_type_go_together(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let alone = agent.exchange(&subject_token, PROVIDER, &[("actor_token", &subject_token)]).await;
        assert_eq!(alone.error(), "invalid_request");
        let untyped = agent.exchange(&subject_token, PROVIDER, &[("actor_token_type", ACCESS_TOKEN)]).await;
        assert_eq!(untyped.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_09_10__several_names_of_one_target_succeed_once_and_all_or_nothing(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let resource = app.resource("oidc");
        let before = app.records("token.exchanged").await.len();
        let both = agent.exchange(&subject_token, PROVIDER, &[("audience", PROVIDER), ("resource", &resource), ("resource", &resource)]).await;
        both.token();
        assert_eq!(app.records("token.exchanged").await.len(), before + 1);
        for unknown in [("audience", "elsewhere"), ("resource", "https://elsewhere.example/")] {
            let answer = agent.exchange(&subject_token, PROVIDER, &[("resource", &resource), unknown]).await;
            assert_eq!(answer.error(), "invalid_target");
        }
        app.finish().await;
    }

    async fn te_2_1_11_26__other_parameters_must_not_repeat_and_unknown_ones_are_ignored(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        for repeated in [
            [("scope", "openid"), ("scope", "openid")],
            [("requested_token_type", ACCESS_TOKEN), ("requested_token_type", ACCESS_TOKEN)],
            [("subject_token", "x"), ("foo", "1")],
            [("foo", "1"), ("foo", "2")],
        ] {
            assert_eq!(agent.exchange(&subject_token, PROVIDER, &repeated).await.error(), "invalid_request");
        }
        agent.exchange(&subject_token, PROVIDER, &[("foo", "bar"), ("act", "{}")]).await.token();
        app.finish().await;
    }

    async fn te_2_1_14__malformed_and_unknown_scope_is_invalid_scope(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        for scope in ["read  write", " read", "read ", "re\"ad", "admin", "openid read write admin"] {
            let answer = agent.exchange(&subject_token, PROVIDER, &[("scope", scope)]).await;
            assert_eq!(answer.error(), "invalid_scope", "{scope}");
        }
        app.finish().await;
    }

    async fn te_2_1_15__requested_token_type_is_exact_or_refused(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let asked = agent.exchange(&subject_token, PROVIDER, &[("requested_token_type", ACCESS_TOKEN)]).await;
        asked.token();
        assert_eq!(asked.member("issued_token_type"), ACCESS_TOKEN);
        for other in ["jwt", "refresh_token", "id_token"] {
            let kind = format!("urn:ietf:params:oauth:token-type:{other}");
            let answer = agent.exchange(&subject_token, PROVIDER, &[("requested_token_type", &kind)]).await;
            assert_eq!(answer.error(), "invalid_request", "{other}");
        }
        let junk = agent.exchange(&subject_token, PROVIDER, &[("requested_token_type", "access_token")]).await;
        assert_eq!(junk.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_17__a_subject_token_that_does_not_stand_is_refused(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let refused = async |token: &str| agent.exchange(token, PROVIDER, &[]).await.error().to_owned();
        let now = forge::claims(&subject_token)["iat"].as_i64().unwrap();
        for forged in [
            forge::with(&app, &subject_token, "iss", json!("https://other.example")),
            forge::with(&app, &subject_token, "exp", json!(now - 1)),
            forge::with(&app, &subject_token, "nbf", json!(now + 60)),
            forge::with(&app, &subject_token, "iat", json!(now + 61)),
            forge::with(&app, &subject_token, "exp", json!(9.5)),
            forge::with(&app, &subject_token, "sub", json!("usr_00000000000000000000000000")),
            forge::with(&app, &subject_token, "jti", json!("tok_00000000000000000000000000")),
            forge::with(&app, &subject_token, "jti", json!("../../etc/passwd")),
            forge::signed_by_another_key(&app, &forge::claims(&subject_token)),
            format!("{subject_token}x"),
            subject_token.rsplit_once('.').unwrap().0.to_owned() + ".",
            "x".repeat(20_000),
        ] {
            assert_eq!(refused(&forged).await, "invalid_request");
        }
        for header in [json!({"alg": "none", "typ": "at+jwt"}), json!({"alg": "HS256", "typ": "at+jwt"})] {
            use base64::Engine as _;
            let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
            let payload = subject_token.split('.').nth(1).unwrap();
            let unsigned = format!("{}.{payload}.{}", encode(header.to_string()), encode("x".to_owned()));
            assert_eq!(refused(&unsigned).await, "invalid_request");
        }
        // Signing out ends the session that it rests on.
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let page = browser.open(&format!("{}/connections", app.base)).await;
        browser.submit(&page, Some("sign-out"), &[]).await;
        assert_eq!(refused(&subject_token).await, "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_17__an_expired_subject_token_is_refused(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        app.advance(Duration::from_secs(599));
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.advance(Duration::from_secs(2));
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_18__the_actor_token_is_verified_like_the_subject_token(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let typed = ("actor_token_type", ACCESS_TOKEN);
        agent.exchange(&subject_token, PROVIDER, &[("actor_token", &subject_token), typed]).await.token();
        let now = forge::claims(&subject_token)["iat"].as_i64().unwrap();
        for forged in [
            forge::with(&app, &subject_token, "exp", json!(now - 1)),
            forge::with(&app, &subject_token, "jti", json!("tok_00000000000000000000000000")),
            "rubbish".to_owned(),
        ] {
            let answer = agent.exchange(&subject_token, PROVIDER, &[("actor_token", &forged), typed]).await;
            assert_eq!(answer.error(), "invalid_request");
        }
        let as_jwt = ("actor_token_type", "urn:ietf:params:oauth:token-type:jwt");
        let answer = agent.exchange(&subject_token, PROVIDER, &[("actor_token", &subject_token), as_jwt]).await;
        assert_eq!(answer.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_25__a_bound_subject_is_not_laundered_into_a_bearer_token(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let bound = forge::with(&app, &subject_token, "cnf", json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}));
        assert_eq!(agent.exchange(&bound, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_23__an_id_token_is_no_subject_here(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let answer = agent.request(&[
            ("grant_type", EXCHANGE),
            ("subject_token", &subject_token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ("audience", PROVIDER),
        ]).await;
        assert_eq!(answer.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_19__a_subject_token_can_be_exchanged_again(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let first = agent.exchange(&subject_token, PROVIDER, &[]).await.token().to_owned();
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.token(), first);
        app.finish().await;
    }

    async fn te_2_1_22__another_client_cannot_present_a_token_that_is_not_its_own(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, subject_token, .. } = app.connected("ada").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        let second = Agent::basic(&app.base, "second-agent", secret);
        assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        // An admin links the two; now the answer is about leave, and no longer about the token.
        let linked = ClientSetup::new("second-agent", secret)
            .ceiling(PROVIDER, "openid read write")
            .with(|client| client.accepts_tokens_of = vec![AGENT_ID.parse().unwrap()]);
        app.client(linked).await;
        let asked = second.exchange(&subject_token, PROVIDER, &[]).await;
        assert_eq!(asked.error(), "interaction_required");
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        second.exchange(&subject_token, PROVIDER, &[]).await.token();
        // Unlinked again, it fails again.
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid read write")).await;
        assert_eq!(second.exchange(&subject_token, PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn te_2_1_13__an_audience_is_compared_exactly(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        for near in ["Demo-IdP", "demo-idp/", "demo-idp ", "demo%2Didp", "demo", "demo-idp-2"] {
            assert_eq!(agent.exchange(&subject_token, near, &[]).await.error(), "invalid_target", "{near}");
        }
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn te_2_1_05__with_the_grant_off_it_is_unsupported_and_unlisted() {
    let app = TestApp::start_with(vouchsafe_testkit::Backend::sqlite(), |settings| {
        settings.exchange.token_exchange = false;
    })
    .await;
    let agent = Agent::basic(&app.base, AGENT_ID, AGENT_SECRET);
    assert_eq!(
        agent.exchange("x", PROVIDER, &[]).await.error(),
        "unsupported_grant_type"
    );
    let metadata = vouchsafe_testkit::Http::default()
        .get(&format!("{}/.well-known/oauth-authorization-server", app.base))
        .await
        .json();
    assert_eq!(metadata["grant_types_supported"], json!(["authorization_code"]));
    app.finish().await;
}
