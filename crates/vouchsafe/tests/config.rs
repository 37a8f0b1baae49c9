//! Every bad configuration is told in one sentence: file, line, key, what is wrong, what to do.

#[path = "config/mistakes_in_entries.rs"]
mod mistakes_in_entries;
#[path = "config/mistakes_in_exports.rs"]
mod mistakes_in_exports;
#[path = "config/mistakes_in_settings.rs"]
mod mistakes_in_settings;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use vouchsafe::config::{Config, Environment, LogFormat, reference};
use vouchsafe_store::Location;

use mistakes_in_entries::IN_ENTRIES;
use mistakes_in_exports::IN_EXPORTS;
use mistakes_in_settings::IN_SETTINGS;

const GOOD: &str = r#"
issuer = "http://127.0.0.1:8080"

[[provider]]
id = "github"
template = "github-oauth-app"
client_id = "abc"
client_secret = "def"

[[client]]
id = "agent"
secret = "0123456789abcdef0123456789abcdef"
grant_types = ["urn:ietf:params:oauth:grant-type:token-exchange"]
[[client.ceiling]]
provider = "github"
scope = "repo"

[[user]]
username = "ada"
password = "correct horse"
"#;

const FILE: &str = "/etc/v/vouchsafe.toml";

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let variables = variables
        .iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
    Config::parse(Path::new(FILE), text, &Environment::of(variables))
        .map_err(|error| error.to_string().replace(FILE, "FILE"))
}

fn sentence(text: &str, variables: &[(&str, &str)]) -> String {
    parse(text, variables).map_or_else(|sentence| sentence, |_| "accepted".to_owned())
}

#[test]
fn a_good_file_is_accepted_and_paths_begin_in_its_folder() {
    let config = parse(GOOD, &[]).unwrap();
    assert_eq!(config.key_file, Path::new("/etc/v/vouchsafe.key"));
    assert_eq!(config.checkpoint_file, Path::new("/etc/v/vouchsafe.checkpoint"));
    assert!(matches!(&config.database, Location::Sqlite(path) if path == Path::new("/etc/v/vouchsafe.db")));
    assert_eq!(
        (config.clients.len(), config.providers.len(), config.users.len()),
        (1, 1, 1)
    );
    assert!(config.holds_secrets);
}

fn mistakes() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    IN_SETTINGS.iter().chain(IN_ENTRIES).chain(IN_EXPORTS)
}

/// Replaces one line of the good file and expects one sentence.
#[test]
fn each_mistake_has_its_sentence() {
    assert!(mistakes().count() > 100);
    for &(line, instead, expected) in mistakes() {
        assert!(GOOD.contains(line), "{line}");
        let sentence = sentence(&GOOD.replacen(line, instead, 1), &[]);
        assert_eq!(sentence, expected, "{instead}");
        // What is wrong; what to do. The file is there in every one, and the line wherever there is one.
        assert!(
            expected.starts_with("FILE") && expected.contains("; "),
            "{expected}"
        );
        assert!(expected.contains(", line ") || instead.is_empty(), "{expected}");
    }
}

/// The program says the same: one line on stderr, status 1, and nothing touched.
#[test]
fn each_mistake_is_told_by_the_program_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vouchsafe.toml");
    for &(line, instead, expected) in mistakes() {
        std::fs::write(&file, GOOD.replacen(line, instead, 1)).unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_vouchsafe"))
            .env_clear()
            .args(["config", "check", "--config"])
            .arg(&file)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        let text = text.replace(file.to_str().unwrap(), "FILE");
        let text = text.replace(folder.path().to_str().unwrap(), "/etc/v");
        assert_eq!(text, format!("vouchsafe: {expected}\n"));
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_missing_file_says_how_to_get_one() {
    let error = Config::read(Path::new("/not/there.toml"), &Environment::default())
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "/not/there.toml: cannot be read (no such file); `vouchsafe init` writes one, `--config` names another"
    );
}

