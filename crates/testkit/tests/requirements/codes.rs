//! Codes that outlived what they rest on: they are over for good (400), not unavailable (503), and nothing is issued.

use std::time::Duration;

use vouchsafe_audit::Origin;
use vouchsafe_model::ManagedBy;
use vouchsafe_sign_in::UserDefinition;
use vouchsafe_testkit::{
    AGENT_ID, Agent, Answer, Backend, Browser, ClientSetup, PASSWORD, PROVIDER, Pkce, TestApp, both_databases,
};

/// Redeems as [`TestApp::redeem`] does, whatever comes of it.
async fn redeem(agent: &Agent, code: &str) -> Answer {
    let parameters = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "https://agent.test/callback"),
        ("code_verifier", &Pkce::default().verifier),
    ];
    agent.request(&parameters).await
}

/// What codes have brought so far: tokens, records of tokens, and codes used up.
async fn issued(app: &TestApp) -> [usize; 3] {
    let tokens = app.texts("SELECT id AS text FROM issued_tokens");
    let used = app.texts("SELECT id AS text FROM authorization_codes WHERE redeemed_at IS NOT NULL");
    [tokens.len(), app.records("token.issued").await.len(), used.len()]
}

/// The code is refused, again and again, with its reason on the record, and has brought nothing.
async fn is_over(app: &TestApp, agent: &Agent, code: &str, what: &str) {
    let before = issued(app).await;
    let refused = app.records("code.refused").await.len();
    for _ in 0..2 {
        assert_eq!(redeem(agent, code).await.error(), "invalid_grant", "{what}");
    }
    assert_eq!(issued(app).await, before, "{what}");
    let records = app.records("code.refused").await;
    assert_eq!(records.len(), refused + 2, "{what}");
    for record in &records[refused..] {
        assert_eq!(record["facts"]["reason"], "code_invalid", "{what}");
    }
}

async fn sign_out(app: &TestApp, browser: &mut Browser) {
    let page = browser.open(&format!("{}/connections", app.base)).await;
    let done = browser.submit(&page, Some("sign-out"), &[]).await;
    assert_eq!(done.reply.status, 303);
}

