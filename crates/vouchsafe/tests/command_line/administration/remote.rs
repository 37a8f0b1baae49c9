//! `--server`: another machine's server, with an admin key.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::world::World;
use crate::folder::{Folder, free_port};

/// Somewhere else: no configuration, no database.
fn elsewhere(key: &str) -> Folder {
    let folder = Folder::empty();
    folder.write("key", format!("{key}\n"));
    folder
}

#[tokio::test]
async fn a_key_can_do_over_the_network_what_its_scopes_allow() {
    let mut world = World::new();
    let reader = world.key_with(&["read"]);
    world.start().await;
    let folder = elsewhere(&world.key)
        .with("VOUCHSAFE_SERVER", &world.issuer)
        .with("VOUCHSAFE_ADMIN_KEY_FILE", "key");
    let made = folder.run(&["user", "create", "--username", "grace"]);
    assert!(
        made.status.success() && made.out.contains("username: grace\n"),
        "{}",
        made.err
    );
    let disabled = folder.run(&[
        "user",
        "disable",
        "grace",
        "--server",
        &format!("{}/", world.issuer),
    ]);
    assert!(disabled.out.contains("status: disabled\n"), "{}", disabled.err);
    let record = world.json(&["record", "list", "--event", "user.disabled"]);
    let body = record["records"][0]["body"].as_str().unwrap();
    assert!(
        body.contains(r#""by":"admin""#) && body.contains(r#""admin_key_id":"adm_"#),
        "{body}"
    );
    folder.write("key", &reader);
    assert!(folder.run(&["whoami"]).out.contains("kind: admin_key\n"));
    assert!(folder.run(&["user", "show", "grace"]).status.success());
    let told = folder.run(&["user", "enable", "grace"]).refused(&folder);
    assert_eq!(
        told,
        "Forbidden: the admin key does not have the scope manage, which this needs; use a key that may, or the machine of \
         the server itself"
    );
    folder.write("key", "adm_nonsense");
    let ran = folder.run(&["whoami"]);
    assert!(!ran.err.contains("adm_nonsense"), "{}", ran.err);
    assert_eq!(
        ran.refused(&folder),
        "Unauthorized: the admin key is unknown, expired or deleted; put the text of a valid key into the file of \
         --admin-key-file"
    );
    let piped = folder.run_with(&["whoami", "--admin-key-file", "-"], &world.key);
    assert!(piped.out.contains("scopes: trust\n"), "{}", piped.err);
    world.stop();
    let told = folder.run(&["whoami"]).refused(&folder);
    assert!(
        told.contains(&format!("the server {} cannot be reached (", world.issuer)),
        "{told}"
    );
}

#[tokio::test]
async fn a_key_without_read_finds_nobody_by_name_and_revokes_by_id() {
    let mut world = World::new();
    let weak = world.key_with(&["revoke"]);
    world.start().await;
    let id = world.json(&["user", "list", "--username", "ada"])["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let folder = elsewhere(&weak)
        .with("VOUCHSAFE_SERVER", &world.issuer)
        .with("VOUCHSAFE_ADMIN_KEY_FILE", "key");
    let told = folder.run(&["user", "revoke", "ada"]).refused(&folder);
    assert_eq!(
        told,
        "Forbidden: the admin key does not have the scope read, without which nobody can be found by name: give the id \
         (`usr_…`) instead of ada, or use a key with read as well"
    );
    let revoked = folder.run(&["user", "revoke", &id]);
    assert!(
        revoked.out.contains("revoked_at: "),
        "{}{}",
        revoked.out,
        revoked.err
    );
    // The server tells the providers, not the command.
    assert!(
        revoked
            .err
            .contains("in the background: `vouchsafe connection list --user-id usr_"),
        "{}",
        revoked.err
    );
    world.stop();
}

#[tokio::test]
async fn the_path_of_the_issuer_is_part_of_the_url() {
    let mut world = World::new();
    let issuer = format!("{}/tenant/one", world.issuer);
    world = world.with("VOUCHSAFE__ISSUER", &issuer);
    world.issuer.clone_from(&issuer);
    world.start().await;
    let folder = elsewhere(&world.key);
    let at = |server: &str| folder.run(&["user", "list", "--server", server, "--admin-key-file", "key"]);
    assert!(at(&issuer).out.contains(" ada "));
    let told = at(issuer.strip_suffix("/tenant/one").unwrap()).refused(&folder);
    assert!(
        told.ends_with("; name the issuer itself, with its path, in --server"),
        "{told}"
    );
    // On the machine itself the path means nothing.
    assert!(world.ok(&["user", "list"]).contains(" ada "));
    world.stop();
}

#[tokio::test]
async fn a_private_authority_is_named_in_a_file_and_no_other_counts() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let port = free_port();
    let issuer = format!("https://localhost:{port}");
    let world = Folder::new()
        .with("VOUCHSAFE__TLS__CERTIFICATE_FILE", "c.pem")
        .with("VOUCHSAFE__TLS__KEY_FILE", "k.pem")
        .with("VOUCHSAFE__ISSUER", &issuer)
        .with("VOUCHSAFE__LISTEN", &format!("127.0.0.1:{port}"));
    world.write("c.pem", cert.pem());
    world.write("k.pem", signing_key.serialize_pem());
    let mut server = world.start(&["serve"]);
    let trusting = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(cert.pem().as_bytes()).unwrap()])
        .build()
        .unwrap();
    server.answers_to(&trusting, &format!("{issuer}/healthz")).await;
    let folder = elsewhere(world.read("admin-key.txt").trim());
    folder.write("ca.pem", cert.pem());
    folder.write(
        "other.pem",
        generate_simple_self_signed(["localhost".to_owned()])
            .unwrap()
            .cert
            .pem(),
    );
    folder.write("empty.pem", "");
    let at = |more: &[&str]| {
        let command = [&["whoami", "--server", &issuer, "--admin-key-file", "key"], more].concat();
        folder.run(&command)
    };
    assert!(at(&["--ca-file", "ca.pem"]).out.contains("kind: admin_key\n"));
    for more in [&[][..], &["--ca-file", "other.pem"]] {
        let told = at(more).refused(&folder);
        assert!(
            told.contains("cannot be reached (") && told.contains("certificate"),
            "{told}"
        );
    }
    let told = at(&["--ca-file", "empty.pem"]).refused(&folder);
    assert_eq!(told, "--ca-file holds no certificate: it is PEM");
    assert!(server.stop().status.success());
}

