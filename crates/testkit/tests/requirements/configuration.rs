//! What the configuration writes over.

use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, ClientSetup, Connected, PROVIDER, TestApp, both_databases};

/// The agent as every test has it.
fn agent() -> ClientSetup {
    ClientSetup::new(AGENT_ID, AGENT_SECRET).ceiling(PROVIDER, "openid read write")
}

/// The last two events, the later one first.
fn latest(app: &TestApp) -> Vec<String> {
    app.texts("SELECT event AS text FROM records ORDER BY seq DESC LIMIT 2")
}

both_databases! {
    async fn ar_04__a_client_changed_by_sql_is_on_the_record_before_it_is_written_anew(app: TestApp) {
        let mut app = app;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret)).await;
        // As it was: nothing is written, and nothing to report.
        let changes = app.records("client.changed").await.len();
        app.client(agent()).await;
        assert_eq!(app.records("client.changed").await.len(), changes);
        assert_eq!(app.records("row.tampered").await.len(), 0);
        // Also when what it says is what the configuration says, and only its tag is wrong.
        for (times, column) in ["ceilings", "name", "secrets", "tag_mac"].into_iter().enumerate() {
            app.sql(&format!(
                "UPDATE clients SET {column} = (SELECT {column} FROM clients WHERE id = 'second-agent') WHERE id = '{AGENT_ID}'"
            ));
            app.client(agent()).await;
            assert_eq!(latest(&app), ["client.changed", "row.tampered"], "{column}");
            let tampered = app.records("row.tampered").await;
            assert_eq!(tampered.len(), times + 1, "{column}");
            let facts = &tampered[times]["facts"];
            assert_eq!((facts["table"].as_str(), facts["row"].as_str()), (Some("clients"), Some(AGENT_ID)));
            // Once written anew it is genuine, and says what the configuration says.
            app.client(agent()).await;
            assert_eq!(app.records("row.tampered").await.len(), times + 1, "{column}");
        }
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.finish().await;
    }

    async fn ar_04__what_sql_wrote_into_a_client_never_gets_a_good_tag(app: TestApp) {
        app.sql(&format!("UPDATE clients SET name = 'mallory' WHERE id = '{AGENT_ID}'"));
        let server = &app.instance.authorization_server;
        let origin = vouchsafe_audit::Origin::background();
        server.disable_client(&AGENT_ID.parse().unwrap(), &origin).await.unwrap();
        assert_eq!(latest(&app), ["client.disabled", "row.tampered"]);
        let left = app.texts(&format!("SELECT name || ' ' || status || ' ' || secrets || ceilings AS text FROM clients WHERE id = '{AGENT_ID}'"));
        assert_eq!(left, [format!("{AGENT_ID} disabled [][]")]);
        app.finish().await;
    }
}
