//! `config`, `completions`, `migrate`, and an `init` that goes on.

use super::folder::Folder;

#[test]
fn what_init_writes_is_a_configuration_and_says_so() {
    let folder = Folder::new();
    let checked = folder.run(&["config", "check"]);
    assert!(checked.status.success(), "{}", checked.err);
    assert_eq!(checked.out, "vouchsafe.toml: ok\n");
    let shown = folder.run(&["config", "show"]);
    assert!(
        shown
            .out
            .contains("listen = \"127.0.0.1:0\"    # VOUCHSAFE__LISTEN\n"),
        "{}",
        shown.out
    );
}

#[test]
fn config_check_says_the_one_thing_that_is_wrong() {
    for (variable, meant) in [
        ("VOUCHSAFE__LOG__FORMT", "VOUCHSAFE__LOG__FORMAT"),
        ("VOUCHSAFE_LOG_FORMAT", "VOUCHSAFE__LOG__FORMAT"),
        ("VOUCHSAFE_LISTEN", "VOUCHSAFE__LISTEN"),
    ] {
        let folder = Folder::new().with(variable, "json");
        for command in ["check", "show"] {
            let told = folder.run(&["config", command]).refused(&folder);
            let said =
                format!("{variable} of the environment: there is no such setting; did you mean {meant}?");
            assert_eq!(told, said);
        }
    }
}

/// Clusters set variables for what they call a service, and other tools of ours have their own.
#[test]
fn variables_that_are_no_settings_are_let_be() {
    for variable in ["VOUCHSAFE_PORT", "VOUCHSAFE_SERVICE_HOST", "VOUCHSAFE"] {
        let folder = Folder::new().with(variable, "tcp://10.0.0.1:80");
        let checked = folder.run(&["config", "check"]);
        assert!(checked.status.success(), "{variable}: {}", checked.err);
    }
}

#[test]
fn completions_know_every_command_in_every_shell() {
    let folder = Folder::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let made = folder.run(&["completions", shell]);
        assert!(made.status.success(), "{}", made.err);
        for command in [
            "doctor",
            "migrate",
            "completions",
            "audit",
            "config",
            "sign-out",
            "whoami",
            "redirect-uri",
            "admin-key-file",
        ] {
            assert!(made.out.contains(command), "{shell} lacks {command}");
        }
    }
    assert_eq!(folder.run(&["completions", "cmd"]).status.code(), Some(2));
}

#[test]
fn migrate_says_what_it_did() {
    let folder = Folder::new();
    let again = folder.run(&["migrate"]);
    assert_eq!(
        again.out, "the schema was up to date already: nothing was done\n",
        "{}",
        again.err
    );
    folder.remove("vouchsafe.db");
    let first = folder.run(&["migrate"]);
    assert!(
        first
            .out
            .ends_with("migration(s) run: the schema is up to date\n"),
        "{}",
        first.out
    );
}

/// An empty database gets its schema by itself, and a newer one is nobody's to migrate.
#[test]
fn migrate_refuses_what_a_newer_program_made() {
    let folder = Folder::new();
    folder.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
    let told = folder.run(&["migrate"]).refused(&folder);
    assert_eq!(
        told,
        "the schema of the database is newer than this program: use a newer program"
    );
}
