//! `vouchsafe doctor` on what is well, running or not, and on what only it would notice.

use serde_json::Value;
use vouchsafe_fake_upstream::{FakeUpstream, Options};
use vouchsafe_store::ThrowawayPostgres;

use super::folder::Folder;

#[tokio::test]
async fn a_folder_that_is_well_is_well_with_the_server_stopped_and_running() {
    let (folder, issuer) = Folder::new().on_a_free_port();
    let stopped = folder.run(&["doctor"]);
    assert!(stopped.status.success(), "{}{}", stopped.out, stopped.err);
    assert!(
        stopped.out.lines().all(|line| line.starts_with("ok    ")),
        "{}",
        stopped.out
    );
    for line in [
        "server: none is running on this database",
        "is free\n",
        "checkpoint: the record is what",
    ] {
        assert!(stopped.out.contains(line), "{line}\n{}", stopped.out);
    }
    let mut server = folder.start(&["serve"]);
    server.answers(&format!("{issuer}/healthz")).await;
    for _ in 0..2 {
        let running = folder.run(&["doctor"]);
        assert!(running.status.success(), "{}{}", running.out, running.err);
        for line in [
            "server: one is running on this database",
            "is served by this Vouchsafe\n",
        ] {
            assert!(running.out.contains(line), "{line}\n{}", running.out);
        }
    }
    assert!(server.stop().status.success());
}

/// The issuer alone does not tell whose server it is: ours could not start beside it.
#[tokio::test]
async fn another_server_with_our_issuer_is_not_taken_for_ours() {
    let (running, issuer) = Folder::new().on_a_free_port();
    let mut server = running.start(&["serve"]);
    server.answers(&format!("{issuer}/healthz")).await;
    let listen = issuer.trim_start_matches("http://");
    let here = |folder: Folder| {
        folder
            .with("VOUCHSAFE__ISSUER", &issuer)
            .with("VOUCHSAFE__LISTEN", listen)
    };
    let embedded = here(Folder::new());
    let mut folders = vec![embedded];
    if let Some(postgres) = ThrowawayPostgres::shared() {
        let folder = here(Folder::empty()).with("VOUCHSAFE__DATABASE__URL", postgres.database().expose());
        folder.write("vouchsafe.toml", "");
        let made = folder.run(&["admin-key", "create", "--name", "first", "--scope", "read"]);
        assert!(made.status.success(), "{}", made.err);
        folders.push(folder);
    }
    for folder in folders {
        let doctor = folder.run(&["doctor"]);
        assert_eq!(doctor.status.code(), Some(1), "{}{}", doctor.out, doctor.err);
        let line = format!(
            "FAIL  listen: {listen} is taken by a Vouchsafe of another database, with the same issuer: "
        );
        assert!(doctor.out.contains(&line), "{}", doctor.out);
    }
    assert!(server.stop().status.success());
}

/// On PostgreSQL there is no lock: the keys tell.
#[tokio::test]
async fn on_postgresql_a_server_of_the_same_database_is_known_by_its_keys() {
    let Some(postgres) = ThrowawayPostgres::shared() else {
        return;
    };
    let (folder, issuer) = Folder::empty()
        .with("VOUCHSAFE__DATABASE__URL", postgres.database().expose())
        .on_a_free_port();
    folder.write("vouchsafe.toml", "");
    let mut server = folder.start(&["serve"]);
    server.answers(&format!("{issuer}/healthz")).await;
    let doctor = folder.run(&["doctor"]);
    assert!(
        doctor.out.contains("is served by this Vouchsafe\n"),
        "{}{}",
        doctor.out,
        doctor.err
    );
    assert!(server.stop().status.success());
}