both_databases! {
    async fn pk_4_6_03__a_failed_verifier_consumes_and_revokes_nothing(app: TestApp) {
        let mut app = app;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret)).await;
        let (agent, second) = (app.agent(), Agent::basic(&app.base, "second-agent", secret));
        let mut browser = app.signed_in("ada").await;
        let earlier = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        let code = app.code(&mut browser, AGENT_ID).await;
        let before = issued(&app).await;
        let with = |verifier: &'static str| [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", verifier),
        ];
        for verifier in ["wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong", "short"] {
            assert_ne!(agent.request(&with(verifier)).await.reply.status, 200, "{verifier}");
        }
        assert_eq!(agent.request(&[("grant_type", "authorization_code"), ("code", &code)]).await.reply.status, 400);
        // Nor does somebody else who has the code and its verifier.
        assert_eq!(redeem(&second, &code).await.error(), "invalid_grant");
        assert_eq!(issued(&app).await, before);
        assert_eq!(agent.exchange(&earlier, PROVIDER, &[]).await.error(), "interaction_required");
        app.secret("a subject token", redeem(&agent, &code).await.token());
        app.finish().await;
    }

    async fn az_4_1_06__redirect_uri_at_redemption_is_optional_and_enforced(app: TestApp) {
        let agent = app.agent();
        let mut browser = app.signed_in("ada").await;
        let verifier = Pkce::default().verifier;
        let code = app.code(&mut browser, AGENT_ID).await;
        let without = [("grant_type", "authorization_code"), ("code", &*code), ("code_verifier", &*verifier)];
        app.secret("a subject token", agent.request(&without).await.token());
        let code = app.code(&mut browser, AGENT_ID).await;
        let before = issued(&app).await;
        for other in ["https://agent.test/callback/", "https://agent.test/", "https://evil.test/callback", ""] {
            let with = [
                ("grant_type", "authorization_code"),
                ("code", &*code),
                ("code_verifier", &*verifier),
                ("redirect_uri", other),
            ];
            let answer = agent.request(&with).await;
            // An empty parameter counts as one that was not sent (RFC 6749 section 3.2): the last one redeems.
            let expected = if other.is_empty() { 200 } else { 400 };
            assert_eq!(answer.reply.status, expected, "{other:?}: {}", answer.json);
            if expected == 200 {
                app.secret("a subject token", answer.token());
            } else {
                assert_eq!((answer.error(), issued(&app).await), ("invalid_grant", before), "{other:?}");
            }
        }
        app.finish().await;
    }

    async fn ar_19__a_code_does_not_outlive_the_session_the_user_or_the_consent(app: TestApp) {
        let agent = app.agent();
        let mut browser = app.signed_in("ada").await;
        // With nothing ended the very same request brings a token.
        let code = app.code(&mut browser, AGENT_ID).await;
        app.secret("a subject token", redeem(&agent, &code).await.token());

        let code = app.code(&mut browser, AGENT_ID).await;
        sign_out(&app, &mut browser).await;
        is_over(&app, &agent, &code, "signed out").await;

        app.sign_in(&mut browser, "ada").await;
        let code = app.code(&mut browser, AGENT_ID).await;
        app.sign_in(&mut browser, "ada").await;
        is_over(&app, &agent, &code, "signed in anew").await;

        let code = app.code(&mut browser, AGENT_ID).await;
        app.advance(Duration::from_secs(1));
        app.reset_password("ada", "another password of some length").await;
        is_over(&app, &agent, &code, "the password was reset").await;
        app.user("ada").await;
        is_over(&app, &agent, &code, "the password is the old one again").await;

        app.advance(Duration::from_secs(1));
        app.sign_in(&mut browser, "ada").await;
        let code = app.code(&mut browser, AGENT_ID).await;
        let ada = app.texts("SELECT id AS text FROM users WHERE username = 'ada'").remove(0);
        app.instance.sign_in.disable_user(&ada.parse().unwrap(), &Origin::background()).await.unwrap();
        is_over(&app, &agent, &code, "the user was disabled").await;
        app.user("ada").await;
        is_over(&app, &agent, &code, "the user is back").await;

        app.sign_in(&mut browser, "ada").await;
        let code = app.code(&mut browser, AGENT_ID).await;
        app.sql("UPDATE authorizations SET withdrawn_at = 1");
        is_over(&app, &agent, &code, "the consent was withdrawn").await;
        app.sql("UPDATE authorizations SET withdrawn_at = NULL");
        app.finish().await;
    }

    async fn ar_19__a_code_issued_before_its_user_changed_is_over_although_all_stands(app: TestApp) {
        let agent = app.agent();
        let mut browser = app.signed_in("ada").await;
        let code = app.code(&mut browser, AGENT_ID).await;
        // Neither session nor consent ends by this; only the release sees that what it was decided on has changed.
        let definition = UserDefinition {
            username: "ada".to_owned(),
            password: Some(PASSWORD.into()),
            password_hash: None,
            managed_by: ManagedBy::Admin,
        };
        app.instance.sign_in.apply_user(definition).await.unwrap();
        is_over(&app, &agent, &code, "the user was changed").await;
        // The next code is as good as any.
        app.subject_token(&mut browser, AGENT_ID, &agent).await;
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_19__a_session_that_ends_while_its_code_is_redeemed_gets_nothing_more() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let app = TestApp::start(backend).await;
    let agent = app.agent();
    let mut browser = app.signed_in("ada").await;
    let code = app.code(&mut browser, AGENT_ID).await;
    let before = issued(&app).await;
    app.sql("CREATE FUNCTION slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(1.5); RETURN NEW; END $$ LANGUAGE plpgsql");
    app.sql("CREATE TRIGGER slow BEFORE UPDATE ON authorization_codes FOR EACH ROW EXECUTE FUNCTION slow()");
    let redemption = {
        let code = code.clone();
        tokio::spawn(async move { redeem(&agent, &code).await })
    };
    // The code was found good, and its row is just being written.
    let asleep = "SELECT query AS text FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while app.texts(asleep).is_empty() {
        assert!(!redemption.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sign_out(&app, &mut browser).await;
    assert!(!redemption.is_finished());
    assert_eq!(redemption.await.unwrap().error(), "invalid_grant");
    assert_eq!(issued(&app).await, before);
    app.finish().await;
}
