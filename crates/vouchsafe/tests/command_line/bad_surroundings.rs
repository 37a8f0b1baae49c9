//! Whatever is wrong around the program: one clear sentence, status 1, no panic, no secret.

use std::fs;
use std::net::TcpListener;

use super::folder::{Folder, Ran};

/// Something wrong, and what `vouchsafe serve` says to it.
struct Bad {
    what: &'static str,
    arrange: fn(&Folder),
    sentence: &'static str,
}

#[test]
fn each_bad_thing_in_the_folder_is_told_in_one_sentence() {
    for Bad {
        what,
        arrange,
        sentence,
    } in IN_THE_FOLDER
    {
        let folder = Folder::new();
        let secret = folder.read("vouchsafe.key");
        arrange(&folder);
        let ran = folder.run(&["serve"]);
        let told = ran.refused(&folder);
        assert!(told.starts_with(sentence), "{what}: {told}");
        nothing_leaks(&ran, &secret);
        // The doctor sees it too, in its own words, and also without a panic.
        let seen = folder.run(&["doctor"]);
        assert_eq!(seen.status.code(), Some(1), "{what}: {}", seen.out);
        assert!(
            seen.out.contains("FAIL") && !seen.err.contains("panicked"),
            "{what}: {}",
            seen.err
        );
        nothing_leaks(&seen, &secret);
    }
}

