//! The record over the admin API: filters, and how much one call looks at.

use std::time::Duration;

use serde_json::{Value, json};
use vouchsafe_audit::export::Line;
use vouchsafe_audit::{Event, EventKind, Ledger};
use vouchsafe_store::records;
use vouchsafe_testkit::{AGENT_ID, Connected, PROVIDER, TestApp, both_databases};

use crate::admin_support::{Operator, registered};

fn events(answer: &Value) -> Vec<&str> {
    answer["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["event"].as_str().unwrap())
        .collect()
}

both_databases! {
    async fn the_record_is_read_page_by_page_as_it_is_exported(app: TestApp) {
        let Connected { .. } = app.connected("ada").await;
        let operator = Operator::of(&app).await;
        let stored = app.instance.store.read(|tx| records::range(tx, 1, 1_000)).await.unwrap();
        let lines: Vec<Value> = stored.iter().map(|row| serde_json::to_value(Line::of(row)).unwrap()).collect();
        for limit in [1, 3, 1_000] {
            let (mut read, mut after) = (Vec::new(), 0);
            loop {
                let page = operator.get(&format!("/records?after={after}&limit={limit}")).await;
                read.extend(page["records"].as_array().unwrap().iter().cloned());
                match page["next"].as_i64() {
                    Some(next) => after = next,
                    None => break,
                }
            }
            assert_eq!(read, lines, "{limit} at a time");
        }
        let middle = operator.get("/records?after=2&before=5").await;
        let seqs: Vec<i64> = middle["records"].as_array().unwrap().iter().map(|record| record["seq"].as_i64().unwrap()).collect();
        assert_eq!((seqs, middle.get("next")), (vec![3, 4], None));
        assert_eq!(operator.get("/records?before=1").await, json!({ "records": [] }));
        assert_eq!(operator.get("/records?after=100000").await, json!({ "records": [] }));
        for query in ["limit=0", "limit=1001", "after=-1", "before=0", "event=x", "event=token.exchange", "event=Token.Exchanged", "since=yesterday", "until=2026-02-30T00:00:00Z",
            "user_id=ada", "client_id=%20", "connection_id=con_", "nothing=1", "after=1&after=2"] {
            assert_eq!(operator.refused("GET", &format!("/records?{query}"), None).await.0, 400, "{query}");
        }
        app.finish().await;
    }

    async fn the_record_is_searched_by_event_person_client_connection_and_time(app: TestApp) {
        app.user("bob").await;
        let operator = Operator::of(&app).await;
        registered(&app, &operator, "other").await;
        let Connected { agent, subject_token, .. } = app.connected("ada").await;
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        app.advance(Duration::from_secs(60));
        agent.exchange(&subject_token, PROVIDER, &[]).await.token();
        let exchanged = operator.get("/records?event=token.exchanged").await;
        assert_eq!(events(&exchanged), ["token.exchanged"; 2]);
        let [ada, bob] = ["ada", "bob"].map(|name| app.texts(&format!("SELECT id AS text FROM users WHERE username = '{name}'")).remove(0));
        let adas = operator.get(&format!("/records?user_id={ada}")).await;
        let adas = events(&adas);
        for event in ["user.changed", "session.started", "delegation.granted", "token.exchanged", "connection.connected"] {
            assert!(adas.contains(&event), "{event} is not among {adas:?}");
        }
        assert_eq!(events(&operator.get(&format!("/records?user_id={bob}")).await), ["user.changed"]);
        assert_eq!(events(&operator.get("/records?client_id=other").await), ["client.changed"]);
        let agents = operator.get(&format!("/records?client_id={AGENT_ID}&event=token.exchanged")).await;
        assert_eq!(events(&agents).len(), 2);
        let connection = app.texts("SELECT id AS text FROM connections").remove(0);
        let about = operator.get(&format!("/records?connection_id={connection}")).await;
        assert!(events(&about).contains(&"connection.connected") && events(&about).contains(&"token.exchanged"));
        assert!(!events(&about).contains(&"client.changed"));
        // By time: the later exchange only, or the earlier one only; in any zone.
        let at = exchanged["records"][1]["time"].as_i64().unwrap();
        let path = format!("/connections/{connection}");
        let written = operator.get(&path).await["last_used_at"].as_str().unwrap().to_owned();
        let (since, until) = (format!("since={written}"), format!("until={written}"));
        for (query, expected) in [(since, at), (until, exchanged["records"][0]["time"].as_i64().unwrap())] {
            let found = operator.get(&format!("/records?event=token.exchanged&{query}")).await;
            let times: Vec<i64> = found["records"].as_array().unwrap().iter().map(|record| record["time"].as_i64().unwrap()).collect();
            assert_eq!(times, [expected], "{query}");
        }
        assert_eq!(operator.get("/records?since=2100-01-01T00:00:00%2B01:00").await, json!({ "records": [] }));
        assert_eq!(operator.get("/records?until=1970-01-01T00:00:00Z").await, json!({ "records": [] }));
        app.finish().await;
    }

    async fn a_search_looks_at_ten_thousand_entries_and_says_where_to_go_on(app: TestApp) {
        let operator = Operator::of(&app).await;
        let instance = &app.instance;
        let ledger = Ledger::new(instance.vault.clone(), instance.clock.clone(), instance.ids.clone());
        let many = (0..10_050).map(|_| Event::new(EventKind::SignInFailed)).collect::<Vec<_>>();
        instance.store.write(move |tx| ledger.append_all(tx, many)).await.unwrap();
        operator.send("POST", "/users", json!({ "username": "last" })).await;
        let last = app.texts("SELECT id AS text FROM users WHERE username = 'last'").remove(0);
        let first = operator.get(&format!("/records?user_id={last}")).await;
        assert_eq!(first["records"], json!([]));
        let next = first["next"].as_i64().unwrap();
        assert_eq!(next, 10_000);
        let second = operator.get(&format!("/records?user_id={last}&after={next}")).await;
        assert_eq!((events(&second), second.get("next")), (vec!["user.changed"], None));
        app.finish().await;
    }
}
