//! Lists of the admin API while rows are damaged or changed past the server: the page goes on, and says which it leaves
//! out.

use serde_json::{Value, json};
use vouchsafe_model::AdminScope;
use vouchsafe_testkit::{ClientSetup, PROVIDER, TestApp, both_databases};

use crate::admin_support::Operator;

/// The list, the table behind it, and what is done to one of its rows.
const LISTS: [(&str, &str, &str); 11] = [
    ("/users", "users", "status = 'weird'"),
    ("/users", "users", "status = 'disabled'"),
    ("/clients", "clients", "scope = 'weird'"),
    ("/clients", "clients", "name = 'weird'"),
    ("/providers", "providers", "managed_by = 'weird'"),
    ("/providers", "providers", "client_id = 'weird'"),
    ("/connections", "connections", "state = 'weird'"),
    ("/delegations", "delegations", "decision = 'weird'"),
    ("/delegations", "delegations", "scope = '\"everything\"'"),
    ("/admin-keys", "admin_keys", "scopes = 'weird'"),
    ("/admin-keys", "admin_keys", "name = 'weird'"),
];

fn ids(items: &Value) -> Vec<&str> {
    let items = items.as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap()).collect()
}

both_databases! {
    async fn a_list_names_what_it_cannot_show_and_goes_on(app: TestApp) {
        let mut app = app;
        app.user("bob").await;
        let secret = "a-secret-of-a-second-agent-0123456789";
        app.client(ClientSetup::new("second-agent", secret).ceiling(PROVIDER, "openid")).await;
        app.oidc_provider("second-idp", "static").await;
        app.connected("ada").await;
        app.connected("bob").await;
        let operator = Operator::of(&app).await;
        let spare = Operator::with(&app, &[AdminScope::Read]).await;
        app.sql(&format!("DELETE FROM admin_keys WHERE id NOT IN ('{}', '{}')", operator.id, spare.id));
        for (list, table, damage) in LISTS {
            let all: Vec<String> = app.texts(&format!("SELECT id AS text FROM {table} ORDER BY id"));
            assert_eq!(all.len(), 2, "{table}: {all:?}");
            // The key that asks is the first of its list; of all others the first in line is damaged.
            let victim = if table == "admin_keys" { &spare.id } else { &all[0] };
            let spared = all.iter().find(|id| *id != victim).unwrap();
            let intact = operator.get(list).await;
            assert_eq!(ids(&intact["items"]), all, "{list}");
            assert!(intact.get("unreadable").is_none(), "{intact}");
            let column = damage.split(' ').next().unwrap();
            app.sql(&format!("CREATE TABLE kept AS SELECT id AS k, {column} AS c FROM {table}"));
            app.sql(&format!("UPDATE {table} SET {damage} WHERE id = '{victim}'"));
            let shown = operator.get(list).await;
            assert_eq!((ids(&shown["items"]), &shown["unreadable"]), (vec![spared.as_str()], &json!([victim])), "{list}, {damage}");
            assert!(app.logs().contains(victim.as_str()), "{victim} is in the log");
            // A page that holds nothing else still leads on.
            let path = format!("{list}?limit=1");
            let first = operator.get(&path).await;
            let next = format!("{path}&cursor={}", first["next_cursor"].as_str().unwrap());
            let second = operator.get(&next).await;
            let both: Vec<&str> = [&first, &second].into_iter().flat_map(|page| ids(&page["items"])).collect();
            assert_eq!(both, [spared.as_str()], "{list}, {damage}");
            app.sql(&format!("UPDATE {table} SET {column} = (SELECT c FROM kept WHERE k = {table}.id)"));
            app.sql("DROP TABLE kept");
        }
        app.finish_tampered().await;
    }

    async fn one_who_is_asked_for_by_name_is_named_by_id_when_the_row_is_damaged(app: TestApp) {
        let ada = app.texts("SELECT id AS text FROM users").remove(0);
        let operator = Operator::of(&app).await;
        for damage in ["status = 'weird'", "status = 'disabled'"] {
            app.sql(&format!("UPDATE users SET {damage}"));
            let found = operator.get("/users?username=ada").await;
            assert_eq!(found, json!({ "items": [], "unreadable": [ada] }));
            assert_eq!(operator.refused("GET", &format!("/users/{ada}"), None).await.0, 500);
        }
        app.finish_tampered().await;
    }

    async fn ar_04__a_delegation_that_was_changed_past_the_server_is_not_shown_as_granted(app: TestApp) {
        app.connected("ada").await;
        let id = app.texts("SELECT id AS text FROM delegations").remove(0);
        app.sql("UPDATE delegations SET scope = '\"everything\"'");
        let operator = Operator::of(&app).await;
        let (status, sentence) = operator.refused("GET", &format!("/delegations/{id}"), None).await;
        assert!(status == 500 && sentence.contains("changed past the server"), "{sentence}");
        // Taken back it can be: that only takes.
        assert_ne!(operator.post(&format!("/delegations/{id}/withdraw")).await["decision"], "granted");
        app.finish_tampered().await;
    }
}