fn nothing_leaks(ran: &Ran, key_file: &str) {
    let key = key_file.split(':').nth(1).unwrap();
    assert!(
        !ran.err.contains(key) && !ran.out.contains(key),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(
        !ran.err.contains("hidden") && !ran.out.contains("hidden"),
        "{}{}",
        ran.out,
        ran.err
    );
}

const IN_THE_FOLDER: &[Bad] = &[
    Bad {
        what: "no key file",
        arrange: |folder| folder.remove("vouchsafe.key"),
        sentence: "the key file vouchsafe.key cannot be used: there is no key file at vouchsafe.key: restore the one this \
                   database was initialised with, or point the configuration at it",
    },
    Bad {
        what: "an empty key file",
        arrange: |folder| folder.write("vouchsafe.key", ""),
        sentence: "the key file vouchsafe.key cannot be used: the key file is empty: restore it from your backup",
    },
    Bad {
        what: "a short key file",
        arrange: |folder| {
            let key = folder.read("vouchsafe.key");
            folder.write("vouchsafe.key", &key[..30]);
        },
        sentence: "the key file vouchsafe.key cannot be used: the key file is truncated or mistyped",
    },
    Bad {
        what: "a garbled key file",
        arrange: |folder| {
            let key = folder.read("vouchsafe.key");
            let garbled: String = key.chars().rev().collect();
            folder.write("vouchsafe.key", garbled);
        },
        sentence: "the key file vouchsafe.key cannot be used: this is not a Vouchsafe key file",
    },
    Bad {
        what: "a key file that is no text",
        arrange: |folder| folder.write("vouchsafe.key", [0xff, 0xfe, 0x00]),
        sentence: "the key file vouchsafe.key cannot be used: this is not a Vouchsafe key file",
    },
    Bad {
        what: "the key file of a later version",
        arrange: |folder| {
            let key = folder.read("vouchsafe.key");
            folder.write("vouchsafe.key", key.replace("vouchsafe-key-1", "vouchsafe-key-2"));
        },
        sentence: "the key file vouchsafe.key cannot be used: the key file has a format this version does not know",
    },
    Bad {
        what: "the key file of another database",
        arrange: |folder| folder.take(&Folder::new(), "vouchsafe.key"),
        sentence: "the vault does not open: instance key ",
    },
    Bad {
        what: "a key file that others may read",
        arrange: |folder| folder.set_mode("vouchsafe.key", 0o644),
        sentence: "the key file vouchsafe.key is open to other users (mode 644): it opens everything, so close it with \
                   `chmod 600 vouchsafe.key`",
    },
    Bad {
        what: "a folder where the key file should be",
        arrange: |folder| {
            folder.remove("vouchsafe.key");
            fs::create_dir(folder.path("vouchsafe.key")).unwrap();
        },
        sentence: "the key file vouchsafe.key cannot be read or written: check that this user may, and that its folder \
                   exists",
    },
    Bad {
        what: "the database of another instance",
        arrange: |folder| {
            let other = Folder::new();
            folder.take(&other, "vouchsafe.db");
        },
        sentence: "the vault does not open: instance key ",
    },
    Bad {
        what: "database and key file of another instance",
        arrange: |folder| {
            let other = Folder::new();
            folder.take(&other, "vouchsafe.db");
            folder.take(&other, "vouchsafe.key");
        },
        sentence: "the record is not what the checkpoint says: the checkpoint file vouchsafe.checkpoint cannot be used: \
                   move it away if it belongs to another database: signed with none of the pinned public keys",
    },
    Bad {
        what: "a newer schema",
        arrange: |folder| {
            folder.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
        },
        sentence: "the schema of the database is newer than this program: run the Vouchsafe version that wrote it, or a \
                   later one",
    },
    Bad {
        what: "a schema without a version",
        arrange: |folder| folder.sql("DELETE FROM __diesel_schema_migrations"),
        sentence: "the database cannot be used: ",
    },
    Bad {
        what: "no database at all",
        arrange: |folder| {
            folder.write(
                "vouchsafe.db",
                "this is a letter to my aunt, and no database\n".repeat(100),
            );
        },
        sentence: "the database cannot be used: the database refused: file is not a database; `database.url` names a file",
    },
    Bad {
        what: "a folder where the database should be",
        arrange: |folder| {
            folder.remove("vouchsafe.db");
            fs::create_dir(folder.path("vouchsafe.db")).unwrap();
        },
        sentence: "the database cannot be used: ",
    },
    Bad {
        what: "sealed rows without an instance",
        arrange: |folder| folder.sql("DELETE FROM instance"),
        sentence: "the database holds sealed rows but no instance: it is damaged",
    },
    Bad {
        what: "a server key that somebody changed",
        arrange: |folder| {
            folder.sql("UPDATE server_keys SET sealed = zeroblob(100) WHERE purpose = 'row_mac'");
        },
        sentence: "the vault does not open: ",
    },
    Bad {
        what: "a server key that is gone",
        arrange: |folder| folder.sql("DELETE FROM server_keys WHERE purpose = 'row_mac'"),
        sentence: "the vault does not open: there is no active row_mac key in table server_keys",
    },
    Bad {
        what: "a column that is no longer what it was",
        arrange: |folder| folder.sql("UPDATE server_keys SET purpose = 'hidden' WHERE purpose = 'row_mac'"),
        sentence: "the database cannot be used: ",
    },
    Bad {
        what: "a table that is gone",
        arrange: |folder| folder.sql("DROP TABLE server_keys"),
        sentence: "the database cannot be used: ",
    },
    Bad {
        what: "a garbled checkpoint",
        arrange: |folder| folder.write("vouchsafe.checkpoint", "hidden"),
        sentence: "the record is not what the checkpoint says: the checkpoint file vouchsafe.checkpoint cannot be used: \
                   move it away if it belongs to another database: not a checkpoint",
    },
    Bad {
        what: "a checkpoint with another signature",
        arrange: |folder| {
            let checkpoint = folder.read("vouchsafe.checkpoint");
            folder.write("vouchsafe.checkpoint", checkpoint.replacen('\n', "\n1", 1));
        },
        sentence: "the record is not what the checkpoint says: the checkpoint file vouchsafe.checkpoint cannot be used: \
                   move it away if it belongs to another database: the signature is wrong",
    },
    Bad {
        what: "a garbled public key file",
        arrange: |folder| folder.write("vouchsafe.audit-keys", "# ours\nhidden\n"),
        sentence: "line 2 of the public key file vouchsafe.audit-keys is no key (a key id, a space, and 32 bytes in \
                   base64): restore the file from your copy",
    },
    Bad {
        what: "an empty public key file",
        arrange: |folder| folder.write("vouchsafe.audit-keys", ""),
        sentence: "the public key file vouchsafe.audit-keys holds no key: restore it from your copy",
    },
    Bad {
        what: "a folder where the checkpoint should be",
        arrange: |folder| {
            folder.remove("vouchsafe.checkpoint");
            fs::create_dir(folder.path("vouchsafe.checkpoint")).unwrap();
        },
        sentence: "the record is not what the checkpoint says: the checkpoint file vouchsafe.checkpoint cannot be read: ",
    },
];

#[test]
fn what_this_user_may_not_do_is_told() {
    struct Closed {
        arrange: fn(&Folder),
        sentence: &'static str,
    }
    for Closed { arrange, sentence } in [
        Closed {
            arrange: |folder| folder.set_mode("vouchsafe.key", 0o000),
            sentence: "the key file vouchsafe.key cannot be read or written: check that this user may",
        },
        Closed {
            arrange: |folder| folder.set_mode("vouchsafe.toml", 0o000),
            sentence: "vouchsafe.toml: cannot be read (permission denied); `vouchsafe init` writes one",
        },
        Closed {
            arrange: |folder| folder.set_mode("vouchsafe.db", 0o000),
            sentence: "the database cannot be used: ",
        },
        Closed {
            arrange: |folder| folder.set_mode("vouchsafe.db", 0o400),
            sentence: "the database cannot be used: ",
        },
        Closed {
            arrange: |folder| {
                folder.remove("vouchsafe.db.lock");
                folder.set_mode("", 0o500);
            },
            sentence: "the lock file vouchsafe.db.lock cannot be made: check that the folder exists and that this user may \
                       write there",
        },
        Closed {
            arrange: |folder| {
                folder.remove("vouchsafe.audit-keys");
                fs::create_dir(folder.path("keys")).unwrap();
                folder.set_mode("keys", 0o000);
                let text = folder.read("vouchsafe.toml");
                folder.write(
                    "vouchsafe.toml",
                    text.replace("vouchsafe.audit-keys", "keys/file"),
                );
            },
            sentence: "the public key file keys/file cannot be read: ",
        },
    ] {
        let folder = Folder::new().of_an_ordinary_user();
        arrange(&folder);
        let told = folder.run(&["serve"]).refused(&folder);
        assert!(told.starts_with(sentence), "{told}");
        folder.set_mode("", 0o700);
    }
}

#[test]
fn a_busy_port_is_named() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = folder.with("VOUCHSAFE__LISTEN", &address);
    let told = folder.run(&["serve"]).refused(&folder);
    assert!(
        told.starts_with(&format!(
            "cannot listen on {address}: stop what listens there, or change `listen`: "
        )),
        "{told}"
    );
}

