//! `vouchsafe audit fingerprint`: a token that turned up somewhere.

use serde_json::Value;
use vouchsafe::demo::{Exchanged, Journey};
use vouchsafe_testkit::{Program, Ran, Server};

use crate::program::{connected, server, server_on_postgresql};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tv_15__a_token_leads_to_its_releases_and_to_what_still_lives() {
    a_token_leads_to_its_releases(server().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tv_15__a_token_leads_to_its_releases_and_to_what_still_lives_on_postgresql() {
    if let Some(server) = server_on_postgresql().await {
        a_token_leads_to_its_releases(server).await;
    }
}

async fn a_token_leads_to_its_releases(server: Server) {
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    let subject = connected(&mut journey).await;
    let (token, first) = exchanged(&journey.exchange(&subject).await.unwrap());
    let (again, last) = exchanged(&journey.exchange(&subject).await.unwrap());
    assert_eq!(again, token, "a warm token is released twice");

    // As a person would paste it: with a line end.
    let [released] = releases(&server.program, &format!("{token}\n"))
        .try_into()
        .unwrap();
    let said = |name: &str| released[name].as_str().unwrap_or_default();
    assert_eq!(said("event"), "token.exchanged");
    assert_eq!(released["count"], 2);
    assert_eq!(
        (&released["first"]["id"], &released["last"]["id"]),
        (&first, &last)
    );
    assert_eq!(said("client_id"), "briefing-agent");
    assert_eq!((said("username"), said("user_status")), ("ada", "active"));
    assert_eq!(said("scope"), "calendar.read");
    assert_eq!(released["audience"][0], "demo-idp");
    assert_eq!(
        (said("connection_state"), said("delegation_state")),
        ("active", "granted")
    );
    assert_eq!(released["expired"], false);

    let [issued] = releases(&server.program, &subject.access_token)
        .try_into()
        .unwrap();
    assert_eq!(issued["event"], "token.issued");
    assert_eq!(issued["issued_token_state"], "live");
    assert_eq!(issued["session_state"], "live");

    journey.revoke(said("connection_id")).await.unwrap();
    let [revoked] = releases(&server.program, &token).try_into().unwrap();
    assert_eq!(revoked["connection_state"], "revoked");
    assert_eq!(revoked["upstream_revocation"], "revoked_upstream");
    let out = server.program.run(&["user", "sign-out", "ada"]);
    assert!(out.status.success(), "{}", out.text());
    let [issued] = releases(&server.program, &subject.access_token)
        .try_into()
        .unwrap();
    assert_eq!(
        (&issued["user_status"], &issued["session_state"]),
        (&"active".into(), &"ended".into())
    );

    for (arguments, status) in [
        (&[][..], 0),
        (&["--since", "2000-01-01T00:00:00Z"], 0),
        (&["--since", "2100-01-01T00:00:00Z"], 1),
    ] {
        let ran = fingerprint(&server.program, arguments, &token);
        assert_eq!(ran.status.code(), Some(status), "{arguments:?}: {}", ran.text());
        assert!(!ran.text().contains(&token), "{}", ran.text());
    }
    let shown = fingerprint(&server.program, &[], &token).out();
    assert!(shown.contains("token.exchanged  2 times, first 20"), "{shown}");
    assert!(
        shown.contains("(revoked)") && shown.contains("user: ada (active)"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_told_hears_why() {
    let server = server().await;
    let ran = fingerprint(&server.program, &[], "gho_of_somebody_else");
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        ran.text().contains("no token like this was released here"),
        "{}",
        ran.text()
    );
    assert!(!ran.text().contains("gho_of"), "{}", ran.text());
    let ran = fingerprint(&server.program, &["--json"], "gho_of_somebody_else");
    assert_eq!(
        (ran.status.code(), ran.out().trim()),
        (Some(1), r#"{"releases":[]}"#)
    );

    let ran = fingerprint(&server.program, &[], "\n");
    assert_eq!(ran.status.code(), Some(2));
    assert!(
        ran.text().contains("there is no token on standard input"),
        "{}",
        ran.text()
    );
    let ran = fingerprint(&server.program, &["--since", "yesterday"], "x");
    assert_eq!(ran.status.code(), Some(2));
    assert!(
        ran.text().contains("expected a time as in RFC 3339"),
        "{}",
        ran.text()
    );
    // Never where everybody on the machine may read it.
    let ran = fingerprint(&server.program, &["gho_as_an_argument"], "");
    assert_eq!(ran.status.code(), Some(2));

    server.program.remove("vouchsafe.key");
    let ran = fingerprint(&server.program, &[], "gho_of_somebody_else");
    assert_eq!(ran.status.code(), Some(2));
    assert!(ran.text().contains("there is no key file at"), "{}", ran.text());
}

fn fingerprint(program: &Program, arguments: &[&str], token: &str) -> Ran {
    let command = [&["audit", "fingerprint"], arguments].concat();
    program.run_with_input(&command, token)
}

fn releases(program: &Program, token: &str) -> Vec<Value> {
    let ran = fingerprint(program, &["--json"], token);
    assert!(ran.status.success(), "{}", ran.text());
    let found: Value = serde_json::from_str(&ran.out()).unwrap();
    found["releases"].as_array().unwrap().clone()
}

/// The token, and the id of its record.
fn exchanged(exchanged: &Exchanged) -> (String, Value) {
    match exchanged {
        Exchanged::Token {
            access_token, record, ..
        } => {
            let id = record.split(';').next().unwrap_or_default();
            (access_token.clone(), id.into())
        }
        other => panic!("no token: {other:?}"),
    }
}
