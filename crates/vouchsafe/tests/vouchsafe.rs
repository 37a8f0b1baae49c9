//! The program as a process: the demo, a server that is killed between every two steps, what an operator does with the
//! record, and the small commands.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

#[path = "record/archive.rs"]
mod archive;
#[path = "record/erasure.rs"]
mod erasure;
#[path = "record/fingerprint.rs"]
mod fingerprint;
mod program;
#[path = "record/witnesses.rs"]
mod witnesses;

use std::os::unix::process::ExitStatusExt as _;

use serde_json::Value;
use vouchsafe::demo::{Exchanged, Journey};
use vouchsafe_fake_upstream::Endpoint;
use vouchsafe_testkit::{Program, Server};

#[test]
fn the_demo_ends_with_every_step_held() {
    let output = program::program().run(&["demo", "--exit"]);
    assert!(output.status.success(), "{}", output.text());
    let text = output.text();
    assert!(text.contains("all 17 steps held"), "{text}");
    // Nothing that is shown can be used: every token is shortened.
    assert!(!text.contains("eyJ0eXAi") && !text.contains("Bearer "), "{text}");
}

/// The last line of the issue: whatever a step has said is on the disk, and the next server goes on from there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_10__a_server_killed_between_every_two_steps_still_finishes_the_job() {
    the_job_with_a_kill_between_every_two_steps(program::server().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_10__a_server_killed_between_every_two_steps_still_finishes_the_job_on_postgresql() {
    if let Some(server) = program::server_on_postgresql().await {
        the_job_with_a_kill_between_every_two_steps(server).await;
    }
}

async fn the_job_with_a_kill_between_every_two_steps(mut server: Server) {
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    server.kill_and_restart().await;
    let login = journey.arrive().await.unwrap();
    server.kill_and_restart().await;
    let consent = journey.sign_in(&login).await.unwrap();
    server.kill_and_restart().await;
    let code = journey.allow(&consent).await.unwrap();
    server.kill_and_restart().await;
    let subject = journey.redeem(&code).await.unwrap();
    server.kill_and_restart().await;
    let Exchanged::Ask { interaction_uri, .. } = journey.exchange(&subject).await.unwrap() else {
        panic!("nobody has agreed yet");
    };
    server.kill_and_restart().await;
    let interaction = journey.open_link(&interaction_uri).await.unwrap();
    server.kill_and_restart().await;
    let departure = journey.approve(&interaction).await.unwrap();
    server.kill_and_restart().await;
    let consent = journey.visit_provider(&departure).await.unwrap();
    let callback = journey.agree(&consent).await.unwrap();
    server.kill_and_restart().await;
    let connected = journey.come_back(&callback).await.unwrap();
    assert_eq!(connected.heading(), "Connected");
    server.kill_and_restart().await;
    server.upstream.set_access_ttl("oidc", program::SHORT_LIFE);
    let first = token(&journey.exchange(&subject).await.unwrap());
    server.kill_and_restart().await;
    assert!(journey.call_api(&first).await.unwrap().status.is_success());
    let again = token(&journey.exchange(&subject).await.unwrap());
    assert_eq!(again, first, "a warm token survives in the vault");
    let refreshes = server.upstream.refresh_count("oidc");
    server.kill_and_restart().await;
    program::short_tokens_expire().await;
    server.upstream.set_access_ttl("oidc", 600);
    let second = token(&journey.exchange(&subject).await.unwrap());
    assert_ne!(second, first);
    assert_eq!(server.upstream.refresh_count("oidc"), refreshes + 1);
    server.kill_and_restart().await;
    assert!(journey.call_api(&second).await.unwrap().status.is_success());
    let connection = connection_of(&journey).await;
    let answer = journey.revoke(&connection).await.unwrap();
    assert_eq!(answer["state"], "revoked_upstream", "{answer}");
    server.kill_and_restart().await;
    assert_eq!(journey.call_api(&second).await.unwrap().status.as_u16(), 401);
    let refused = journey.exchange(&subject).await.unwrap();
    assert!(matches!(refused, Exchanged::Ask { .. }), "{refused:?}");
    server.stop().await;
    let verified = server.program.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", verified.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_loses_nothing() {
    let mut server = program::server().await;
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    let subject = program::connected(&mut journey).await;
    let first = token(&journey.exchange(&subject).await.unwrap());
    assert!(server.stop().await.success());
    let checkpoint = server.program.read("vouchsafe.checkpoint");
    let exported = server.program.run(&["audit", "export"]).text();
    let last: Value = serde_json::from_str(exported.lines().last().unwrap()).unwrap();
    assert_eq!(
        checkpoint.lines().nth(1).unwrap(),
        last["seq"].to_string(),
        "the last checkpoint is the last record"
    );
    server.restart().await;
    assert_eq!(token(&journey.exchange(&subject).await.unwrap()), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_writes_no_core() {
    let mut server = program::server().await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.process().id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
        ["0", "0"],
        "{core}"
    );
    assert!(!server.abort().core_dumped());
    assert!(
        server
            .program
            .names()
            .iter()
            .all(|name| !name.starts_with("core"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_and_a_second_start_are_told() {
    let mut server = program::server().await;
    let records = server.program.run(&["audit", "export"]).text().lines().count();
    let second = server.program.run(&["migrate"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        second.text().contains("another vouchsafe is using this database"),
        "{}",
        second.text()
    );
    server.kill_and_restart().await;
    let after = server.program.run(&["audit", "export"]).text().lines().count();
    assert_eq!(after, records, "an unchanged configuration writes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_go_away_disable_what_they_made() {
    let mut server = program::server().await;
    server.stop().await;
    let config = server.program.read("vouchsafe.toml");
    let (kept, _) = config.split_once("[[client]]").unwrap();
    server.program.write("vouchsafe.toml", kept);
    server.restart().await;
    let text = server.program.run(&["audit", "tail", "-n", "2"]).text();
    assert!(
        text.contains("client.disabled") && text.contains("user.disabled"),
        "{text}"
    );
}

/// The configuration puts right what somebody has changed, and says so first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_04__a_client_changed_by_sql_between_two_starts_is_on_the_record_after_the_second() {
    let mut server = program::server().await;
    server.stop().await;
    server.sql("UPDATE clients SET name = 'x'");
    let verified = server.program.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", verified.text());
    server.restart().await;
    server.stop().await;
    let latest = server.texts("SELECT event AS text FROM records ORDER BY seq DESC LIMIT 2");
    assert_eq!(latest, ["client.changed", "row.tampered"]);
    let verified = server.program.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", verified.text());
}

#[test]
fn init_makes_everything_once_and_the_record_is_found_out() {
    let program = program::program();
    let made = program.run(&["init", "--dir", "."]);
    assert!(made.status.success(), "{}", made.text());
    for (name, mode) in [
        ("vouchsafe.key", 0o600),
        ("admin-key.txt", 0o600),
        ("vouchsafe.toml", 0o600),
        ("vouchsafe.audit-keys", 0o644),
    ] {
        assert_eq!(program.mode(name), mode, "{name}");
    }
    assert!(program.read("admin-key.txt").starts_with("adm_"));
    let again = program.run(&["init", "--dir", "."]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        again.text().contains("is there already: init overwrites nothing"),
        "{}",
        again.text()
    );
    let verified = program.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", verified.text());
    offline(&program);
    wrong_keys(&program);
}

/// The export alone, with the pinned keys, also after somebody edited it.
fn offline(program: &Program) {
    let exported = program.run(&["audit", "export", "--out", "export.jsonl"]);
    assert!(exported.status.success(), "{}", exported.text());
    let verify = [
        "audit",
        "verify",
        "--export",
        "export.jsonl",
        "--public-key",
        "vouchsafe.audit-keys",
    ];
    assert!(program.run(&verify).status.success());
    let edited = program
        .read("export.jsonl")
        .replace("\\\"name\\\":\\\"first\\\"", "")
        .replace("manage", "damage");
    program.write("export.jsonl", &edited);
    let found = program.run(&verify);
    assert_eq!(found.status.code(), Some(1), "{}", found.text());
    assert!(
        found.text().contains("record 2: the body was changed"),
        "{}",
        found.text()
    );
    program.write("export.jsonl", "nothing");
    assert_eq!(program.run(&verify).status.code(), Some(2));
}

fn wrong_keys(program: &Program) {
    // Whoever tests this may have a server on the port that `init` writes.
    let settings = program.read("vouchsafe.toml");
    let elsewhere = settings.replace("listen = \"127.0.0.1:8080\"", "listen = \"127.0.0.1:0\"");
    assert_ne!(elsewhere, settings);
    program.write("vouchsafe.toml", &elsewhere);
    let key = program.read("vouchsafe.key");
    program.remove("vouchsafe.key");
    let missing = program.run(&["serve"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        missing.text().contains("there is no key file at"),
        "{}",
        missing.text()
    );
    let other = program::program();
    assert!(other.run(&["init"]).status.success());
    program.write("vouchsafe.key", &other.read("vouchsafe.key"));
    let wrong = program.run(&["serve"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        wrong.text().contains("is not the key of this database"),
        "{}",
        wrong.text()
    );
    program.write("vouchsafe.key", &key);
    assert!(program.run(&["audit", "verify"]).status.success());
}

/// What the record says can be shown to somebody who has neither the database nor a reason to trust the operator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_6962__a_checkpoint_is_published_and_a_record_is_proven_by_its_id() {
    let server = program::server().await;
    let before = server.checkpointed().await;
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    let login = journey.arrive().await.unwrap();
    journey.sign_in(&login).await.unwrap();
    let after = server.checkpointed().await;
    let published = reqwest::get(format!("{}/audit/checkpoint", server.issuer()))
        .await
        .unwrap();
    assert_eq!(published.headers()["content-type"], "text/plain; charset=utf-8");
    let note = published.text().await.unwrap();
    assert_eq!(note, server.program.read("vouchsafe.checkpoint"));
    let key = server.program.run(&["audit", "key"]).text();
    assert_eq!(key.split_once('+').unwrap().0, note.lines().next().unwrap());

    let id = server
        .texts("SELECT id AS text FROM records WHERE seq = 2")
        .remove(0);
    let proof = server.program.run(&["audit", "prove", &id]);
    assert!(proof.status.success(), "{}", proof.text());
    let by_number = server.program.run(&["audit", "prove", "2"]).text();
    assert_eq!(proof.text(), by_number);
    assert!(
        proof.text().starts_with("c2sp.org/tlog-proof@v1\nextra "),
        "{by_number}"
    );
    assert!(
        by_number.contains("\nindex 1\n") && by_number.ends_with(&note),
        "{by_number}"
    );

    let (first, second) = (before.to_string(), after.to_string());
    let shown = server.program.run(&["audit", "consistency", &first, &second]);
    let shown: Value = serde_json::from_str(&shown.text()).unwrap();
    assert_eq!(
        (&shown["first"], &shown["second"]),
        (&before.into(), &after.into())
    );
    assert_eq!(shown["second_root_hash"], note.lines().nth(2).unwrap());

    for (arguments, sentence) in [
        (&["audit", "prove", "9999"][..], "there is no such record"),
        (&["audit", "prove", "rec"], "this is no record"),
        (
            &["audit", "consistency", "2", "1"],
            "name two sizes between 1 and ",
        ),
    ] {
        let refused = server.program.run(arguments);
        assert_eq!(refused.status.code(), Some(1), "{}", refused.text());
        assert!(refused.text().contains(sentence), "{}", refused.text());
    }
}

/// The operator restores an old database: the checkpoint beside it remembers more. Then the right one comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_15__a_database_that_was_rolled_back_is_not_served_until_the_right_one_is_back() {
    let mut server = rolled_back().await;
    let kept = server.program.read("vouchsafe.checkpoint");
    server.restart().await;
    sealed(&server).await;
    assert_eq!(server.program.read("vouchsafe.checkpoint"), kept);
    assert!(server.stop().await.success());
    // Neither the server nor a small command takes the file along on its way out.
    let refused = server
        .program
        .run(&["admin-key", "create", "--name", "x", "--scope", "read"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.text().contains("names record"), "{}", refused.text());
    assert_eq!(server.program.read("vouchsafe.checkpoint"), kept);
    let verified = server.program.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", verified.text());
    assert!(verified.text().contains("was rolled back"), "{}", verified.text());
    let older = server.program.database();
    server.program.restore(server.newer.take().unwrap());
    assert_ne!(server.program.database(), older);
    server.restart().await;
    server.is_ready().await;
}

/// There is no other database: the operator goes on with the old one, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_15__a_database_that_was_rolled_back_is_served_when_an_operator_adopts_it() {
    let mut server = rolled_back().await;
    server.restart().await;
    sealed(&server).await;
    let asked = server.program.run(&["audit", "adopt"]);
    assert_eq!(asked.status.code(), Some(1), "{}", asked.text());
    assert!(asked.text().contains("--yes"), "{}", asked.text());
    sealed(&server).await;
    let adopted = server.program.run(&["audit", "adopt", "--yes"]);
    assert!(adopted.status.success(), "{}", adopted.text());
    assert!(
        adopted.text().contains("vouchsafe.checkpoint.superseded-"),
        "{}",
        adopted.text()
    );
    // The sealed server sees it and serves.
    server.is_ready().await;
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    let login = journey.arrive().await.unwrap();
    journey.sign_in(&login).await.unwrap();
    assert_eq!(
        server.texts("SELECT event AS text FROM records WHERE event = 'record.adopted'"),
        ["record.adopted"]
    );
    assert!(server.stop().await.success());
    let verified = server.program.run(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", verified.text());
    let again = server.program.run(&["audit", "adopt", "--yes"]);
    assert!(
        again.text().contains("there is nothing to adopt"),
        "{}",
        again.text()
    );
}

/// A server that was stopped, and whose database is older than its checkpoint.
async fn rolled_back() -> Server {
    let mut server = program::server().await;
    server.stop().await;
    let before = server.program.database();
    server.restart().await;
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    let login = journey.arrive().await.unwrap();
    journey.sign_in(&login).await.unwrap();
    server.stop().await;
    server.newer = Some(server.program.database());
    server.program.restore(before);
    server
}

/// It answers, and serves nothing.
async fn sealed(server: &Server) {
    let get = |path: &str| reqwest::get(format!("{}{path}", server.issuer()));
    let ready = get("/readyz").await.unwrap();
    assert_eq!(ready.status(), 503);
    let said = ready.text().await.unwrap();
    assert!(said.contains("sealed") && said.contains("audit adopt"), "{said}");
    assert_eq!(get("/healthz").await.unwrap().status(), 200);
    for path in [
        "/oauth/jwks",
        "/login",
        "/admin/v1/users",
        "/audit/checkpoint",
        "/nothing",
    ] {
        assert_eq!(get(path).await.unwrap().status(), 503, "{path}");
    }
    let token = reqwest::ClientBuilder::new().build().unwrap();
    let token = token.post(format!("{}/oauth/token", server.issuer()));
    let answer = token
        .body("grant_type=authorization_code&code=x")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert!(answer.text().await.unwrap().contains("temporarily_unavailable"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_15__a_database_rolled_back_under_a_running_server_is_found_out_when_it_has_run_on() {
    rolled_back_under_a_running_server(program::server().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ar_15__a_database_rolled_back_under_a_running_server_is_found_out_on_postgresql_too() {
    if let Some(server) = program::server_on_postgresql().await {
        rolled_back_under_a_running_server(server).await;
    }
}

async fn rolled_back_under_a_running_server(mut server: Server) {
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    let login = journey.arrive().await.unwrap();
    journey.sign_in(&login).await.unwrap();
    let kept = server.checkpointed().await;
    // Somebody unmakes the sign-in: the server stops serving, and the file stays.
    server.sql(&format!("DELETE FROM changes WHERE seq >= {kept}"));
    server.sql(&format!("DELETE FROM records WHERE seq >= {kept}"));
    server.is_sealed().await;
    sealed(&server).await;
    assert_eq!(server.checkpoint(), kept);
    assert!(server.stop().await.success());
    assert_eq!(server.checkpoint(), kept);
    let verified = server.program.run(&["audit", "verify"]);
    assert_eq!(verified.status.code(), Some(1), "{}", verified.text());
    assert!(verified.text().contains("was rolled back"), "{}", verified.text());
    server.restart().await;
    sealed(&server).await;
    assert_eq!(server.checkpoint(), kept);
}

/// `kill -9` while the provider is asked for a fresh token: nobody has to wait until the lease of the dead is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_12__a_server_killed_while_it_refreshes_refreshes_at_once_when_it_is_back() {
    let mut server = program::server().await;
    let mut journey = Journey::begin(server.parties()).await.unwrap();
    // What connecting brings is over at once: the first exchange has to refresh.
    server.upstream.set_access_ttl("oidc", 1);
    let subject = program::connected(&mut journey).await;
    server.upstream.set_access_ttl("oidc", 600);
    server.upstream.set_delay("oidc", Endpoint::Token, 60_000);
    let killed = async {
        server.leases_are(1).await;
        server.kill();
    };
    let (cut_off, ()) = tokio::join!(journey.exchange(&subject), killed);
    assert!(cut_off.is_err());
    server.leases_are(1).await;
    server.upstream.set_delay("oidc", Endpoint::Token, 0);
    server.restart().await;
    token(&journey.exchange(&subject).await.unwrap());
    server.leases_are(0).await;
}

fn token(exchanged: &Exchanged) -> String {
    match exchanged {
        Exchanged::Token { access_token, .. } => access_token.clone(),
        other => panic!("no token: {other:?}"),
    }
}

async fn connection_of(journey: &Journey) -> String {
    let records = journey.records().await.unwrap();
    let row = records
        .iter()
        .find(|row| row.event == "connection.connected")
        .unwrap();
    let body: Value = serde_json::from_slice(&row.body).unwrap();
    body["facts"]["connection_id"].as_str().unwrap().to_owned()
}
