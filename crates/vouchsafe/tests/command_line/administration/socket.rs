//! The socket of a running server: closed to others, gone with it, and never a reason not to serve.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;

use super::world::World;

#[tokio::test]
async fn it_lies_beside_the_database_for_its_owner_alone_as_long_as_the_server_runs() {
    let mut world = World::new();
    world.start().await;
    let socket = world.folder.path("vouchsafe.db.sock");
    assert!(fs::metadata(&socket).unwrap().file_type().is_socket());
    assert_eq!(vouchsafe::files::mode(&socket), Some(0o600));
    assert!(world.ok(&["whoami"]).contains("kind: local_operator\n"));
    let left: Vec<_> = fs::read_dir(world.folder.path("")).unwrap().collect();
    let private = left.into_iter().map(|entry| entry.unwrap().file_name());
    assert!(
        private
            .into_iter()
            .all(|name| !name.to_string_lossy().starts_with(".v"))
    );
    world.stop();
    assert!(!socket.exists());
}

#[tokio::test]
async fn what_a_killed_server_leaves_is_in_nobodys_way() {
    let mut world = World::new();
    world.start().await;
    world.kill();
    let socket = world.folder.path("vouchsafe.db.sock");
    assert!(socket.exists());
    // Nobody is there, so the command opens the instance itself.
    world.ok(&["user", "create", "--username", "grace"]);
    assert!(socket.exists());
    world.start().await;
    assert!(
        world
            .ok(&["user", "disable", "grace"])
            .contains("status: disabled\n")
    );
    world.stop();
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_setting_names_another_place() {
    let mut world = World::new().with("VOUCHSAFE__ADMIN_SOCKET", "elsewhere.sock");
    world.start().await;
    assert_eq!(
        vouchsafe::files::mode(&world.folder.path("elsewhere.sock")),
        Some(0o600)
    );
    assert!(!world.folder.path("vouchsafe.db.sock").exists());
    world.ok(&["user", "list"]);
    let shown = world.ok(&["config", "show"]);
    let line = "admin_socket = \"elsewhere.sock\"    # VOUCHSAFE__ADMIN_SOCKET\n";
    assert!(shown.contains(line), "{shown}");
    world.stop();
}

/// The server serves; one warning names the setting; and a command says what is in its way.
#[tokio::test]
async fn a_path_that_no_socket_can_have_stops_no_server() {
    let long = format!("{}.sock", "s".repeat(120));
    let mut world = World::new().with("VOUCHSAFE__ADMIN_SOCKET", &long);
    world.start().await;
    let told = world.folder.run(&["user", "list"]).refused(&world.folder);
    assert_eq!(
        told,
        format!(
            "another vouchsafe is using this database (it holds vouchsafe.db.lock), and its socket {long} cannot be \
             reached (invalid input parameter): run this as the user that runs the server, look for a warning about \
             `admin_socket` in its log, or ask it over the network with --server and --admin-key-file"
        )
    );
    let ran = world.stop();
    let warnings: Vec<_> = ran
        .err
        .lines()
        .filter(|line| line.contains("admin_socket"))
        .collect();
    assert_eq!(warnings.len(), 1, "{}", ran.err);
    assert!(warnings[0].contains("107 bytes"), "{}", warnings[0]);
}

#[tokio::test]
async fn what_is_no_socket_is_not_replaced() {
    let mut world = World::new();
    world.folder.write("vouchsafe.db.sock", "mine");
    world.start().await;
    let ran = world.stop();
    assert!(
        ran.err.contains("is there already, and is no socket"),
        "{}",
        ran.err
    );
    assert_eq!(world.folder.read("vouchsafe.db.sock"), "mine");
}
