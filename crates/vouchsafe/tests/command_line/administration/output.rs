//! What commands print, and with which status they end.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::world::{PASSWORD, World};
use crate::folder::Folder;

#[test]
fn a_refusal_is_one_sentence_with_what_to_do_and_the_status_is_1() {
    let folder = Folder::new();
    assert!(
        folder
            .run(&["user", "create", "--username", "grace"])
            .status
            .success()
    );
    for (command, sentence) in [
        (
            &["user", "create", "--username", "grace"][..],
            "Conflict: there is a user of this name already",
        ),
        (
            &["client", "show", "nobody"],
            "Not Found: there is nothing here; `vouchsafe client list` shows what there is",
        ),
        (
            &["user", "disable", "nobody"],
            "Not Found: nobody signs in by the name nobody; `vouchsafe user list` shows who there is",
        ),
        (
            &["user", "password", "grace", "--password-file", "nowhere"],
            "--password-file: nowhere cannot be read (no such file): name a file of text that this user may read",
        ),
        (
            &["user", "password", "grace", "--password-file", "-"],
            "--password-file: standard input is empty",
        ),
    ] {
        let ran = folder.run(command);
        assert_eq!(ran.out, "", "{command:?}");
        assert_eq!(ran.refused(&folder), sentence, "{command:?}");
    }
    // A name that no event has would find nothing; so the names there are, are told.
    let ran = folder.run(&["record", "list", "--event", "token.exchange"]);
    let sentence = ran.refused(&folder);
    assert!(
        sentence.starts_with("Bad Request: event: expected one of instance.created, token.exchanged, "),
        "{sentence}"
    );
    // Of what a client has, the client itself shows what there is.
    let agent = [
        "client",
        "create",
        "--id",
        "mail-agent",
        "--name",
        "Mail",
        "--grant-type",
        EXCHANGE,
    ];
    assert!(folder.run(&agent).status.success());
    for command in [
        &["client", "trust", "set", "mail-agent", "crop", "--scope", "x"][..],
        &["client", "secret", "delete", "mail-agent", "sec_nothing"],
    ] {
        let ran = folder.run(command);
        let sentence = ran.refused(&folder);
        assert!(
            sentence.ends_with("; `vouchsafe client show mail-agent` shows what there is"),
            "{sentence}"
        );
    }
}

#[test]
fn a_list_of_nothing_and_a_revocation_say_what_to_make_of_it() {
    let folder = Folder::new();
    let none = folder.run(&["connection", "list"]);
    assert!(
        none.out.starts_with("ID") && none.out.lines().count() == 1,
        "{}",
        none.out
    );
    assert_eq!(none.err, "nothing found\n");
    assert_eq!(folder.run(&["connection", "list", "--json"]).err, "");
    assert!(
        folder
            .run(&["user", "create", "--username", "grace"])
            .status
            .success()
    );
    let revoked = folder.run(&["user", "revoke", "grace"]);
    assert!(revoked.out.contains("revoked_at: "), "{}", revoked.out);
    assert!(
        revoked
            .err
            .contains("each provider has been asked to end it: `vouchsafe connection list --user-id grace`"),
        "{}",
        revoked.err
    );
}

/// A damaged row hides no other, is named, and can still be revoked by the name of its user.
#[test]
fn what_a_list_cannot_show_is_named_on_stderr() {
    let folder = Folder::new();
    for name in ["grace", "linus"] {
        assert!(
            folder
                .run(&["user", "create", "--username", name])
                .status
                .success()
        );
    }
    let json: Value =
        serde_json::from_str(&folder.run(&["user", "list", "--username", "grace", "--json"]).out).unwrap();
    let id = json["items"][0]["id"].as_str().unwrap();
    folder.sql("UPDATE users SET status = 'weird' WHERE username = 'grace'");
    let listed = folder.run(&["user", "list"]);
    assert!(
        listed.status.success() && listed.out.contains("linus"),
        "{}{}",
        listed.out,
        listed.err
    );
    assert!(!listed.out.contains(id), "{}", listed.out);
    let remark = format!("not shown, for their rows are damaged or were changed past the server: {id}; ");
    assert!(listed.err.contains(&remark), "{}", listed.err);
    let shown = folder.run(&["user", "show", "grace"]).refused(&folder);
    assert!(
        shown.contains(&format!("row {id} of `users` is damaged")),
        "{shown}"
    );
    let revoked = folder.run(&["user", "revoke", "grace"]);
    assert!(
        revoked.out.contains("revoked_at: "),
        "{}{}",
        revoked.out,
        revoked.err
    );
}

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

#[test]
fn mistakes_of_usage_have_the_status_2_and_nothing_is_opened() {
    let folder = Folder::empty();
    for command in [
        &["user"][..],
        &["user", "show"],
        &["user", "show", "../clients"],
        &["client", "show", ".."],
        &["client", "show", ""],
        &["client", "create", "--id", "a"],
        &[
            "client",
            "create",
            "--id",
            "a",
            "--grant-type",
            "x",
            "--ceiling",
            "github",
        ],
        &[
            "client",
            "change",
            "a",
            "--no-ceilings",
            "--ceiling",
            "github=repo",
        ],
        &["user", "password", "grace"],
        &[
            "user",
            "password",
            "grace",
            "--password-file",
            "a",
            "--password-hash-file",
            "b",
        ],
        &[
            "user",
            "create",
            "--username",
            "grace",
            "--password",
            "on the command line",
        ],
        &["admin-key", "create", "--name", "x", "--scope", "everything"],
        &["connection", "list", "--limit", "many"],
    ] {
        let ran = folder.run(command);
        assert_eq!(ran.status.code(), Some(2), "{command:?}: {}{}", ran.out, ran.err);
    }
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 0);
}