/// What a server can live with, and its operator should know.
#[test]
fn what_a_server_can_live_with_is_a_warning_and_no_failure() {
    struct Doubtful {
        arrange: fn(&Folder),
        line: &'static str,
    }
    for Doubtful { arrange, line } in [
        Doubtful {
            arrange: |folder| folder.set_mode("vouchsafe.key", 0o640),
            line: "warn  key file: vouchsafe.key may be read by its group (mode 640)",
        },
        Doubtful {
            arrange: |folder| folder.set_mode("vouchsafe.db", 0o644),
            line: "warn  database: others may open vouchsafe.db (mode 644): `chmod 600 vouchsafe.db`",
        },
        Doubtful {
            arrange: |folder| folder.remove("vouchsafe.checkpoint"),
            line: "warn  checkpoint: vouchsafe.checkpoint is not there",
        },
        Doubtful {
            arrange: |folder| folder.remove("vouchsafe.audit-keys"),
            line: "warn  public keys: vouchsafe.audit-keys is not there: the next `vouchsafe serve` writes it",
        },
        Doubtful {
            arrange: |folder| {
                for name in ["vouchsafe.db", "vouchsafe.checkpoint", "vouchsafe.audit-keys"] {
                    folder.remove(name);
                }
            },
            line: "warn  database: vouchsafe.db is not there yet: `vouchsafe serve` makes it",
        },
        Doubtful {
            arrange: |folder| {
                for name in [
                    "vouchsafe.key",
                    "vouchsafe.db",
                    "vouchsafe.checkpoint",
                    "vouchsafe.audit-keys",
                ] {
                    folder.remove(name);
                }
            },
            line: "warn  key file: vouchsafe.key is not there yet: `vouchsafe serve` makes it",
        },
        Doubtful {
            // Every folder of these tests listens on port 0, by its environment.
            arrange: |_| {},
            line: "warn  issuer: http://127.0.0.1:8080 leads to port 8080 of this machine, but `listen` is 127.0.0.1:0",
        },
        Doubtful {
            arrange: |folder| {
                let text = folder.read("vouchsafe.toml");
                folder.write(
                    "vouchsafe.toml",
                    format!("{text}\n[[user]]\nusername = \"ada\"\npassword_file = \"ada-password\"\n"),
                );
                folder.write("ada-password", "correct horse");
                folder.set_mode("ada-password", 0o644);
            },
            line: "warn  secrets: ada-password holds a secret and everybody here may open it (mode 644): `chmod 600",
        },
        Doubtful {
            arrange: |folder| {
                let text = folder.read("vouchsafe.toml");
                let lines = "[[provider]]\nid = \"corp\"\ntemplate = \"google\"\nclient_id = \"x\"\n";
                folder.write("vouchsafe.toml", format!("{text}\n{lines}"));
            },
            line: "warn  providers: corp of the file is not in force yet: the next start",
        },
        Doubtful {
            arrange: |folder| {
                let text = folder.read("vouchsafe.toml");
                folder.write(
                    "vouchsafe.toml",
                    format!("{text}\n[[user]]\nusername = \"ada\"\npassword = \"correct horse\"\n"),
                );
                folder.set_mode("vouchsafe.toml", 0o644);
            },
            line: "warn  configuration: vouchsafe.toml holds secrets and others may read it (mode 644): `chmod 600",
        },
        Doubtful {
            arrange: |folder| {
                let text = folder.read("vouchsafe.toml");
                folder.write(
                    "vouchsafe.toml",
                    text.replace("http://127.0.0.1:8080", "https://v.example"),
                );
            },
            line: "warn  proxies: the issuer is https but nothing here speaks it",
        },
    ] {
        let folder = Folder::new();
        arrange(&folder);
        let seen = folder.run(&["doctor"]);
        assert!(seen.out.contains(line), "{line}\n{}", seen.out);
        assert!(seen.status.success(), "{}", seen.out);
    }
}

/// A fresh database beside them would hide that the right one is missing; so nothing is made.
#[test]
fn files_of_a_database_that_is_not_there_are_told_of_before_anything_is_made() {
    for (gone, told) in [
        (
            None,
            "the database vouchsafe.db is not there yet, but vouchsafe.checkpoint and vouchsafe.audit-keys are there, of \
             another one: correct `database.url`",
        ),
        (
            Some("vouchsafe.checkpoint"),
            "the database vouchsafe.db is not there yet, but vouchsafe.audit-keys is there, of another one",
        ),
    ] {
        let folder = Folder::new();
        folder.remove("vouchsafe.db");
        if let Some(name) = gone {
            folder.remove(name);
        }
        let seen = folder.run(&["doctor"]);
        assert_eq!(seen.status.code(), Some(1));
        assert!(
            seen.out.contains(&format!("FAIL  database: {told}")),
            "{}",
            seen.out
        );
        for command in [
            &["serve"][..],
            &["admin-key", "create", "--name", "x", "--scope", "read"],
        ] {
            let refused = folder.run(command);
            assert_eq!(refused.status.code(), Some(1));
            assert!(refused.err.contains(told), "{}", refused.err);
            assert!(!folder.path("vouchsafe.db").exists());
        }
    }
}

#[test]
fn keys_of_another_database_and_a_clock_that_was_set_back_are_failures() {
    let folder = Folder::new();
    folder.take(&Folder::new(), "vouchsafe.audit-keys");
    // A record of tomorrow: nothing else of it is looked at here.
    folder.sql("UPDATE records SET time = time + 86400000");
    folder.remove("vouchsafe.checkpoint");
    let seen = folder.run(&["doctor"]);
    assert_eq!(seen.status.code(), Some(1));
    assert!(
        seen.out
            .contains("FAIL  public keys: vouchsafe.audit-keys pins other keys"),
        "{}",
        seen.out
    );
    assert!(
        seen.out.contains("FAIL  clock: this machine is 86"),
        "{}",
        seen.out
    );
}

