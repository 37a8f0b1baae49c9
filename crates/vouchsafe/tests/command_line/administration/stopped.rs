//! Commands on an instance that no server has: opened as a start would, closed in order.

use std::fs::File;
use std::time::Duration;

use vouchsafe_fake_upstream::{Endpoint, Fault};
use vouchsafe_store::ThrowawayPostgres;

use super::world::World;
use crate::folder::Folder;

#[test]
fn a_database_that_is_not_there_is_refused_and_nothing_is_made() {
    let folder = Folder::new().with("VOUCHSAFE__DATABASE__URL", "sqlite:other.db");
    let told = folder.run(&["user", "list"]).refused(&folder);
    assert_eq!(
        told,
        "there is no database at other.db: look whether vouchsafe.toml is the right configuration (--config), and make \
         the database with `vouchsafe init` or `vouchsafe serve`"
    );
    for name in ["other.db", "other.db.lock", "other.db.sock"] {
        assert!(!folder.path(name).exists(), "{name}");
    }
}

#[test]
fn an_empty_database_is_refused_and_the_first_admin_key_makes_it() {
    let Some(postgres) = ThrowawayPostgres::shared() else {
        return;
    };
    let folder = Folder::empty().with("VOUCHSAFE__DATABASE__URL", postgres.database().expose());
    folder.write("vouchsafe.toml", "issuer = \"http://127.0.0.1:8080\"\n");
    let told = folder.run(&["user", "list"]).refused(&folder);
    assert!(told.starts_with("the database is empty: look whether "), "{told}");
    let made = folder.run(&["admin-key", "create", "--name", "first", "--scope", "read"]);
    assert!(
        made.status.success() && made.out.starts_with("adm_"),
        "{}",
        made.err
    );
    let listed = folder.run(&["admin-key", "list"]);
    assert!(
        listed.status.success() && listed.out.contains("  first "),
        "{}",
        listed.err
    );
}

/// What is wrong around an instance stops a command as it stops a server.
#[test]
fn a_record_that_was_cut_off_is_refused_and_the_checkpoint_stays() {
    let folder = Folder::new();
    let checkpoint = folder.read("vouchsafe.checkpoint");
    folder.sql("DELETE FROM changes WHERE seq > 1");
    folder.sql("DELETE FROM records WHERE seq > 1");
    let told = folder.run(&["whoami"]).refused(&folder);
    assert!(
        told.contains("the checkpoint file vouchsafe.checkpoint names record"),
        "{told}"
    );
    assert_eq!(folder.read("vouchsafe.checkpoint"), checkpoint);
}

#[test]
fn a_change_is_in_the_checkpoint_that_the_command_leaves() {
    let folder = Folder::new();
    let made = folder.run(&["user", "create", "--username", "grace"]);
    assert!(made.status.success(), "{}", made.err);
    let last = folder.run(&["audit", "tail", "-n", "1"]).out;
    let seq = last.split_whitespace().next().unwrap();
    let checkpoint = folder.read("vouchsafe.checkpoint");
    assert_eq!(checkpoint.lines().nth(1), Some(seq), "{last}");
    assert!(last.contains("user.changed"), "{last}");
}

/// Two scripts at once: one waits for the other.
#[test]
fn commands_at_the_same_time_all_succeed() {
    let folder = Folder::new();
    let started = ["one", "two", "three"].map(|name| folder.start(&["user", "create", "--username", name]));
    for running in started {
        let ran = running.ended();
        assert!(ran.status.success(), "{}", ran.err);
    }
    let listed = folder.run(&["user", "list"]).out;
    assert_eq!(listed.lines().count(), 4, "{listed}");
}

#[test]
fn a_lock_without_a_socket_is_told_with_what_to_do() {
    let folder = Folder::new();
    let holder = File::open(folder.path("vouchsafe.db.lock")).unwrap();
    holder.lock().unwrap();
    for command in [
        &["whoami"][..],
        &["admin-key", "create", "--name", "x", "--scope", "read"],
    ] {
        let told = folder.run(command).refused(&folder);
        assert!(
            told.starts_with(
                "another vouchsafe is using this database (it holds vouchsafe.db.lock), and its socket vouchsafe.db.sock \
                 cannot be reached (no such file): run this as the user that runs the server"
            ),
            "{told}"
        );
    }
}

/// A command has the database for a moment: a server that starts just then waits for its turn.
#[tokio::test]
async fn a_server_starts_when_a_command_has_ended() {
    let (folder, issuer) = Folder::new().on_a_free_port();
    let holder = File::open(folder.path("vouchsafe.db.lock")).unwrap();
    holder.lock().unwrap();
    let mut server = folder.start(&["serve"]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(holder);
    server.answers(&format!("{issuer}/healthz")).await;
    assert!(server.stop().status.success());
}

/// What a revocation began at the provider ends before the process does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_ends_upstream_even_if_the_provider_takes_its_time() {
    let mut world = World::new();
    world.start().await;
    world.connected().await;
    world.stop();
    let id = world.json(&["connection", "list"])["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    world.upstream.set_delay("oidc", Endpoint::Revoke, 4_000);
    let answer = world.json(&["connection", "revoke", &id]);
    assert_eq!(answer["state"], "pending_upstream");
    assert!(world.upstream.live_tokens("oidc").is_empty());
    let shown = world.json(&["connection", "show", &id]);
    assert_eq!(shown["revocation"]["state"], "revoked_upstream");
}

/// With the server stopped nobody else tells the provider: that it has not been told is said, and by whom it will be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_could_not_be_told_is_said_to_be_left_to_the_next_server() {
    let mut world = World::new();
    world.start().await;
    world.connected().await;
    world.stop();
    let outage = Fault::HtmlPage { status: 503 };
    world
        .upstream
        .state()
        .fault("oidc", Endpoint::Revoke, outage, 100);
    for command in [&["user", "revoke", "ada"][..], &["user", "list", "--json"]] {
        let ran = world.folder.run(command);
        assert!(ran.status.success(), "{}", ran.err);
        assert!(
            ran.err
                .contains("not every provider has been told yet: the next `vouchsafe serve` goes on with it"),
            "{command:?}: {}",
            ran.err
        );
        assert!(!ran.err.contains("in the background"), "{}", ran.err);
    }
    assert!(!world.upstream.live_tokens("oidc").is_empty());
}