#[test]
fn lists_are_pages_and_all_is_all_of_them() {
    let folder = Folder::new();
    for name in ["one", "two", "three"] {
        assert!(
            folder
                .run(&["user", "create", "--username", name])
                .status
                .success()
        );
    }
    let names = |out: &str| -> Vec<String> {
        let rows = out.lines().skip(1);
        rows.map(|row| row.split_whitespace().nth(1).unwrap().to_owned())
            .collect()
    };
    let first = folder.run(&["user", "list", "--limit", "2"]);
    assert_eq!(names(&first.out), ["one", "two"]);
    let hint = first.err.trim_end();
    let cursor = hint
        .strip_prefix("there may be more: go on with --cursor ")
        .unwrap();
    let cursor = cursor.strip_suffix(", or take --all").unwrap();
    let second = folder.run(&["user", "list", "--limit", "2", "--cursor", cursor]);
    assert_eq!(
        (names(&second.out), second.err.as_str()),
        (vec!["three".to_owned()], "")
    );
    let all = folder.run(&["user", "list", "--limit", "1", "--all"]);
    assert_eq!((names(&all.out).len(), all.err.as_str()), (3, ""));
    let records = folder.run(&["record", "list", "--limit", "1"]);
    assert!(records.err.contains("--after 1,"), "{}", records.err);
    let all = folder.run(&["record", "list", "--limit", "1", "--all"]);
    let tail = folder.run(&["audit", "tail", "-n", "100"]);
    assert_eq!(all.out, tail.out);
}

#[test]
fn json_is_the_answer_and_nothing_else() {
    let folder = Folder::new();
    let ran = folder.run(&[
        "client",
        "create",
        "--id",
        "a",
        "--grant-type",
        "authorization_code",
        "--redirect-uri",
        "https://a.example/",
        "--json",
    ]);
    let made: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((made["client"]["id"].as_str(), ran.err.as_str()), (Some("a"), ""));
    let secret = made["client"]["secrets"][0]["id"].as_str().unwrap();
    // A second one, so that the first may go.
    folder.run(&["client", "secret", "create", "a"]);
    let ran = folder.run(&["client", "secret", "delete", "a", secret, "--json"]);
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str(), ran.status.code()),
        ("", "", Some(0))
    );
    folder.run(&["user", "create", "--username", "one"]);
    folder.run(&["user", "create", "--username", "two"]);
    let pages = folder
        .run(&["user", "list", "--limit", "1", "--all", "--json"])
        .out;
    let pages: Vec<Value> = pages
        .lines()
        .map(|page| serde_json::from_str(page).unwrap())
        .collect();
    assert_eq!(pages.len(), 2);
    assert!(
        pages
            .iter()
            .all(|page| page["items"].as_array().unwrap().len() == 1)
    );
}

/// People choose what their account at a provider is called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_label_does_not_drive_the_terminal() {
    let mut world = World::new();
    world.start().await;
    world.connected().await;
    world.stop();
    world.folder.sql(
        "UPDATE connections SET account_label = 'ada' || char(27) || '[2J' || char(10) || char(8238) || 'x'",
    );
    let escaped = "ada\\u{1b}[2J\\u{a}\\u{202e}x";
    let listed = world.ok(&["connection", "list"]);
    assert!(listed.contains(escaped), "{listed}");
    assert_eq!(listed.lines().count(), 2);
    let id = world.json(&["connection", "list"])["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = world.ok(&["connection", "show", &id]);
    assert!(shown.contains(&format!("account_label: {escaped}\n")), "{shown}");
    for out in [listed, shown] {
        assert!(!out.contains(['\u{1b}', '\u{202e}']), "{out}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vouchsafe"))
        .args(["record", "list", "--all"])
        .current_dir(folder.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success());
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

/// One line end belongs to the editor; everything else is part of what is secret.
#[tokio::test]
async fn a_password_of_a_file_is_the_password() {
    let mut world = World::new();
    world.folder.write("password", " leading, trailing \r\n");
    world.ok(&[
        "user",
        "create",
        "--username",
        "grace",
        "--password-file",
        "password",
    ]);
    world.start().await;
    let (found, other) = (" leading, trailing ", PASSWORD);
    assert!(signs_in(&world, "grace", found).await);
    assert!(!signs_in(&world, "grace", found.trim()).await);
    assert!(!signs_in(&world, "grace", other).await);
    world.stop();
}

async fn signs_in(world: &World, username: &str, password: &str) -> bool {
    let site = url::Url::parse(&world.issuer).unwrap();
    let mut browser = vouchsafe::demo::Browser::new().unwrap();
    let page = browser.open(&site.join("/login").unwrap()).await.unwrap();
    let form = page
        .form()
        .unwrap()
        .with("username", username)
        .with("password", password);
    browser.submit(&form).await.unwrap().status.is_redirection()
}