#[test]
fn a_port_that_somebody_else_has_is_a_failure() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = Folder::new().with("VOUCHSAFE__LISTEN", &taken.local_addr().unwrap().to_string());
    // Whoever has it answers nothing at all.
    let seen = folder.run(&["doctor"]);
    assert_eq!(seen.status.code(), Some(1));
    assert!(
        seen.out
            .contains("is taken by something else: stop what listens there"),
        "{}",
        seen.out
    );
}

#[test]
fn a_configuration_that_does_not_hold_is_all_there_is_to_say() {
    let folder = Folder::empty();
    let seen = folder.run(&["doctor", "--json"]);
    assert_eq!(seen.status.code(), Some(1));
    let lines: Vec<Value> = seen
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0]["state"].as_str(), lines[0]["check"].as_str()),
        (Some("fail"), Some("configuration"))
    );
    assert!(
        lines[0]["text"]
            .as_str()
            .unwrap()
            .contains("`vouchsafe init` writes one")
    );
}

/// Only who says `--online` has anybody called.
#[test]
fn providers_are_asked_for_their_metadata_when_that_is_wished() {
    let upstream = FakeUpstream::start(Options::default()).unwrap();
    let host = upstream.base_url().trim_start_matches("http://").to_owned();
    let folder = Folder::new();
    let provider = |issuer: &str| {
        format!(
            "\n[[provider]]\nid = \"idp\"\ntemplate = \"generic-oidc\"\nclient_id = \"x\"\nclient_secret = \"y\"\n\
             override = {{ issuer = \"{issuer}\", display_name = \"IdP\" }}\n"
        )
    };
    let text = folder
        .read("vouchsafe.toml")
        .replace("internal_hosts = []", &format!("internal_hosts = [\"{host}\"]"));
    folder.write(
        "vouchsafe.toml",
        format!("{text}{}", provider(&upstream.issuer("oidc"))),
    );
    let asked = folder.run(&["doctor", "--online"]);
    assert!(
        asked
            .out
            .contains("ok    providers: idp: its metadata can be used"),
        "{}",
        asked.out
    );
    folder.write(
        "vouchsafe.toml",
        format!("{text}{}", provider(&format!("{}/nothing", upstream.base_url()))),
    );
    let asked = folder.run(&["doctor", "--online"]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(asked.out.contains("FAIL  providers: idp: "), "{}", asked.out);
    let unasked = folder.run(&["doctor"]);
    assert!(unasked.status.success(), "{}", unasked.out);
    assert!(
        unasked
            .out
            .contains("ok    providers: 1 publish metadata; --online fetches it"),
        "{}",
        unasked.out
    );
}

/// A provider that cannot narrow, and a ceiling that its every token exceeds.
#[test]
fn a_ceiling_under_which_nothing_can_be_handed_out_is_named() {
    let folder = Folder::new();
    let text = folder.read("vouchsafe.toml");
    let provider = |id: &str, template: &str| {
        format!(
            "\n[[provider]]\nid = \"{id}\"\ntemplate = \"{template}\"\nclient_id = \"x\"\nclient_secret = \"y\"\n"
        )
    };
    let look = |jira: &str, github: &str| {
        let client = format!(
            "\n[[client]]\nid = \"helper\"\nauth_method = \"none\"\nredirect_uris = [\"http://127.0.0.1:1/back\"]\n\
             grant_types = [\"authorization_code\"]\n\
             [[client.ceiling]]\nprovider = \"jira\"\nscope = \"{jira}\"\n\
             [[client.ceiling]]\nprovider = \"github\"\nscope = \"{github}\"\n"
        );
        let providers = provider("jira", "atlassian") + &provider("github", "github-app");
        folder.write("vouchsafe.toml", format!("{text}{providers}{client}"));
        folder.run(&["doctor"])
    };
    let seen = look("read:jira-work", "repo");
    assert!(seen.status.success(), "{}{}", seen.out, seen.err);
    for line in [
        "warn  ceilings: helper: every token of jira can do `read:me` as well",
        "warn  ceilings: helper: nobody can tell what a token of github can do",
    ] {
        assert!(seen.out.contains(line), "{}", seen.out);
    }
    let seen = look("read:jira-work read:me", "*");
    assert!(!seen.out.contains("ceilings"), "{}", seen.out);
}