#[test]
fn an_address_that_is_not_of_this_machine_is_named() {
    let folder = Folder::new()
        .with("VOUCHSAFE__TLS__CERTIFICATE_FILE", "c.pem")
        .with("VOUCHSAFE__TLS__KEY_FILE", "k.pem")
        .with("VOUCHSAFE__ISSUER", "https://v.example")
        .with("VOUCHSAFE__LISTEN", "192.0.2.1:443");
    let told = folder.run(&["serve"]).refused(&folder);
    assert!(told.starts_with("cannot listen on 192.0.2.1:443: "), "{told}");
}

/// The lock is on the file, whatever the address.
#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused_and_so_is_a_migration() {
    let (folder, issuer) = Folder::new().on_a_free_port();
    let mut first = folder.start(&["serve"]);
    first.answers(&format!("{issuer}/healthz")).await;
    let folder = folder.with("VOUCHSAFE__LISTEN", "127.0.0.1:0");
    for command in ["serve", "migrate"] {
        let told = folder.run(&[command]).refused(&folder);
        assert_eq!(
            told,
            "another vouchsafe is using this database (it holds vouchsafe.db.lock): stop it first, or give this one a \
             database of its own",
            "{command}"
        );
    }
    assert!(first.stop().status.success());
}

#[test]
fn a_database_in_a_folder_that_is_not_there_is_told_by_every_command() {
    let folder = Folder::new().with("VOUCHSAFE__DATABASE__URL", "sqlite:nowhere/v.db");
    for (command, sentence) in [
        (
            &["serve"][..],
            "the lock file nowhere/v.db.lock cannot be made: check that the folder exists",
        ),
        (
            &["migrate"],
            "the lock file nowhere/v.db.lock cannot be made: check that the folder exists",
        ),
        (
            &["audit", "tail"],
            "the database file cannot be opened: no such file; make the folder of `database.url`",
        ),
    ] {
        let told = folder.run(command).refused(&folder);
        assert!(told.starts_with(sentence), "{told}");
    }
}

/// Nothing is made in a place where something of the kind is already.
#[test]
fn init_overwrites_nothing() {
    for name in [
        "vouchsafe.toml",
        "vouchsafe.key",
        "vouchsafe.db",
        "vouchsafe.audit-keys",
        "vouchsafe.checkpoint",
        "admin-key.txt",
    ] {
        let folder = Folder::empty();
        folder.write(name, "mine");
        let told = folder.run(&["init"]).refused(&folder);
        assert_eq!(
            told,
            format!("./{name} is there already: init overwrites nothing, choose another folder with --dir")
        );
        assert_eq!(folder.read(name), "mine");
        assert_eq!(fs::read_dir(folder.path("")).unwrap().count(), 1);
    }
}