#[test]
fn no_sentence_repeats_a_secret() {
    for bad in [
        "client_secret = 4711",
        "client_secret = { a = \"4711\" }",
        "vars = \"4711\"",
        "client_secret = 1x-hidden",
        "client_secret = [\"x-hidden\"]",
        "client_secret = \"x-hidden\" x-hidden",
        "client_secret = \"x-hidden",
        "client_secret = \"\\x-hidden\"",
        "override = { token_headers = { x-api-key = [\"x-hidden\"] } }",
        "override = { client_auth = \"x-hidden\" }",
        "override = { token_params = \"x-hidden\" }",
        "override = { expires = { always = \"x-hidden\" } }",
        "vars = { tenant = [\"x-hidden\"] }",
        "[database]\nurl = \"x-hidden\"",
        "[database]\nurl = \"mysql://user:x-hidden@host\"",
        "[[user]]\nusername = \"bob\"\npassword_hash = \"x-hidden\"",
    ] {
        let sentence = sentence(&GOOD.replacen("client_secret = \"def\"", bad, 1), &[]);
        assert!(
            sentence != "accepted" && !sentence.contains("hidden") && !sentence.contains("4711"),
            "{bad}: {sentence}"
        );
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let text = format!("{GOOD}\n[database]\nurl_file = \"not-there\"\n[log]\nlevel = \"warn\"\n");
    let config = parse(
        &text,
        &[
            ("VOUCHSAFE__ISSUER", "https://v.example"),
            ("VOUCHSAFE__DATABASE__URL", "sqlite:/data/v.db"),
            ("VOUCHSAFE__LOG__LEVEL", "debug"),
            ("VOUCHSAFE__LOG__FORMAT", "json"),
            ("VOUCHSAFE__KEYS__FILE", "the.key"),
            ("VOUCHSAFE__MEMORY__LIMIT_MIB", "64"),
            ("VOUCHSAFE__AUDIT__WAIT_LIMIT", "1m"),
            ("VOUCHSAFE_CONFIG", "not ours"),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(config.issuer, "https://v.example");
    assert!(matches!(&config.database, Location::Sqlite(path) if path == Path::new("/data/v.db")));
    assert_eq!(
        (config.log.level.as_str(), config.log.format),
        ("debug", LogFormat::Json)
    );
    assert_eq!(config.key_file, Path::new("/etc/v/the.key"));
    assert_eq!(config.memory, 64 * 1024 * 1024);
    assert_eq!(config.wait_limit, Duration::from_mins(1));
    // A file that lacks what must be there is made whole.
    let without = GOOD.replace("issuer = \"http://127.0.0.1:8080\"", "");
    assert!(parse(&without, &[("VOUCHSAFE__ISSUER", "https://v.example")]).is_ok());
}

/// Variable, value, and what is said of them.
const WRONG_VARIABLES: &[(&str, &str, &str)] = &[
    (
        "VOUCHSAFE__ISUER",
        "hidden",
        "VOUCHSAFE__ISUER of the environment: there is no such setting; did you mean VOUCHSAFE__ISSUER?",
    ),
    (
        "vouchsafe__issuer",
        "hidden",
        "vouchsafe__issuer of the environment: there is no such setting; did you mean VOUCHSAFE__ISSUER?",
    ),
    (
        "VOUCHSAFE__DATABASE_URL",
        "hidden",
        "VOUCHSAFE__DATABASE_URL of the environment: there is no such setting; did you mean VOUCHSAFE__DATABASE__URL?",
    ),
    (
        "VOUCHSAFE__DATABASE",
        "hidden",
        "VOUCHSAFE__DATABASE of the environment: there is no such setting; did you mean VOUCHSAFE__DATABASE__URL?",
    ),
    (
        "VOUCHSAFE__TRUSTED_PROXIES",
        "hidden",
        "VOUCHSAFE__TRUSTED_PROXIES of the environment: it is a list or a table, which no variable can hold; write it in the file",
    ),
    (
        "VOUCHSAFE__CLIENT__SECRET",
        "hidden",
        "VOUCHSAFE__CLIENT__SECRET of the environment: it is a list or a table, which no variable can hold; write it in the file",
    ),
    (
        "VOUCHSAFE__EGRESS__INTERNAL_HOSTS",
        "hidden",
        "VOUCHSAFE__EGRESS__INTERNAL_HOSTS of the environment: it is a list or a table, which no variable can hold; write it in the file",
    ),
    (
        "VOUCHSAFE__ISSUER",
        "hidden",
        "VOUCHSAFE__ISSUER of the environment: this is no URL; write the public base URL, such as \"https://vouchsafe.example.com\"",
    ),
    (
        "VOUCHSAFE__LISTEN",
        "hidden",
        "VOUCHSAFE__LISTEN of the environment: this is no address with a port; write it as \"127.0.0.1:8080\"",
    ),
    (
        "VOUCHSAFE__LISTEN",
        "0.0.0.0:80",
        "VOUCHSAFE__LISTEN of the environment: plain HTTP is served only on this machine; listen on 127.0.0.1, set [tls], or name the TLS proxy in front in `trusted_proxies`",
    ),
    (
        "VOUCHSAFE__LOG__FORMAT",
        "hidden",
        "VOUCHSAFE__LOG__FORMAT of the environment: this is none of the words it takes; use human or json",
    ),
    (
        "VOUCHSAFE__MEMORY__LIMIT_MIB",
        "lots",
        "VOUCHSAFE__MEMORY__LIMIT_MIB of the environment: this is text, where a whole number belongs; write it as limit_mib = 512",
    ),
    (
        "VOUCHSAFE__MEMORY__LIMIT_MIB",
        "1",
        "VOUCHSAFE__MEMORY__LIMIT_MIB of the environment: this is out of its range; use 8 to 65536",
    ),
    (
        "VOUCHSAFE__AUDIT__WAIT_LIMIT",
        "soon",
        "VOUCHSAFE__AUDIT__WAIT_LIMIT of the environment: this is no length of time; write it as wait_limit = \"2s 500ms\", with ms, s, m, h or days",
    ),
    (
        "VOUCHSAFE__KEYS__FILE",
        "",
        "VOUCHSAFE__KEYS__FILE of the environment: it is empty; name a file, or leave the line out",
    ),
    (
        "VOUCHSAFE__DATABASE__URL",
        "postgress://u:hidden@h/d",
        "VOUCHSAFE__DATABASE__URL of the environment: this is no database that Vouchsafe knows; use \"sqlite:vouchsafe.db\" or \"postgres://user@host/database\"",
    ),
    (
        "VOUCHSAFE__DATABASE__URL_FILE",
        "nothing",
        "VOUCHSAFE__DATABASE__URL_FILE of the environment: /etc/v/nothing cannot be read (no such file); name a file that holds it and that this user may read",
    ),
    (
        "VOUCHSAFE__TLS__KEY_FILE",
        "k.pem",
        "VOUCHSAFE__TLS__KEY_FILE of the environment: it is missing; write it as certificate_file = \"/etc/vouchsafe/fullchain.pem\"",
    ),
];

#[test]
fn a_variable_that_is_wrong_is_named_and_its_value_is_not() {
    let database = "[database]\nurl = \"sqlite:v.db\"\n";
    for (name, value, expected) in WRONG_VARIABLES {
        assert_eq!(
            sentence(&format!("{GOOD}{database}"), &[(name, value)]),
            *expected,
            "{name}"
        );
    }
    let both = [
        ("VOUCHSAFE__DATABASE__URL", "sqlite:v.db"),
        ("VOUCHSAFE__DATABASE__URL_FILE", "x"),
    ];
    assert_eq!(
        sentence(GOOD, &both),
        "VOUCHSAFE__DATABASE__URL of the environment: url and url_file are both set; keep one of them"
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStringExt as _;
    let value = OsString::from_vec(vec![0xff]);
    let environment = Environment::of([(OsString::from("VOUCHSAFE__ISSUER"), value)]);
    let error = Config::parse(Path::new(FILE), GOOD, &environment)
        .map(drop)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "VOUCHSAFE__ISSUER of the environment: its value is not UTF-8; write it in UTF-8"
    );
}

/// Every kind of secret has a file of its own, and both ways lead to the same.
#[test]
fn secrets_may_stand_in_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vouchsafe.toml");
    for (name, content) in [
        ("one", "0123456789abcdef0123456789abcdef\n"),
        ("two", "fedcba9876543210fedcba9876543210\r\n"),
        ("url", "postgres://u:p@h/d\n"),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let text = GOOD
        .replace("client_secret = \"def\"", "client_secret_file = \"one\"")
        .replace(
            "\nsecret = \"0123456789abcdef0123456789abcdef\"",
            "\nsecret_files = [\"one\", \"two\"]",
        )
        .replace("password = \"correct horse\"", "password_file = \"one\"");
    let text = format!("{text}\n[database]\nurl_file = \"url\"\n");
    let config = Config::parse(&file, &text, &Environment::default()).unwrap();
    let secrets: Vec<&str> = config.clients[0]
        .secrets
        .iter()
        .map(|secret| secret.expose().as_str())
        .collect();
    assert_eq!(
        secrets,
        [
            "0123456789abcdef0123456789abcdef",
            "fedcba9876543210fedcba9876543210"
        ]
    );
    assert!(matches!(&config.database, Location::Postgres(url) if url.expose() == "postgres://u:p@h/d"));
    assert_eq!(
        config.providers[0].client_secret.as_ref().unwrap().expose(),
        secrets[0]
    );
    assert_eq!(config.users[0].password.as_ref().unwrap().expose(), secrets[0]);
    assert!(!config.holds_secrets);
}

#[test]
fn the_reference_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CONFIGURATION.md");
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(
        reference() == kept,
        "docs/CONFIGURATION.md is stale: run `cargo run -- config reference > docs/CONFIGURATION.md`"
    );
    let variables: BTreeSet<&str> = kept
        .split('`')
        .filter(|word| word.starts_with("VOUCHSAFE__"))
        .collect();
    assert!(variables.len() > 10, "{variables:?}");
}

/// What is shown is what is in force, and nothing of it is a secret.
#[test]
fn what_is_in_force_is_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vouchsafe.toml");
    let text = format!("{GOOD}\n[database]\nurl = \"postgres://u:hidden@h/d\"\n").replace("def", "hidden");
    std::fs::write(&file, text).unwrap();
    let variables = [("VOUCHSAFE__LOG__LEVEL", "debug")];
    let environment = Environment::of(variables.map(|(name, value)| (name.into(), value.into())));
    let shown = vouchsafe::config::effective(&file, &environment).unwrap();
    for expected in [
        "issuer = \"http://127.0.0.1:8080\"\n",
        "listen = \"127.0.0.1:8080\"    # default\n",
        "[database]\n# url: left out\n",
        "level = \"debug\"    # VOUCHSAFE__LOG__LEVEL\n",
        "# client_secret: left out\n",
        "# secret: left out\n",
        "# password: left out\n",
        "[[client.ceiling]]\nprovider = \"github\"\nscope = \"repo\"\nallow_unbounded_raw = false    # default\n",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    for secret in ["hidden", "0123456789abcdef", "correct horse"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    let tables: toml::Table = shown.parse().unwrap();
    assert_eq!(tables["log"]["level"].as_str(), Some("debug"));
}