#[test]
fn what_does_not_go_together_is_a_mistake_of_usage() {
    let folder = elsewhere("adm_x");
    for (command, sentence) in [
        (
            &["whoami", "--server", "https://v.example"][..],
            "--server needs --admin-key-file",
        ),
        (
            &["whoami", "--admin-key-file", "key"],
            "--admin-key-file goes with --server",
        ),
        (
            &[
                "whoami",
                "--server",
                "http://v.example",
                "--admin-key-file",
                "key",
            ],
            "--server: an admin key is sent over https only",
        ),
        (
            &["client", "change", "a", "--ceiling-trusted", "github=repo"],
            "there is no --ceiling for github",
        ),
    ] {
        let ran = folder.run(command);
        assert_eq!(ran.status.code(), Some(2), "{}", ran.err);
        assert!(
            ran.err.starts_with(&format!("vouchsafe: {sentence}")),
            "{}",
            ran.err
        );
    }
}

/// Whoever answers instead of the server is not followed, not believed, and does not write on our terminal.
#[test]
fn a_stranger_who_answers_gets_nothing_done() {
    for (answer, sentence) in [
        (
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            "sends us elsewhere (status 302): name the issuer itself",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops",
            "answers as no Vouchsafe does (status 502)",
        ),
        (
            "HTTP/1.1 409 Conflict\r\ncontent-length: 49\r\n\r\n{\"title\":\"Conflict\",\"detail\":\"a\\u001b[2J\\u202eb\"}",
            "Conflict: a\\u{1b}[2J\\u{202e}b",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "the server's answer is no JSON",
        ),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let stranger = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        });
        let folder = elsewhere("adm_x").with("HTTP_PROXY", "http://127.0.0.1:1");
        let told = folder
            .run(&["whoami", "--server", &server, "--admin-key-file", "key"])
            .refused(&folder);
        assert!(told.contains(sentence), "{told}");
        let request = stranger.join().unwrap();
        assert!(
            request.starts_with("GET /admin/v1/whoami HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(request.contains("authorization: Bearer adm_x\r\n"), "{request}");
    }
}
