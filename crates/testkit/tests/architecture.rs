//! The house rules that the compiler does not enforce: who may import whom, one HTTP client, where secrets are exposed,
//! how long files may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Data flows down this list and never back up: a crate may import only crates that stand before it.
const ORDER: &[&str] = &[
    "oauth-types",
    "model",
    "vault",
    "store",
    "audit",
    "identity-provider",
    "sign-in",
    "token-exchange",
    "server",
    "fake-upstream",
    "vouchsafe",
    "testkit",
];

/// What a crate must never import, whatever stands in the list.
const NEVER: &[(&str, &[&str])] = &[
    ("oauth-types", &["tokio", "actix-web", "diesel", "reqwest"]),
    ("model", &["tokio", "actix-web", "diesel", "reqwest"]),
    // The store must be unable to decrypt, and the vault unable to query.
    ("store", &["vouchsafe-vault", "chacha20poly1305"]),
    ("vault", &["vouchsafe-store", "diesel", "tokio"]),
    ("identity-provider", &["actix-web", "diesel"]),
    ("sign-in", &["actix-web", "diesel", "reqwest"]),
    ("token-exchange", &["actix-web", "diesel", "reqwest"]),
    ("server", &["diesel", "chacha20poly1305", "reqwest"]),
    ("audit", &["actix-web", "diesel", "reqwest"]),
    (
        "fake-upstream",
        &["reqwest", "vouchsafe-model", "vouchsafe-vault", "vouchsafe-store"],
    ),
];

/// Who may have an HTTP client: `Egress`; the commands, which ask the server that the operator names; and the demo, which
/// plays the user's and the agent's programs.
const HTTP_CLIENTS: &[&str] = &[
    "crates/identity-provider/src/egress",
    "crates/vouchsafe/src/cli/admin/http.rs",
    "crates/vouchsafe/src/demo",
    "crates/testkit/",
];

#[test]
fn crates_import_only_what_stands_before_them() {
    for (name, dependencies) in manifests() {
        let Some(place) = ORDER.iter().position(|known| *known == name) else {
            panic!("crate {name} has no place in ORDER: decide where it stands");
        };
        for dependency in dependencies.iter().filter_map(|d| d.strip_prefix("vouchsafe-")) {
            let theirs = ORDER.iter().position(|known| *known == dependency);
            assert!(
                theirs.is_some_and(|theirs| theirs < place),
                "{name} imports {dependency}, which stands after it"
            );
        }
    }
}

#[test]
fn no_crate_imports_what_it_must_not() {
    let manifests = manifests();
    for (name, forbidden) in NEVER {
        for dependency in &manifests[*name] {
            assert!(
                !forbidden.contains(&dependency.as_str()),
                "{name} must not import {dependency}"
            );
        }
    }
}

#[test]
fn there_is_one_outgoing_http_client() {
    for (path, text) in sources() {
        let allowed = HTTP_CLIENTS.iter().any(|allowed| path.starts_with(allowed)) || is_test(&path);
        assert!(
            allowed || !text.contains("reqwest::"),
            "{path} uses reqwest: outgoing calls go through Egress"
        );
    }
}

#[test]
fn only_the_binary_reads_files_environment_and_arguments() {
    for (path, text) in sources() {
        if path.starts_with("crates/vouchsafe/") || path.starts_with("crates/testkit/") || is_test(&path) {
            continue;
        }
        // The fake upstream is a program of its own; the store makes its own database file.
        if path.starts_with("crates/fake-upstream/") || path.starts_with("crates/store/src/") {
            continue;
        }
        for ambient in ["std::env::", "std::fs::", "File::open", "SystemTime::now"] {
            assert!(
                !code(&text).contains(ambient),
                "{path} uses {ambient}: pass it in from the binary"
            );
        }
    }
}

#[test]
fn every_place_that_exposes_a_secret_is_known() {
    let allowed = include_str!("exposing_files.txt");
    let allowed: BTreeSet<&str> = allowed
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .collect();
    let found: BTreeSet<String> = sources()
        .into_iter()
        .filter(|(path, text)| !is_test(path) && code(text).contains(".expose()"))
        .map(|(path, _)| path)
        .collect();
    for path in &found {
        assert!(
            allowed.contains(path.as_str()),
            "{path} calls expose(): make sure that the secret cannot leak there, then add it to exposing_files.txt"
        );
    }
    for path in allowed {
        assert!(
            found.contains(path),
            "{path} exposes nothing any more: remove it from exposing_files.txt"
        );
    }
}

#[test]
fn files_stay_small() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 600, "{path} has {lines} lines: split it by concept");
    }
}

#[test]
fn every_crate_takes_the_shared_lints() {
    for manifest in manifest_paths() {
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(
            text.contains("[lints]\nworkspace = true"),
            "{} does not take the shared lints",
            manifest.display()
        );
    }
}

/// Crate name -> names of its dependencies, without those for tests.
fn manifests() -> BTreeMap<String, BTreeSet<String>> {
    manifest_paths()
        .into_iter()
        .filter(|path| path.starts_with(root().join("crates")))
        .map(|path| {
            let name = path
                .parent()
                .unwrap()
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let manifest: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
            let dependencies = manifest["dependencies"]
                .as_table()
                .unwrap()
                .keys()
                .cloned()
                .collect();
            (name, dependencies)
        })
        .collect()
}

fn manifest_paths() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("Cargo.toml"))
        .filter(|path| path.exists())
        .collect();
    paths.push(root().join("conformance/Cargo.toml"));
    paths
}

/// Every Rust source: path from the root, text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("crates"), root().join("conformance")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// The part of a file before its unit tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default()
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.starts_with("conformance/")
        || path.starts_with("crates/testkit/")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}
