//! Which requirement is claimed by which test of this repository: the text of `README.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::requirements::{Requirement, Requirements};

/// A test that claims requirements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    file: String,
    name: String,
}

/// Claims by the requirement's place in the list.
type Claims = BTreeMap<usize, Vec<Claim>>;

/// The text of `README.md` for the sources below `root`.
pub fn readme(root: &Path) -> io::Result<String> {
    let requirements = Requirements::shipped();
    let claims = claims(root, &requirements)?;
    let mut text = INTRODUCTION.to_owned();
    text += &table(&requirements, &claims);
    text += &unclaimed(&requirements, &claims);
    Ok(text)
}

/// Where `README.md` lies.
pub fn readme_path(root: &Path) -> PathBuf {
    root.join("conformance/README.md")
}

/// The root of the repository that this program was built from.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

fn claims(root: &Path, requirements: &Requirements) -> io::Result<Claims> {
    let mut claims = Claims::new();
    for (file, text) in sources(root)? {
        for name in functions(&text) {
            let unknown = |id| {
                io::Error::other(format!(
                    "{name} in {file} claims {id}, which requirements.tsv lacks"
                ))
            };
            for id in requirements.claimed_by(name).map_err(unknown)? {
                let place = requirements.position(id).unwrap_or_default();
                let (file, name) = (file.clone(), name.to_owned());
                claims.entry(place).or_default().push(Claim { file, name });
            }
        }
    }
    for claims in claims.values_mut() {
        claims.sort();
        claims.dedup();
    }
    Ok(claims)
}

/// Every Rust source below `crates` and `conformance`: path from the root, text.
fn sources(root: &Path) -> io::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut folders = vec![root.join("crates"), root.join("conformance")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
                found.push((name.replace('\\', "/"), fs::read_to_string(&path)?));
            }
        }
    }
    Ok(found)
}

/// The names of all functions in a source.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (before, rest) = line.split_once("fn ")?;
        let declares = before
            .split_whitespace()
            .all(|word| matches!(word, "async" | "const") || word.starts_with("pub"));
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        declares.then_some(&rest[..end])
    })
}

fn table(requirements: &Requirements, claims: &Claims) -> String {
    let mut text = format!(
        "## Claimed\n\n{} requirements, by {} tests and checks.\n\n| id | what | tests | files |\n| --- | --- | --- | --- |\n",
        claims.len(),
        claims
            .values()
            .flatten()
            .collect::<std::collections::BTreeSet<&Claim>>()
            .len(),
    );
    for (place, claims) in claims {
        let requirement = requirements.all()[*place];
        let joined = |cell: fn(&Claim) -> String| claims.iter().map(cell).collect::<Vec<_>>().join("<br>");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            requirement.id,
            requirement.title,
            joined(|claim| format!("`{}`", claim.name)),
            joined(|claim| format!("[{}](../{})", claim.file, claim.file)),
        );
    }
    text
}

fn unclaimed(requirements: &Requirements, claims: &Claims) -> String {
    let mut text = UNCLAIMED.to_owned();
    let open = requirements
        .all()
        .iter()
        .enumerate()
        .filter(|(place, requirement)| is_promised(requirement) && !claims.contains_key(place));
    let mut none = true;
    for (_, requirement) in open {
        none = false;
        let _ = writeln!(text, "- **{}** {}", requirement.id, requirement.title);
    }
    if none {
        text += "None.\n";
    }
    text
}

/// The core of what the vault exchange promises.
fn is_promised(requirement: &Requirement) -> bool {
    let (prefix, number) = requirement.id.split_once('-').unwrap_or_default();
    let section = matches!(prefix, "TE" | "TV" | "UP" | "CL" | "VA");
    requirement.priority == "P0" && (section || (prefix == "AR" && PROMISED_RULES.contains(&number)))
}

const PROMISED_RULES: &[&str] = &["01", "03", "04", "05", "06", "08", "10", "11", "12", "17", "19"];

const INTRODUCTION: &str = "\
# Conformance

<!-- Made by `cargo run -p vouchsafe-conformance -- --write-table`; a test fails when it is stale. -->

What the server promises is a list of requirements, `requirements.tsv`: id, priority, title. The id is a prefix, the
section of the specification, and a number: `TE-2.1-11` belongs to RFC 8693 section 2.1. Prefixes of the table below:
TE, TV token exchange (RFC 8693) and the vault's own rules; TOK, AZ, RT, CC OAuth 2.0 and 2.1; BT RFC 6750; PK RFC 7636;
ISS RFC 9207; MD, OD, OC metadata and OpenID; AT RFC 9068; JB RFC 8725; BCP RFC 9700; UP towards providers; CL connecting;
VA storage; AR and ATK rules and attacks from reviews. A test that proves a requirement carries its id in its name.

## Asking a running server

```sh
cargo run -p vouchsafe-conformance -- --issuer https://vouchsafe.example --fixture fixture.toml
```

prints one line per requirement that can be seen from outside: `pass`, `FAIL` with what was seen, or `not checked` with
what the fixture does not name. The status is 0 when nothing failed. The server may be any; it is found by its metadata
document. Without a fixture only what needs no client is asked. The run signs the user in, consents, and exchanges
tokens: use a user and clients made for it. A fixture:

```toml
[[clients]]                      # the first one that may exchange is the agent
id = \"agent\"
secret = \"…\"
method = \"client_secret_basic\"   # or client_secret_post, or none for a public client, which has no secret
redirect_uri = \"https://agent.example/callback\"
scope = \"exchange\"               # what to ask for at the authorization endpoint
exchange = true                  # false (the default): registered without the token exchange grant

[user]
username = \"ada\"
password = \"…\"

[exchange]
audience = \"some-provider\"
resource = \"https://api.provider.example\"   # the same target as a URI; optional
forbidden = \"another-provider\"             # known to the server, not allowed to the agent; optional
connected = true                           # the user has connected it and lets the agent use it

[api]                                      # an API of the server's own with bearer tokens; optional
url = \"https://vouchsafe.example/admin/v1/records\"
bearer = \"…\"
```

";

const UNCLAIMED: &str = "
## Not claimed yet

Core requirements (P0) of token exchange, providers, connecting and storage, and of the reviews' rules AR-01, 03-06, 08,
10-12, 17 and 19, that no test's name carries.

";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_their_declaration() {
        let text = "async fn a__b(x: u8) {}\n    pub(crate) fn c() {}\n// calls fn d()\nfn e<T>() {}\n";
        assert_eq!(functions(text).collect::<Vec<_>>(), ["a__b", "c", "e"]);
    }
}
