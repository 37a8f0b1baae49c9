//! Which requirement is claimed by which test of this repository: the text of `README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::requirements::{Requirement, Requirements};
use crate::{later, sections};

/// A test that claims requirements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    file: String,
    name: String,
}

impl Claim {
    /// Whether it is a check that any server is asked.
    fn is_asked(&self) -> bool {
        self.file.starts_with("conformance/src/checks/")
    }
}

/// Claims by the requirement's place in the list.
type Claims = BTreeMap<usize, Vec<Claim>>;

/// The text of `README.md` for the sources below `root`.
pub fn readme(root: &Path) -> io::Result<String> {
    let requirements = Requirements::shipped();
    let claims = claims(root, &requirements)?;
    let mut text = INTRODUCTION.to_owned();
    text += &summary(&requirements, &claims);
    text += &tables(&requirements, &claims);
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

fn summary(requirements: &Requirements, claims: &Claims) -> String {
    let mut text = "## Where it stands\n\n| priority | requirements | claimed | asked of any server |\n| --- | --- | --- | --- |\n".to_owned();
    for priority in ["P0", "P1", "P2"] {
        let of = |at: &usize| requirements.all()[*at].priority == priority;
        let all = (0..requirements.all().len()).filter(of).count();
        let claimed = claims.keys().filter(|at| of(at)).count();
        let asked = claims
            .iter()
            .filter(|(at, claims)| of(at) && claims.iter().any(Claim::is_asked));
        let _ = writeln!(text, "| {priority} | {all} | {claimed} | {} |", asked.count());
    }
    let tests = claims.values().flatten().collect::<BTreeSet<&Claim>>().len();
    let _ = writeln!(
        text,
        "\n{} of {} requirements are claimed, by {tests} tests and checks.",
        claims.len(),
        requirements.all().len()
    );
    text
}

/// One table for each prefix.
fn tables(requirements: &Requirements, claims: &Claims) -> String {
    let mut text = String::new();
    let mut last = "";
    for (place, requirement) in requirements.all().iter().enumerate() {
        let prefix = requirement.id.split('-').next().unwrap_or_default();
        if prefix != last {
            let title = sections::title(prefix);
            let _ = write!(
                text,
                "\n## {prefix}: {title}\n\n| id | priority | what | proof |\n| --- | --- | --- | --- |\n"
            );
            last = prefix;
        }
        let proof = claims.get(&place).map_or_else(
            || format!("*not claimed: {}*", later::brings(requirement.id)),
            |claims| proof(claims),
        );
        let Requirement { id, priority, title } = requirement;
        let _ = writeln!(text, "| {id} | {priority} | {title} | {proof} |");
    }
    text
}

/// Each file once, with its tests; the check that any server is asked first.
fn proof(claims: &[Claim]) -> String {
    let mut files: Vec<(bool, &str, Vec<String>)> = Vec::new();
    for claim in claims {
        let name = format!("`{}`", claim.name);
        match files.iter_mut().find(|(_, file, _)| *file == claim.file) {
            Some((_, _, names)) => names.push(name),
            None => files.push((!claim.is_asked(), &claim.file, vec![name])),
        }
    }
    files.sort();
    let line = |(inside, file, names): (bool, &str, Vec<String>)| {
        let asked = if inside { "" } else { "**asked** " };
        format!("{asked}{} ([{}](../{file}))", names.join(", "), short(file))
    };
    files.into_iter().map(line).collect::<Vec<String>>().join("<br>")
}

/// `crates/store/src/tests/flows.rs` -> `store: flows.rs`.
fn short(file: &str) -> String {
    let of = file.strip_prefix("crates/").unwrap_or(file).split('/').next();
    let name = file.rsplit('/').next();
    format!("{}: {}", of.unwrap_or_default(), name.unwrap_or_default())
}

const INTRODUCTION: &str = include_str!("introduction.md");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_names_each_file_once_and_what_is_asked_first() {
        let claim = |file: &str, name: &str| Claim {
            file: file.to_owned(),
            name: name.to_owned(),
        };
        let proof = proof(&[
            claim("conformance/src/checks/pkce.rs", "c"),
            claim("crates/a/src/x.rs", "a"),
            claim("crates/a/src/x.rs", "b"),
        ]);
        assert_eq!(
            proof,
            "**asked** `c` ([conformance: pkce.rs](../conformance/src/checks/pkce.rs))<br>\
             `a`, `b` ([a: x.rs](../crates/a/src/x.rs))"
        );
    }

    #[test]
    fn functions_are_found_by_their_declaration() {
        let text = "async fn a__b(x: u8) {}\n    pub(crate) fn c() {}\n// calls fn d()\nfn e<T>() {}\n";
        assert_eq!(functions(text).collect::<Vec<_>>(), ["a__b", "c", "e"]);
    }
}
