//! `audit verify` beside the record: each row that SQL edited, deleted or inserted is named.

use std::time::Duration;

use vouchsafe_testkit::{AGENT_ID, ClientSetup, Connected, PROVIDER, TestApp, both_databases};

/// Edits of one column: table, column, what it says afterwards, and the column that names the row in a finding.
const EDITS: &[(&str, &str, &str, &str)] = &[
    ("connections", "account_label", "'mallory'", "id"),
    ("connections", "account_id", "'mallory'", "id"),
    ("connections", "state", "'needs_consent'", "id"),
    ("upstream_grants", "scope", "'{\"known\":\"everything\"}'", "id"),
    ("upstream_grants", "refresh_expires_at", "1", "id"),
    ("access_tokens", "scope", "'{\"known\":\"everything\"}'", "id"),
    ("access_tokens", "expires_at", "expires_at + 1000000", "id"),
    ("data_keys", "connection_id", "'con_mallory'", "id"),
    ("interactions", "scope", "'{\"scopes\":\"everything\"}'", "id"),
    ("interactions", "client_id", "'mallory'", "id"),
    ("interactions", "state", "'denied'", "id"),
    ("delegations", "scope", "'{\"scopes\":\"everything\"}'", "id"),
    ("users", "username", "'mallory' || username", "id"),
    ("clients", "ceilings", "'[]'", "id"),
    ("providers", "entry", "entry || ' '", "id"),
    ("authorizations", "scope", "'everything'", "id"),
    ("changes", "id", "'mallory'", "seq"),
    ("user_credentials", "updated_at", "updated_at + 1", "user_id"),
    ("identities", "created_at", "created_at + 1", "user_id"),
];

/// Tables whose rows can be deleted and put back, and how findings name a row.
const DELETED: &[(&str, &str)] = &[
    ("access_tokens", "upstream_grant_id"),
    ("data_keys", "id"),
    ("identities", "user_id"),
    ("user_credentials", "user_id"),
    ("delegations", "id"),
    ("interactions", "id"),
    ("changes", "seq"),
    ("admin_keys", "id"),
];

