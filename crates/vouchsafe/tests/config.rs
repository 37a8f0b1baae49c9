//! Every bad configuration is told in one sentence: file, line, key, what is wrong, what to do.

use std::path::Path;

use vouchsafe::config::Config;

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

fn sentence(text: &str) -> String {
    match Config::parse(Path::new("/etc/v/vouchsafe.toml"), text) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string().replace("/etc/v/vouchsafe.toml", "FILE"),
    }
}

#[test]
fn a_good_file_is_accepted_and_paths_begin_in_its_folder() {
    let config = Config::parse(Path::new("/etc/v/vouchsafe.toml"), GOOD).unwrap();
    assert_eq!(config.key_file, Path::new("/etc/v/vouchsafe.key"));
    assert_eq!(config.checkpoint_file, Path::new("/etc/v/vouchsafe.checkpoint"));
    assert!(
        matches!(&config.database, vouchsafe_store::Location::Sqlite(path) if path == Path::new("/etc/v/vouchsafe.db"))
    );
    assert_eq!(
        (config.clients.len(), config.providers.len(), config.users.len()),
        (1, 1, 1)
    );
}

/// Replaces one line of the good file and expects one sentence.
#[test]
fn each_mistake_has_its_sentence() {
    for &(line, instead, expected) in MISTAKES {
        assert!(GOOD.contains(line), "{line}");
        assert_eq!(sentence(&GOOD.replacen(line, instead, 1)), expected, "{instead}");
    }
}

#[test]
fn a_missing_file_says_how_to_get_one() {
    let error = Config::read(Path::new("/not/there.toml"))
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "/not/there.toml: cannot be read (entity not found); `vouchsafe init` writes one, `--config` names another"
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
    ] {
        let sentence = sentence(&GOOD.replacen("client_secret = \"def\"", bad, 1));
        assert!(
            sentence != "accepted" && !sentence.contains("hidden") && !sentence.contains("4711"),
            "{sentence}"
        );
    }
}

/// A line of the good file, what stands there instead, and the sentence.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "isuer = \"x\"",
        "FILE, line 2: unknown field `isuer`, expected one of `issuer`, `listen`, `trusted_proxies`, `database`, `keys`, `audit`, `egress`, `log`, `provider`, `client`, `user`",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = 5",
        "FILE, line 2: invalid type: integer, expected a string",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"nowhere\"",
        "FILE, line 2, issuer: this is no URL; write the public base URL, such as \"https://vouchsafe.example.com\"",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"http://v.example\"",
        "FILE, line 2, issuer: plain http is safe only on this machine; use https, or an address such as \"http://127.0.0.1:8080\" for trying out",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"https://v.example/\"",
        "FILE, line 2, issuer: an issuer ends without a slash here; leave the last / away",
    ),
    (
        "issuer = \"http://127.0.0.1:8080\"",
        "issuer = \"https://v.example?a\"",
        "FILE, line 2, issuer: an issuer has no query, fragment or user; end it after the path",
    ),
    (
        "[[provider]]",
        "listen = \"8080\"\n[[provider]]",
        "FILE, line 4, listen: this is no address with a port; write it as \"127.0.0.1:8080\"",
    ),
    (
        "[[provider]]",
        "listen = \"0.0.0.0:80\"\n[[provider]]",
        "FILE, line 4, listen: plain HTTP is served only on this machine; listen on 127.0.0.1, or name the TLS proxy in front in `trusted_proxies`",
    ),
    (
        "[[provider]]",
        "trusted_proxies = [\"proxy\"]\n[[provider]]",
        "FILE, line 4, trusted_proxies: this is no IP address; name each proxy by its address, without a port",
    ),
    (
        "[[provider]]",
        "database.url = \"mysql://x\"\n[[provider]]",
        "FILE, line 4, database.url: this is no database that Vouchsafe knows; use \"sqlite:vouchsafe.db\" or \"postgres://user@host/database\"",
    ),
    (
        "[[provider]]",
        "database.url = \"sqlite::memory:\"\n[[provider]]",
        "FILE, line 4, database.url: this names no file; write it as \"sqlite:vouchsafe.db\"",
    ),
    (
        "[[provider]]",
        "log.level = \"louder please\"\n[[provider]]",
        "FILE, line 4, log.level: this is no log level; use error, warn, info, debug or trace",
    ),
    (
        "template = \"github-oauth-app\"",
        "template = \"gitlab\"",
        "FILE, line 4, provider github, template: there is no such template; use one of atlassian, dropbox, generic-oauth2, generic-oidc, github-app, github-oauth-app, google, microsoft-entra, slack",
    ),
    (
        "id = \"github\"",
        "id = \"GitHub\"",
        "FILE, line 4, provider.id: a provider id is 1 to 64 of the characters a-z 0-9 -, and begins with a letter; choose such a name",
    ),
    (
        "client_secret = \"def\"",
        "client_secret = \"def\"\nclient_secret_file = \"x\"",
        "FILE, line 4, provider github, client_secret: client_secret and client_secret_file are both set; keep one of them",
    ),
    (
        "client_secret = \"def\"",
        "client_secret_file = \"not-there\"",
        "FILE, line 4, provider github, client_secret_file: /etc/v/not-there cannot be read (entity not found); name a file that this user may read",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "secret = \"short\"",
        "FILE, line 10, client agent: a client secret needs at least 32 characters; `openssl rand -hex 32` makes a good one; change the client's lines",
    ),
    (
        "secret = \"0123456789abcdef0123456789abcdef\"",
        "",
        "FILE, line 10, client agent: a client that uses client_secret_basic needs a secret of at least 32 characters, or auth_method = \"none\"; change the client's lines",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "grant_types = [\"password\"]",
        "FILE, line 10, client agent, grant_types: there is no such grant type; use authorization_code or urn:ietf:params:oauth:grant-type:token-exchange",
    ),
    (
        "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
        "",
        "FILE, line 10: missing field `grant_types`",
    ),
    (
        "provider = \"github\"",
        "provider = \"gitlab\"",
        "FILE, line 14, client agent, ceiling.provider: there is no provider `gitlab`; name the id of a [[provider]]",
    ),
    (
        "scope = \"repo\"",
        "scope = \"\"",
        "FILE, line 14, client agent, ceiling.scope: it is empty; name the scopes, or \"*\" for everything",
    ),
    (
        "scope = \"repo\"",
        "scope = \"repo\"\ntrusted = \"*\"",
        "FILE, line 10, client agent: the trusted scope for github is wider than the ceiling; change the client's lines",
    ),
    (
        "scope = \"repo\"",
        "scope = \"repo\"\n[[client]]\nid = \"agent\"\ngrant_types = []",
        "FILE, line 17, client agent, id: there are two of this id; rename or remove one",
    ),
    (
        "password = \"correct horse\"",
        "",
        "FILE, line 18, user ada, password: this user could never sign in; set password, password_file or password_hash",
    ),
    (
        "password = \"correct horse\"",
        "password = \"short\"",
        "FILE, line 18, user ada, password: it is shorter than 8 characters; choose a longer one",
    ),
    (
        "password = \"correct horse\"",
        "password_hash = \"5f4dcc3b\"",
        "FILE, line 18, user ada, password_hash: this is no argon2id PHC string; make one with `argon2 -id -e`, or set password_file",
    ),
];
