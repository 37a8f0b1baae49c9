//! Section 27: what the vault keeps. VA-02 and TV-16 are checked at the end of every test.

use std::sync::Arc;

use vouchsafe::wiring::{Instance, Settings};
use vouchsafe_model::{Ids, OsEntropy};
use vouchsafe_testkit::{
    AGENT_ID, AGENT_SECRET, Backend, ClientSetup, Connected, PROVIDER, TestApp, both_databases,
};
use vouchsafe_vault::FileKeyProvider;

both_databases! {
    async fn va_01__swapped_ciphertexts_do_not_open(app: TestApp) {
        app.user("bob").await;
        let ada = app.connected("ada").await;
        let bob = app.connected("bob").await;
        ada.agent.exchange(&ada.subject_token, PROVIDER, &[]).await.token();
        app.sql("CREATE TABLE swap AS SELECT id, token FROM access_tokens");
        app.sql("UPDATE access_tokens SET token = (SELECT s.token FROM swap s WHERE s.id <> access_tokens.id)");
        for who in [&ada, &bob] {
            let answer = who.agent.exchange(&who.subject_token, PROVIDER, &[]).await;
            assert_ne!(answer.reply.status, 200, "{}", answer.reply.text());
        }
        app.finish_tampered().await;
    }

    async fn va_01__a_token_relabelled_by_sql_does_not_open(app: TestApp) {
        let mut app = app;
        app.narrowing_provider("narrowing").await;
        let narrow = ClientSetup::new(AGENT_ID, AGENT_SECRET)
            .ceiling(PROVIDER, "openid read write")
            .ceiling("narrowing", "read write");
        app.client(narrow).await;
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        app.upstream.state().next_account("subset", "ada");
        let asked = agent.exchange(&subject_token, "narrowing", &[]).await;
        app.approve(&mut browser, asked.member("interaction_uri")).await;
        agent.exchange(&subject_token, "narrowing", &[]).await.token();
        app.sql("DELETE FROM access_tokens WHERE scope_key <> ''");
        app.sql("UPDATE access_tokens SET scope_key = 'read', scope = '{\"known\":\"read\"}', expires_at = expires_at + 864000000");
        let answer = agent.exchange(&subject_token, "narrowing", &[("scope", "read")]).await;
        assert_eq!(answer.error(), "interaction_required");
        app.finish_tampered().await;
    }

    async fn va_06__revoking_really_removes_ciphertext_and_key(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        assert_eq!(app.admin("POST", &format!("connections/{connection}/revoke")).await.json()["forgotten"], true);
        for table in ["upstream_grants", "access_tokens", "data_keys"] {
            assert_eq!(app.texts(&format!("SELECT id AS text FROM {table}")), Vec::<String>::new(), "{table}");
        }
        app.finish().await;
    }

    async fn tv_16_va_02__a_whole_run_leaves_no_secret_in_database_record_or_logs(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        app.advance(std::time::Duration::from_secs(4_000));
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        app.admin("POST", &format!("connections/{connection}/revoke")).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.error();
        app.secret("a subject token", &subject_token);
        // Everything of that is searched for here, and at the end of every other test.
        app.finish().await;
    }

    async fn a_secret_that_leaked_would_be_found(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        let token = agent.exchange(&subject_token, PROVIDER, &[]).await.token().to_owned();
        app.sql(&format!("CREATE TABLE leak (text TEXT); INSERT INTO leak VALUES ('{token}')"));
        let outcome = tokio::spawn(app.finish_tampered()).await;
        let panic = outcome.unwrap_err().into_panic();
        assert!(panic.downcast_ref::<String>().unwrap().contains("secrets leaked"));
    }

    async fn va_07__no_api_returns_a_stored_refresh_token(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let mut seen = agent.exchange(&subject_token, PROVIDER, &[]).await.reply.text();
        for path in ["records?limit=500"] {
            seen += &app.admin("GET", path).await.text();
        }
        for path in ["connections", "oauth/jwks", ".well-known/oauth-authorization-server", "readyz"] {
            seen += &browser.open(&format!("{}/{path}", app.base)).await.reply.text();
        }
        let refresh_tokens: Vec<String> = app.upstream.state().issued_secrets().into_iter()
            .filter(|secret| secret.kind == vouchsafe_fake_upstream::SecretKind::RefreshToken)
            .map(|secret| secret.value)
            .collect();
        assert!(!refresh_tokens.is_empty());
        assert!(refresh_tokens.iter().all(|token| !seen.contains(token)));
        app.finish().await;
    }

    async fn tv_18__rows_rolled_back_removed_or_inserted_past_the_server_are_named(app: TestApp) {
        let Connected { mut browser, agent, .. } = app.connected("ada").await;
        let grant = app.texts("SELECT id AS text FROM upstream_grants").remove(0);
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        app.sql("CREATE TABLE earlier AS SELECT id, refresh_token, version FROM upstream_grants");
        app.advance(std::time::Duration::from_secs(4_000));
        app.sign_in(&mut browser, "ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        assert_eq!(app.findings().await, Vec::<String>::new());
        let found = async |sql: &str, what: &str| {
            app.sql(sql);
            let findings = app.findings().await;
            assert!(findings.iter().any(|finding| finding.contains(what)), "{sql}: {findings:?}");
        };
        app.sql("CREATE TABLE now AS SELECT id, refresh_token, version FROM upstream_grants");
        let back = "UPDATE upstream_grants SET refresh_token = (SELECT refresh_token FROM earlier), version = (SELECT version FROM earlier)";
        found(back, &format!("row {grant} of upstream_grants was rolled back")).await;
        app.sql("UPDATE upstream_grants SET refresh_token = (SELECT refresh_token FROM now), version = (SELECT version FROM now)");
        found("UPDATE connections SET version = version + 7", &format!("row {connection} of connections is at version")).await;
        app.sql("UPDATE connections SET version = version - 7");
        assert_eq!(app.findings().await, Vec::<String>::new());
        found("DELETE FROM delegations", "of delegations is gone").await;
        app.finish_tampered().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn va_03__the_wrong_key_file_opens_nothing_and_says_so() {
    let app = TestApp::start(Backend::sqlite()).await;
    let ids = Ids::new(Arc::new(app.clock.clone()), Arc::new(OsEntropy));
    let other = FileKeyProvider::from_file_text(&FileKeyProvider::generate(&ids)).unwrap();
    let settings = Settings::new(
        &app.base,
        app.location(),
        Box::new(other),
        tokio::runtime::Handle::current(),
    );
    let refused = tokio::task::spawn_blocking(|| Instance::open(settings))
        .await
        .unwrap()
        .err()
        .unwrap();
    let mut sentence = refused.to_string();
    let mut source = std::error::Error::source(&refused);
    while let Some(error) = source {
        sentence = format!("{sentence}: {error}");
        source = error.source();
    }
    assert!(sentence.contains("key file"), "{sentence}");
    app.finish().await;
}
