//! Sealed values that do not open any more: the person is asked to connect again, or the agent to try again later. Nothing
//! else is released in their place.

use vouchsafe_testkit::{Connected, PROVIDER, TestApp, both_databases};

/// Tables and their sealed columns.
const SEALED: [(&str, &str); 4] = [
    ("access_tokens", "token"),
    ("upstream_grants", "refresh_token"),
    ("data_keys", "sealed"),
    ("providers", "client_secret"),
];

both_databases! {
    async fn te_2_2_2_10__what_does_not_open_is_not_released(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let token = agent.exchange(&subject_token, PROVIDER, &[]).await.token().to_owned();
        let mut refused = 0;
        for (table, column) in SEALED {
            app.sql(&format!("CREATE TABLE kept AS SELECT id AS k, {column} AS c FROM {table}"));
            app.sql(&format!("UPDATE {table} SET {column} = 'garbled'"));
            let answer = agent.exchange(&subject_token, PROVIDER, &[]).await;
            if answer.reply.status == 200 {
                assert_eq!(answer.token(), token, "{table}");
            } else {
                let error = answer.error();
                assert!(matches!(error, "temporarily_unavailable" | "interaction_required"), "{table}: {error}");
                refused += 1;
            }
            let page = browser.open(&format!("{}/connections", app.base)).await;
            assert!(matches!(page.reply.status, 200 | 503), "{table}: {}", page.reply.text());
            app.sql(&format!("UPDATE {table} SET {column} = (SELECT c FROM kept WHERE k = {table}.id)"));
            app.sql("DROP TABLE kept");
        }
        assert!(refused >= 2, "a token was released that does not open");
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.token(), token);
        assert!(!app.logs().contains("a handler panicked"));
        app.finish().await;
    }
}
