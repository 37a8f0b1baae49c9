//! Sections 2.1 and 2.2: the token endpoint's mechanics and client authentication.

use serde_json::json;
use vouchsafe_model::ClientAuthMethod;
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Agent, ClientSetup, Connected, Http, PROVIDER, TestApp, both_databases,
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

both_databases! {
    async fn tok_3_2_01__only_post_is_answered(app: TestApp) {
        let url = format!("{}/oauth/token", app.base);
        for method in ["GET", "PUT", "HEAD", "DELETE", "PATCH"] {
            let reply = Http::default().send(method, &url, &[], None).await;
            assert_eq!((reply.status, reply.header("allow")), (405, "POST"), "{method}");
        }
        app.finish().await;
    }

    async fn tok_3_2_02__only_a_form_is_read(app: TestApp) {
        let url = format!("{}/oauth/token", app.base);
        for kind in ["application/json", "multipart/form-data; boundary=x", "text/plain"] {
            let reply = Http::default().send("POST", &url, &[("content-type", kind)], Some(b"{}")).await;
            assert!(matches!(reply.status, 400 | 415), "{kind}: {}", reply.status);
            assert_eq!(reply.json()["error"], "invalid_request");
            assert_eq!(reply.header("cache-control"), "no-store");
        }
        let charset = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
        let reply = Http::default().send("POST", &url, &charset, Some(b"grant_type=password")).await;
        assert_eq!(reply.json()["error"], "invalid_client");
        app.finish().await;
    }

    async fn tok_5_2_02_05__grant_types_that_do_not_exist(app: TestApp) {
        let agent = app.agent();
        assert_eq!(agent.request(&[]).await.error(), "invalid_request");
        for grant in ["password", "implicit", "refresh_token", "client_credentials", "nonsense"] {
            assert_eq!(agent.request(&[("grant_type", grant)]).await.error(), "unsupported_grant_type", "{grant}");
        }
        app.finish().await;
    }

    async fn tok_2_3_01__one_method_at_a_time(app: TestApp) {
        let agent = app.agent();
        let secret = [("client_secret", AGENT_SECRET)];
        assert_eq!(agent.exchange("x", PROVIDER, &secret).await.error(), "invalid_request");
        let assertion = [("client_assertion", "x"), ("client_assertion_type", "y")];
        assert_eq!(agent.exchange("x", PROVIDER, &assertion).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn tok_2_3_02__only_the_registered_method(app: TestApp) {
        let mut app = app;
        let posted = Agent::post(&app.base, AGENT_ID, AGENT_SECRET).exchange("x", PROVIDER, &[]).await;
        assert_eq!(posted.error(), "invalid_client");
        let secret = "a-secret-of-a-client-that-posts-it-0123";
        let setup = ClientSetup::new("poster", secret)
            .with(|client| client.auth_method = ClientAuthMethod::ClientSecretPost);
        app.client(setup).await;
        assert_eq!(Agent::basic(&app.base, "poster", secret).exchange("x", PROVIDER, &[]).await.error(), "invalid_client");
        assert_eq!(Agent::post(&app.base, "poster", secret).exchange("x", PROVIDER, &[]).await.error(), "invalid_request");
        app.finish().await;
    }

    async fn tok_2_3_04__client_id_in_the_body_must_agree(app: TestApp) {
        let agent = app.agent();
        assert_eq!(agent.exchange("x", PROVIDER, &[("client_id", "another")]).await.error(), "invalid_request");
        let same = agent.exchange("x", PROVIDER, &[("client_id", AGENT_ID)]).await;
        assert_eq!(same.member("error_description"), "subject_token is not valid");
        app.finish().await;
    }

    async fn tok_2_3_05__the_database_holds_no_usable_secret(app: TestApp) {
        // `finish` searches the database for the agent's secret; here: it is there at all, as a keyed MAC.
        let secrets = app.texts("SELECT secrets AS text FROM clients");
        assert!(secrets[0].contains("mac"));
        app.finish().await;
    }

    async fn tok_2_3_10__a_confidential_client_must_authenticate(app: TestApp) {
        let anonymous = Agent::anonymous(&app.base);
        let answer = anonymous.exchange("x", PROVIDER, &[("client_id", AGENT_ID)]).await;
        assert_eq!(answer.error(), "invalid_client");
        app.finish().await;
    }

    async fn tok_5_2_04__an_unknown_client_looks_like_a_wrong_secret(app: TestApp) {
        let wrong = Agent::basic(&app.base, AGENT_ID, "wrong").exchange("x", PROVIDER, &[]).await;
        let unknown = Agent::basic(&app.base, "nobody", "wrong").exchange("x", PROVIDER, &[]).await;
        assert_eq!(wrong.reply.body, unknown.reply.body);
        assert_eq!(wrong.reply.status, unknown.reply.status);
        app.finish().await;
    }

    async fn tok_3_2_10__bad_bytes_are_invalid_requests(app: TestApp) {
        let agent = app.agent();
        for body in [b"grant_type=%".as_slice(), b"grant_type=%ff", b"grant_type=%00", b"grant_type=%c0%af", b"a=\xff"] {
            assert_eq!(agent.raw(body).await.error(), "invalid_request");
        }
        let huge = Http::default()
            .send("POST", &format!("{}/oauth/token", app.base), &[FORM], Some(&vec![b'a'; 200_000]))
            .await;
        assert_eq!(huge.status, 413);
        app.finish().await;
    }

    async fn pk_4_6_01_az_4_1_03_04_05__a_code_is_bound_and_used_once(app: TestApp) {
        let mut app = app;
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        let redeem = |code: String, uri: &'static str, verifier: &'static str| {
            let agent = agent.clone();
            async move {
                let parameters = [
                    ("grant_type", "authorization_code"),
                    ("code", code.as_str()),
                    ("redirect_uri", uri),
                    ("code_verifier", verifier),
                ];
                agent.request(&parameters).await
            }
        };
        let (uri, verifier) = ("https://agent.test/callback", "a-verifier-of-a-test-that-is-long-enough-0123456789");
        let code = app.code(&mut browser, AGENT_ID).await;
        let wrong_verifier = "another-verifier-of-a-test-that-is-long-enough-01234";
        assert_eq!(redeem(code.clone(), uri, wrong_verifier).await.error(), "invalid_grant");
        assert_eq!(redeem(code.clone(), "https://agent.test/other", verifier).await.error(), "invalid_grant");
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret)).await;
        let thief = Agent::basic(&app.base, "second-agent", secret);
        let stolen = thief.request(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", verifier),
        ]).await;
        assert_eq!(stolen.error(), "invalid_grant");
        // None of that has consumed it (PK-4.6-03).
        let token = redeem(code.clone(), uri, verifier).await.token().to_owned();
        agent.exchange(&token, PROVIDER, &[]).await.token();
        // A replay that is otherwise wrong kills nothing; a valid one kills what came from the code (D-08).
        assert_eq!(redeem(code.clone(), uri, wrong_verifier).await.error(), "invalid_grant");
        agent.exchange(&token, PROVIDER, &[]).await.token();
        assert_eq!(redeem(code, uri, verifier).await.error(), "invalid_grant");
        assert_eq!(agent.exchange(&token, PROVIDER, &[]).await.error(), "invalid_request");
        // And a minute is all it lives.
        let late = app.code(&mut browser, AGENT_ID).await;
        app.advance(std::time::Duration::from_secs(61));
        assert_eq!(redeem(late, uri, verifier).await.error(), "invalid_grant");
        assert_eq!(app.findings().await, Vec::<String>::new());
        // A token that the replay killed and SQL brings back is named.
        app.sql("UPDATE issued_tokens SET revoked_at = NULL");
        let findings = app.findings().await.join("; ");
        assert!(findings.contains("of issued_tokens is back"), "{findings}");
        app.finish_tampered().await;
    }

    async fn az_4_1_05__two_parallel_redemptions_have_one_winner(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        let code = app.code(&mut browser, AGENT_ID).await;
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", "https://agent.test/callback"),
            ("code_verifier", "a-verifier-of-a-test-that-is-long-enough-0123456789"),
        ];
        let answers = futures_util::future::join_all((0..10).map(|_| agent.request(&parameters))).await;
        assert_eq!(answers.iter().filter(|answer| answer.reply.status == 200).count(), 1);
        app.finish().await;
    }

    async fn az_3_1_02_03__an_unregistered_redirect_uri_gets_a_page_and_no_redirect(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let good = app.authorize_url(AGENT_ID);
        let uri = "https%3A%2F%2Fagent.test%2Fcallback";
        for other in [
            "https%3A%2F%2Fagent.test%2Fcallback%2F", "https%3A%2F%2Fagent.test%2Fcallback%3Fx%3D1", "https%3A%2F%2Fevil.test%2F",
            "https%3A%2F%2Fagent.test%2FCALLBACK", "http%3A%2F%2Fagent.test%2Fcallback", "",
        ] {
            let page = browser.open(&good.replace(uri, other)).await;
            assert!((400..500).contains(&page.reply.status) && page.redirect().is_none(), "{other}");
        }
        let unknown = browser.open(&good.replace(AGENT_ID, "nobody")).await;
        assert!((400..500).contains(&unknown.reply.status) && unknown.redirect().is_none());
        app.finish().await;
    }

    async fn iss_2_01_az_4_1_02__every_authorization_response_carries_iss_and_state(app: TestApp) {
        let mut browser = app.signed_in("ada").await;
        let page = browser.visit(&app.authorize_url(AGENT_ID)).await;
        let denied = browser.submit(&page, Some("consent"), &[("decision", "deny")]).await;
        assert_eq!(denied.redirect_parameter("error").unwrap(), "access_denied");
        let unsupported = browser.open(&app.authorize_url(AGENT_ID).replace("response_type=code", "response_type=token")).await;
        assert_eq!(unsupported.redirect_parameter("error").unwrap(), "unsupported_response_type");
        for page in [denied, unsupported] {
            assert_eq!(page.reply.status, 303);
            assert_eq!(page.redirect_parameter("iss").unwrap(), app.base);
            assert_eq!(page.redirect_parameter("state").unwrap(), "a state of the client's own");
        }
        app.finish().await;
    }

    async fn at_2_1_01_at_2_2_01__our_tokens_are_jwt_access_tokens(app: TestApp) {
        let Connected { subject_token, .. } = app.connected("ada").await;
        let header = crate::forge::header(&subject_token);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("EdDSA")));
        let jwks = Http::default().get(&format!("{}/oauth/jwks", app.base)).await.json();
        let key = &jwks["keys"][0];
        assert_eq!(key["kid"], header["kid"]);
        assert!(key.get("d").is_none());
        let claims = crate::forge::claims(&subject_token);
        for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
            assert!(!claims[claim].is_null(), "{claim}");
        }
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(app.base), &json!(app.base)));
        app.finish().await;
    }
}
