//! PostgreSQL that is not there, does not let us in, or holds something else. The password is never shown.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use vouchsafe_store::{Location, ThrowawayPostgres, raw_sql};

use super::folder::{Folder, Ran, free_port};

/// What cannot be reached, for whatever reason, is told the same way; the reason stands in the log.
fn cannot_be_reached(ran: &Ran, folder: &Folder, reason: &str) {
    let told = ran.refused(folder);
    assert!(
        told.ends_with(
            "the database cannot be reached; check `database.url`: a server that runs, with the right host, user and \
             password, or a file that this user may read and write"
        ),
        "{told}"
    );
    assert!(ran.err.contains(reason), "{}", ran.err);
    assert!(
        !ran.err.contains("hunter2") && !ran.out.contains("hunter2"),
        "{}",
        ran.err
    );
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    let url = format!("postgres://ada:hunter2@127.0.0.1:{}/v", free_port());
    let folder = Folder::new().with("VOUCHSAFE__DATABASE__URL", &url);
    for command in [&["serve"][..], &["migrate"]] {
        cannot_be_reached(&folder.run(command), &folder, "Connection refused");
    }
    let seen = folder.run(&["doctor"]);
    assert_eq!(seen.status.code(), Some(1));
    assert!(
        seen.out
            .contains("FAIL  database: PostgreSQL: the database cannot be reached; "),
        "{}",
        seen.out
    );
    assert!(
        !seen.out.contains("hunter2") && !seen.err.contains("hunter2"),
        "{}{}",
        seen.out,
        seen.err
    );
}

/// Speaks just enough of the protocol to say no, as a server does that wants another password.
#[test]
fn a_wrong_password_is_told_without_the_password() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut first = [0; 8];
            stream.read_exact(&mut first).unwrap();
            // A request for TLS comes first; then the real beginning.
            if first[4..] == 80_877_103_i32.to_be_bytes() {
                stream.write_all(b"N").unwrap();
                stream.read_exact(&mut first).unwrap();
            }
            let rest = i32::from_be_bytes(first[..4].try_into().unwrap()) - 8;
            let mut rest = vec![0; usize::try_from(rest).unwrap()];
            stream.read_exact(&mut rest).unwrap();
            let fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"ada\"\0\0";
            let length = i32::try_from(fields.len() + 4).unwrap().to_be_bytes();
            stream.write_all(&[&b"E"[..], &length, fields].concat()).unwrap();
        }
    });
    let url = format!("postgres://ada:hunter2@127.0.0.1:{port}/v");
    let folder = Folder::new().with("VOUCHSAFE__DATABASE__URL", &url);
    cannot_be_reached(&folder.run(&["serve"]), &folder, "password authentication failed");
}

#[test]
fn a_name_that_leads_nowhere_is_told_without_the_password() {
    let folder = Folder::new().with(
        "VOUCHSAFE__DATABASE__URL",
        "postgres://ada:hunter2@nowhere.invalid/v",
    );
    cannot_be_reached(&folder.run(&["serve"]), &folder, "could not translate host name");
}

#[test]
fn what_is_wrong_inside_is_told_as_on_the_embedded_database() {
    let Some(postgres) = ThrowawayPostgres::shared() else {
        return;
    };
    for (sql, sentence) in [
        (
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')",
            "the schema of the database is newer than this program",
        ),
        (
            "DELETE FROM instance",
            "the database holds sealed rows but no instance",
        ),
        ("DROP TABLE server_keys", "the database cannot be "),
    ] {
        let url = postgres.database();
        let folder = Folder::empty().with("VOUCHSAFE__DATABASE__URL", url.expose());
        let made = folder.run(&["init"]);
        assert!(made.status.success(), "{}", made.err);
        let folder = folder.with("VOUCHSAFE__LISTEN", "127.0.0.1:0");
        raw_sql::execute(&Location::Postgres(url), sql);
        let told = folder.run(&["serve"]).refused(&folder);
        assert!(told.starts_with(sentence), "{sql}: {told}");
        let seen = folder.run(&["doctor"]);
        assert_eq!(seen.status.code(), Some(1), "{sql}: {}", seen.out);
    }
}
