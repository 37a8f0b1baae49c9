//! The record on its way to other systems: over real sockets, on both databases, through outages, kills and replicas.

#[path = "exports/in_process.rs"]
mod in_process;
#[expect(dead_code, reason = "the journey is for other tests")]
mod program;
#[path = "exports/syslog_receiver.rs"]
mod syslog_receiver;
#[path = "exports/webhook_receiver.rs"]
mod webhook_receiver;

use std::fs;
use std::time::Duration;

use serde_json::Value;
use vouchsafe_testkit::{Agent, Http, Server};

/// Secrets are wrong here, so each is an entry.
async fn refusals(server: &Server, count: usize) {
    for _ in 0..count {
        let agent = Agent::basic(server.issuer(), "briefing-agent", "not the secret of this agent");
        agent.exchange("x", "demo-idp", &[]).await;
    }
}

fn seqs(text: &str) -> Vec<i64> {
    let seq = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        entry["seq"].as_i64().unwrap()
    };
    text.lines().map(seq).collect()
}

fn last_seq(server: &Server) -> i64 {
    server.texts("SELECT CAST(max(seq) AS TEXT) AS text FROM records")[0]
        .parse()
        .unwrap()
}

/// Waits until the file has the last entry. What was killed holds its lease on PostgreSQL for a minute: it is over.
async fn caught_up(server: &Server, name: &str) {
    server.sql("UPDATE export_cursors SET lease_until = 0 WHERE lease_until IS NOT NULL");
    for _ in 0..600 {
        let text = fs::read_to_string(server.program.path(name)).unwrap_or_default();
        let whole = if text.ends_with('\n') {
            seqs(&text)
        } else {
            Vec::new()
        };
        if whole.last() == Some(&last_seq(server)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "the file does not follow the record: {}",
        server.program.run(&["audit", "exports"]).text()
    );
}

async fn a_file_through_kills(mut server: Server) {
    let config = server.program.read("vouchsafe.toml");
    let export = "\n[[export]]\nname = \"archive\"\nto = \"file\"\nfrom = \"beginning\"\npath = \"out/record.jsonl\"\n";
    server.program.write("vouchsafe.toml", &(config + export));
    let before = server.program.run(&["audit", "exports"]).text();
    assert!(
        before.contains("archive  file  -     0       not begun yet"),
        "{before}"
    );
    // The folder is not there yet: the server serves and is ready all the same.
    server.kill_and_restart().await;
    refusals(&server, 10).await;
    let mut told = String::new();
    for _ in 0..200 {
        told = server.program.run(&["audit", "exports"]).text();
        if told.contains("stands still since") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        told.contains("the file cannot be written (no such file)"),
        "{told}"
    );
    let doctor = server.program.run(&["doctor"]).text();
    assert!(
        doctor.contains("warn  exports: archive (file) stands still since"),
        "{doctor}"
    );
    assert_eq!(
        Http::default()
            .get(&format!("{}/readyz", server.issuer()))
            .await
            .status,
        200
    );
    fs::create_dir(server.program.path("out")).unwrap();
    for _ in 0..4 {
        refusals(&server, 10).await;
        server.kill_and_restart().await;
    }
    caught_up(&server, "out/record.jsonl").await;
    // Killed in the middle of a line.
    server.kill();
    let path = server.program.path("out/record.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 20]).unwrap();
    server.sql("UPDATE export_cursors SET next_seq = next_seq - 1");
    server.restart().await;
    refusals(&server, 5).await;
    caught_up(&server, "out/record.jsonl").await;
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        seqs(&text),
        (1..=last_seq(&server)).collect::<Vec<_>>(),
        "every entry once, in order"
    );
    let after = server.program.run(&["audit", "exports", "--json"]).text();
    let after: Value = serde_json::from_str(after.trim()).unwrap();
    assert_eq!(
        (&after["name"], &after["error"]),
        (&Value::from("archive"), &Value::Null),
        "{after}"
    );
    let log = server.program.read("vouchsafe.toml.log");
    assert!(log.contains("an export stands still"), "{log}");
    let verified = server.program.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", verified.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_has_every_entry_once_in_order_through_an_outage_and_kills() {
    a_file_through_kills(program::server().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_has_every_entry_once_in_order_on_postgresql() {
    if let Some(server) = program::server_on_postgresql().await {
        a_file_through_kills(server).await;
    }
}
