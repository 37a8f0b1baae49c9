//! `vouchsafe audit archive`: parts of the record that are verified alone.

use std::fs;

use serde_json::Value;
use vouchsafe::demo::Journey;
use vouchsafe_testkit::{Program, Ran, Server};

use crate::program::{connected, server, server_on_postgresql};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tv_18__a_record_is_archived_in_parts_that_verify_alone() {
    a_record_is_archived_in_parts(server().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tv_18__a_record_is_archived_in_parts_that_verify_alone_on_postgresql() {
    if let Some(server) = server_on_postgresql().await {
        a_record_is_archived_in_parts(server).await;
    }
}

async fn a_record_is_archived_in_parts(server: Server) {
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    let subject = connected(&mut journey).await;
    let program = &server.program;
    let last: i64 = server.texts("SELECT CAST(max(seq) AS TEXT) AS text FROM records")[0]
        .parse()
        .unwrap();
    assert!(said(&archive(program, "0", "first.jsonl", &[])).contains(&format!("--after {last}\n")));
    assert_eq!(program.mode("first.jsonl"), 0o600);
    journey.exchange(&subject).await.unwrap();
    journey.exchange(&subject).await.unwrap();
    let after = last.to_string();
    said(&archive(program, &after, "second.jsonl", &["--persons"]));
    let more = program.read("second.jsonl").lines().count() - 1;
    assert!(more >= 2, "two exchanges");

    // Without the database, its configuration and its key.
    for (name, records) in [
        ("first.jsonl", last),
        ("second.jsonl", i64::try_from(more).unwrap()),
    ] {
        let verified = verify(program, name);
        assert!(verified.status.success(), "{}", verified.text());
        assert!(
            verified
                .text()
                .contains(&format!("the record holds: {records} records")),
            "{}",
            verified.text()
        );
    }
    assert!(
        verify(program, "second.jsonl")
            .text()
            .contains("continues another")
    );
    // People stay out of it, unless they are asked for.
    assert!(!program.read("first.jsonl").contains("\"details\":\"{"));
    assert!(program.read("second.jsonl").contains("\"details\":\"{"));

    // One byte of any line, and the place that a part claims to have.
    for name in ["first.jsonl", "second.jsonl"] {
        let lines: Vec<String> = program.read(name).lines().map(str::to_owned).collect();
        for number in 1..lines.len() {
            let mut line: Value = serde_json::from_str(&lines[number]).unwrap();
            let body = line["body"]
                .as_str()
                .unwrap()
                .replacen("\"facts\":{", "\"facts\":{\"x\":1,", 1);
            line["body"] = body.into();
            let mut changed = lines.clone();
            changed[number] = line.to_string();
            found(program, &changed);
        }
        let mut dropped = lines.clone();
        dropped.remove(1);
        found(program, &dropped);
        let mut header: Value = serde_json::from_str(&lines[0]).unwrap();
        if header.get("behind").is_some() {
            header["behind"]["chain"] = "00".repeat(32).into();
            let mut elsewhere = lines.clone();
            elsewhere[0] = header.to_string();
            found(program, &elsewhere);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_archived_is_said_in_a_sentence() {
    let server = server().await;
    let program = &server.program;
    let existing = archive(program, "0", "vouchsafe.toml", &[]);
    assert_eq!(existing.status.code(), Some(1));
    assert!(existing.text().contains("name a new file"), "{}", existing.text());
    let beyond = archive(program, "100000", "beyond.jsonl", &[]);
    assert!(
        beyond
            .text()
            .contains("there is nothing to archive behind record 100000"),
        "{}",
        beyond.text()
    );
    let early = [
        "audit",
        "archive",
        "--before",
        "2000-01-01T00:00:00Z",
        "--out",
        "early.jsonl",
    ];
    assert!(program.run(&early).text().contains("there is nothing to archive"));
    assert!(!program.path("beyond.jsonl").exists() && !program.path("early.jsonl").exists());
    // What is wrong with the record is not archived as if it were right.
    server.sql("UPDATE records SET body = CAST('{}' AS BLOB) WHERE seq = 2");
    let damaged = archive(program, "0", "damaged.jsonl", &[]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(damaged.text().contains("does not verify"), "{}", damaged.text());
}

fn archive(program: &Program, after: &str, out: &str, more: &[&str]) -> Ran {
    let command = [
        "audit",
        "archive",
        "--before",
        "2100-01-01T00:00:00Z",
        "--after",
        after,
        "--out",
        out,
    ];
    program.run(&[&command, more].concat())
}

fn verify(program: &Program, name: &str) -> Ran {
    program.run(&[
        "audit",
        "verify",
        "--export",
        name,
        "--public-key",
        "vouchsafe.audit-keys",
    ])
}

#[track_caller]
fn said(ran: &Ran) -> String {
    assert!(ran.status.success(), "{}", ran.text());
    ran.out()
}

/// That it does not hold.
#[track_caller]
fn found(program: &Program, lines: &[String]) {
    fs::write(program.path("changed.jsonl"), lines.join("\n")).unwrap();
    let ran = verify(program, "changed.jsonl");
    assert_eq!(ran.status.code(), Some(1), "{}", ran.text());
}