both_databases! {
    async fn ar_04__rows_edited_or_deleted_by_sql_are_named(app: TestApp) {
        let Connected { .. } = app.connected("ada").await;
        let agent = app.agent();
        app.user("bob").await;
        let mut browser = app.signed_in("bob").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        assert_eq!(agent.exchange(&subject_token, PROVIDER, &[]).await.error(), "interaction_required");
        assert_eq!(app.findings().await, Vec::<String>::new());
        for (table, column, value, name) in EDITS {
            let saved = format!("saved_{table}_{column}");
            app.sql(&format!("CREATE TABLE {saved} AS SELECT * FROM {table}"));
            let what = format!("{table}.{column}");
            let all = app.texts(&format!("SELECT CAST({name} AS TEXT) AS text FROM {table}"));
            assert!(!all.is_empty(), "{what}");
            app.sql(&format!("UPDATE {table} SET {column} = {value}"));
            names_each(&app, table, &all, &what).await;
            // Keys go the long way round: nothing but they names the row.
            if *table == "changes" {
                app.sql("DELETE FROM changes");
                app.sql(&format!("INSERT INTO changes SELECT * FROM {saved}"));
            } else {
                app.sql(&format!(
                    "UPDATE {table} SET {column} = (SELECT s.{column} FROM {saved} s WHERE s.{name} = {table}.{name})"
                ));
            }
            app.sql(&format!("DROP TABLE {saved}"));
            assert_eq!(app.findings().await, Vec::<String>::new(), "{what} is as it was");
        }
        for (table, name) in DELETED {
            let saved = format!("saved_{table}");
            app.sql(&format!("CREATE TABLE {saved} AS SELECT * FROM {table}"));
            let all = app.texts(&format!("SELECT CAST({name} AS TEXT) AS text FROM {table}"));
            assert!(!all.is_empty(), "{table}");
            app.sql(&format!("DELETE FROM {table}"));
            names_each(&app, table, &all, table).await;
            app.sql(&format!("INSERT INTO {table} SELECT * FROM {saved}"));
            app.sql(&format!("DROP TABLE {saved}"));
            assert_eq!(app.findings().await, Vec::<String>::new(), "{table} is as it was");
        }
        app.finish_tampered().await;
    }

    async fn ar_04__rows_inserted_by_sql_are_named(app: TestApp) {
        let Connected { agent, mut browser, .. } = app.connected("ada").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        agent.exchange(&subject_token, PROVIDER, &[("login_hint", "nobody")]).await.error();
        assert_eq!(app.findings().await, Vec::<String>::new());
        let copies = [
            ("access_tokens", "id, audience", "'uat_01m80vwjrgeqa9dz8w4szdgsp9', 'elsewhere'", "uat_01m80vwjrgeqa9dz8w4szdgsp9"),
            ("changes", "id", "'con_forged'", "con_forged"),
            ("identities", "subject", "'mallory'", "identities"),
        ];
        for (table, columns, values, named) in copies {
            let forged = format!("forged_{table}");
            app.sql(&format!("CREATE TABLE {forged} AS SELECT * FROM {table}"));
            let key = columns.split(", ").next().unwrap();
            let first = app.texts(&format!("SELECT {key} AS text FROM {forged}")).remove(0);
            app.sql(&format!("DELETE FROM {forged} WHERE {key} <> '{first}'"));
            for (column, value) in columns.split(", ").zip(values.split(", ")) {
                app.sql(&format!("UPDATE {forged} SET {column} = {value}"));
            }
            app.sql(&format!("INSERT INTO {table} SELECT * FROM {forged}"));
            names_each(&app, table, &[named.to_owned()], table).await;
        }
        app.finish_tampered().await;
    }

    async fn ar_04__an_expired_request_may_be_swept_and_a_pending_one_may_not(app: TestApp) {
        let agent = app.agent();
        app.user("bob").await;
        let mut browser = app.signed_in("bob").await;
        let subject_token = app.subject_token(&mut browser, AGENT_ID, &agent).await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.error();
        app.sql("CREATE TABLE saved AS SELECT * FROM interactions");
        app.sql("DELETE FROM interactions");
        assert_eq!(app.findings().await.len(), 1);
        app.advance(Duration::from_secs(86_400));
        assert_eq!(app.findings().await, Vec::<String>::new());
        app.finish().await;
    }

    async fn ar_04__a_row_that_cannot_be_read_is_one_finding_and_hides_no_other(app: TestApp) {
        let mut app = app;
        app.oidc_provider("second-idp", "static").await;
        app.client(ClientSetup::new("second-agent", "a-secret-of-a-second-agent-0123456789")).await;
        app.user("bob").await;
        app.connected("bob").await;
        app.connected("ada").await;
        let of = |table: &str, name: &str, user: &str| {
            let query = format!("SELECT MIN({name}) AS text FROM {table} WHERE user_id = (SELECT id FROM users WHERE username = '{user}')");
            app.texts(&query).remove(0)
        };
        // In each table one that cannot be read, and one behind it that was edited.
        let mut names = Vec::new();
        for (table, column, broken, edited, edit) in [
            ("clients", "ceilings", AGENT_ID.to_owned(), "second-agent".to_owned(), "name = 'Mallory'"),
            ("providers", "managed_by", PROVIDER.to_owned(), "second-idp".to_owned(), "client_id = 'mallory'"),
            ("delegations", "scope", of("delegations", "id", "ada"), of("delegations", "id", "bob"), "decided_at = decided_at + 1"),
            ("connections", "state", of("connections", "id", "ada"), of("connections", "id", "bob"), "account_label = 'mallory'"),
        ] {
            app.sql(&format!("UPDATE {table} SET {column} = 'nonsense' WHERE id = '{broken}'"));
            app.sql(&format!("UPDATE {table} SET {edit} WHERE id = '{edited}'"));
            names.extend([(table, broken, "is damaged"), (table, edited, "was changed past the server")]);
        }
        app.sql("UPDATE users SET username = 'mallory' WHERE username = 'ada'");
        let findings = app.findings().await;
        for (table, id, what) in &names {
            let named: Vec<_> = findings.iter().filter(|finding| finding.contains(&format!("row {id} of")) && finding.contains(table)).collect();
            assert!(matches!(named.as_slice(), [only] if only.contains(what)), "{table} {id}: {findings:#?}");
        }
        assert_eq!(findings.len(), names.len() + 1, "{findings:#?}");
        app.finish_tampered().await;
    }

    async fn ar_04__details_that_sql_removed_are_named(app: TestApp) {
        app.connected("ada").await;
        app.sql("UPDATE records SET salt = NULL, details = NULL WHERE seq = (SELECT MAX(seq) FROM records WHERE details IS NOT NULL)");
        let findings = app.findings().await;
        assert!(
            matches!(findings.as_slice(), [only] if only.contains("the details beside the body were removed")),
            "{findings:?}"
        );
        app.finish_tampered().await;
    }
}

async fn names_each(app: &TestApp, table: &str, names: &[String], what: &str) {
    let findings = app.findings().await;
    for name in names {
        assert!(
            findings
                .iter()
                .any(|finding| finding.contains(name.as_str()) && finding.contains(table)),
            "{what}: {name} is not named in {findings:#?}"
        );
    }
}
