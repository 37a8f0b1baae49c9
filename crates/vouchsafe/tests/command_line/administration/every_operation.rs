//! Every command of the table, on both databases, while a server runs and while none does.

use std::collections::BTreeMap;

use serde_json::Value;

use super::table::{STEPS, Step, words};
use super::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_every_command_does_its_operation_while_the_server_runs() {
    every_command(World::new(), Server::Runs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_every_command_does_its_operation_while_no_server_runs() {
    every_command(World::new(), Server::Stopped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_every_command_does_its_operation_while_the_server_runs() {
    if let Some(world) = World::on_postgresql() {
        every_command(world.with("VOUCHSAFE__ADMIN_SOCKET", "v.sock"), Server::Runs).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_every_command_does_its_operation_while_no_server_runs() {
    if let Some(world) = World::on_postgresql() {
        every_command(world, Server::Stopped).await;
    }
}

/// Without a socket there, the command opens an instance of its own beside that of the server, as another replica would.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_every_command_does_its_operation_beside_a_server_without_a_socket() {
    if let Some(world) = World::on_postgresql() {
        every_command(world, Server::Runs).await;
    }
}

#[derive(PartialEq)]
enum Server {
    Runs,
    Stopped,
}

async fn every_command(mut world: World, server: Server) {
    world.folder.write("override.json", OVERRIDE);
    world.start().await;
    world.connected().await;
    let mut known = BTreeMap::new();
    for (name, path) in [("connection", "/connections"), ("delegation", "/delegations")] {
        let id = world.http(path).await["items"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        known.insert(name, id);
    }
    if server == Server::Stopped {
        world.stop();
    }
    let mut secrets = world.secrets();
    secrets.extend(
        STEPS
            .iter()
            .filter_map(|step| Some(step.input?.trim().to_owned())),
    );
    for step in STEPS {
        take(&world, step, &mut known, &mut secrets);
    }
    by_local(&world);
    if server == Server::Stopped {
        world.start().await;
    }
    // What the commands have done, over HTTP: and nothing that is shown there is a secret of theirs.
    let connection = world.http(&format!("/connections/{}", known["connection"])).await;
    assert_eq!(connection["state"], "revoked");
    assert!(world.upstream.live_tokens("oidc").is_empty());
    let courier = world.http("/clients/courier").await;
    assert_eq!(courier["ceilings"][0]["scope"], "calendar.read");
    world.stop();
    let verified = world.folder.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}{}", verified.out, verified.err);
}

fn take(world: &World, step: &Step, known: &mut BTreeMap<&'static str, String>, secrets: &mut Vec<String>) {
    let run = |command: &str, input: Option<&str>, known: &BTreeMap<&str, String>| {
        let arguments = words(&filled(command, known));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = match input {
            Some(input) => world.folder.run_with(&arguments, input),
            None => world.folder.run(&arguments),
        };
        assert!(ran.status.success(), "{arguments:?}: {}{}", ran.out, ran.err);
        for secret in &*secrets {
            let leaks = ran.out.contains(secret) || ran.err.contains(secret);
            assert!(!leaks, "{arguments:?} shows {secret}");
        }
        ran
    };
    let ran = run(step.command, step.input, known);
    if let Some((before, name)) = step.keeps {
        let lines = ran.out.lines();
        // Of a list the row of that name, else the member.
        let line = lines.clone().find(|line| line.contains(&format!("  {name} ")));
        let line = line.or_else(|| ran.out.lines().find(|line| line.starts_with(before)));
        let value = line
            .unwrap()
            .trim_start_matches("id: ")
            .trim_start_matches("secret_id: ");
        let value = value.split_whitespace().next().unwrap();
        known.insert(name, value.to_owned());
    }
    for text in step.prints {
        let text = filled(text, known);
        assert!(
            ran.out.contains(&text),
            "{}: no {text:?} in\n{}",
            step.operation,
            ran.out
        );
    }
    if let Some((command, text)) = step.seen {
        let seen = run(command, None, known).out;
        let text = filled(text, known);
        match text.strip_prefix('!') {
            Some(text) => assert!(!seen.contains(text), "{}: {text:?} in\n{seen}", step.operation),
            None => assert!(seen.contains(&text), "{}: no {text:?} in\n{seen}", step.operation),
        }
    }
    if let Some(before) = step.once {
        let mut lines = ran.out.lines().filter_map(|line| line.strip_prefix(before));
        let secret = lines.next_back().unwrap();
        assert!(secret.len() > 40, "{}: {secret}", step.operation);
        secrets.push(secret.to_owned());
    }
}

fn filled(text: &str, known: &BTreeMap<&str, String>) -> String {
    known.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

/// Whoever looks at the record sees that it was somebody on the machine itself.
fn by_local(world: &World) {
    let page = world.json(&["record", "list", "--all"]);
    let records = page["records"].as_array().unwrap();
    let by = |event: &str| -> Vec<Value> {
        let of_event = records.iter().filter(|record| record["event"] == event);
        let facts = of_event.map(|record| {
            let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap();
            body["facts"]["by"].clone()
        });
        facts.collect()
    };
    for event in [
        "connection.revoked",
        "delegation.withdrawn",
        "provider.disabled",
        "client.disabled",
        "admin_key.deleted",
    ] {
        assert_eq!(by(event), ["local"], "{event}");
    }
    assert!(by("admin_key.created").iter().all(|by| by == "local"));
}

/// A provider that needs nobody to be asked.
const OVERRIDE: &str = r#"{
    "display_name": "Second",
    "authorize_url": "https://second.example/authorize",
    "token_url": "https://second.example/token",
    "default_scopes": ["read"],
    "identity": { "url": "https://second.example/me", "account_id": ["/id"] },
    "api": { "hosts": ["second.example"] }
}"#;
