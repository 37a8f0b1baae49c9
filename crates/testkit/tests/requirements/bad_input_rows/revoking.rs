//! Revoking while rows are damaged: it is refused to nobody, and no row keeps another alive.

use std::time::Duration;

use serde_json::json;
use vouchsafe_testkit::{AGENT_ID, Connected, PROVIDER, TestApp, both_databases};

use crate::admin_support::Operator;

/// Until a query has this answer; the jobs run beside us.
async fn until(app: &TestApp, sql: &str, expected: &[&str]) {
    for _ in 0..1_000 {
        if app.texts(sql) == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(app.texts(sql), expected, "{sql}");
}

const CONNECTIONS: &str = "SELECT id AS text FROM connections ORDER BY id";
const AT_THE_PROVIDER: &str = "SELECT state AS text FROM upstream_revocations ORDER BY id";
const LEFT_OVER: &str =
    "SELECT payload AS text FROM jobs WHERE kind = 'sweep_left_over' AND state = 'waiting'";

both_databases! {
    async fn no_damaged_row_keeps_what_is_behind_it_alive_when_everything_is_revoked(app: TestApp) {
        for name in ["bob", "carol"] {
            app.user(name).await;
        }
        for name in ["ada", "bob", "carol"] {
            app.connected(name).await;
        }
        let ids = app.texts(CONNECTIONS);
        // Of the first in line the person is damaged, of the second the connection itself.
        let (user, connection) = (&ids[0], &ids[1]);
        app.sql(&format!("UPDATE users SET status = 'weird' WHERE id = (SELECT user_id FROM connections WHERE id = '{user}')"));
        app.sql(&format!("UPDATE connections SET state = 'weird' WHERE id = '{connection}'"));
        let operator = Operator::of(&app).await;
        operator.post(&format!("/providers/{PROVIDER}/revoke")).await;
        until(&app, AT_THE_PROVIDER, &["revoked_upstream", "revoked_upstream"]).await;
        assert_eq!(app.texts(LEFT_OVER), [connection.as_str()]);
        let named = format!("row {connection} of `connections` is damaged: column `state` cannot be read");
        assert!(app.logs().contains(&named), "{}", app.logs());
        app.sql("UPDATE users SET status = 'active'");
        app.sql(&format!("UPDATE connections SET state = 'active' WHERE id = '{connection}'"));
        app.advance(Duration::from_secs(30));
        until(&app, AT_THE_PROVIDER, &["revoked_upstream"; 3]).await;
        until(&app, LEFT_OVER, &[]).await;
        app.finish().await;
    }

    async fn no_damaged_row_keeps_a_clients_leave_behind_it(app: TestApp) {
        for name in ["bob", "carol"] {
            app.user(name).await;
        }
        for name in ["ada", "bob", "carol"] {
            app.connected(name).await;
        }
        let ids = app.texts("SELECT id AS text FROM delegations ORDER BY id");
        app.sql(&format!("UPDATE users SET status = 'weird' WHERE id = (SELECT user_id FROM delegations WHERE id = '{}')", ids[0]));
        app.sql(&format!("UPDATE delegations SET decision = 'weird' WHERE id = '{}'", ids[1]));
        let operator = Operator::of(&app).await;
        operator.post(&format!("/clients/{AGENT_ID}/revoke")).await;
        let granted = "SELECT id AS text FROM delegations WHERE decision = 'granted'";
        until(&app, granted, &[]).await;
        assert_eq!(app.texts(LEFT_OVER), [ids[1].as_str()]);
        assert!(app.logs().contains(&format!("row {} of `delegations` is damaged: column `decision`", ids[1])));
        app.sql("UPDATE users SET status = 'active'");
        app.sql(&format!("UPDATE delegations SET decision = 'granted' WHERE id = '{}'", ids[1]));
        app.advance(Duration::from_secs(30));
        until(&app, LEFT_OVER, &[]).await;
        until(&app, granted, &[]).await;
        app.finish().await;
    }

    async fn revoking_is_not_refused_for_a_person_whose_row_is_damaged(app: TestApp) {
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let (ada, connection) = (app.texts("SELECT id AS text FROM users").remove(0), app.texts(CONNECTIONS).remove(0));
        let delegation = app.texts("SELECT id AS text FROM delegations").remove(0);
        let pseudonym = app.texts("SELECT pseudonym AS text FROM users").remove(0);
        app.sql("UPDATE users SET status = 'weird'");
        let operator = Operator::of(&app).await;
        let withdrawn = operator.post(&format!("/delegations/{delegation}/withdraw")).await;
        assert_ne!(withdrawn["decision"], "granted");
        assert_eq!(operator.post(&format!("/connections/{connection}/revoke")).await["state"], "revoked_upstream");
        assert!(operator.post(&format!("/users/{ada}/revoke")).await["revoked_at"].is_string());
        assert_eq!(operator.post(&format!("/users/{ada}/sign-out")).await, json!({ "sessions_ended": 1 }));
        assert_eq!(operator.refused("POST", "/users/usr_00000000000000000000000000/sign-out", None).await.0, 404);
        // The record names the person as ever.
        for event in ["delegation.withdrawn", "connection.revoked", "access.revoked", "upstream_revocation.updated", "session.ended"] {
            let records = app.records(event).await;
            assert_eq!(records.len(), 1, "{event}");
            assert_eq!(records[0]["user"], pseudonym, "{event}: {}", records[0]);
        }
        app.sql("UPDATE users SET status = 'active'");
        app.finish().await;
    }

    async fn an_old_connection_that_is_damaged_hides_no_live_one(app: TestApp) {
        let Connected { mut browser, agent, subject_token } = app.connected("ada").await;
        let old = app.texts(CONNECTIONS).remove(0);
        let operator = Operator::of(&app).await;
        operator.post(&format!("/connections/{old}/revoke")).await;
        let asks = agent.exchange(&subject_token, PROVIDER, &[]).await;
        app.approve(&mut browser, asks.member("interaction_uri")).await;
        app.sql(&format!("UPDATE connections SET state_at = NULL WHERE id = '{old}'"));
        let page = browser.open(&format!("{}/connections", app.base)).await;
        assert_eq!(page.reply.status, 200, "{}", page.reply.text());
        let text = page.reply.text();
        assert!(text.contains("Not everything can be shown here") && text.contains("id=\"disconnect-con_"), "{text}");
        assert!(!text.contains(&old), "{text}");
        app.finish_tampered().await;
    }
}
