//! Commands that we tell people to run: each is one that there is.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;

use super::Arguments;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file with one of these endings below a folder.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        if path.is_dir() {
            files(&path, endings, found);
        } else if endings.contains(&ending) {
            found.push(path);
        }
    }
}

/// What stands between backticks and begins with the program's name. A string that goes on in the next line of a source
/// goes on here.
fn told(text: &str) -> Vec<String> {
    let joined = text.split("\\\n").map(str::trim_start);
    let joined = joined.collect::<String>();
    let behind = joined.split("`vouchsafe ").skip(1);
    let commands = behind.filter_map(|rest| rest.split_once('`').map(|(command, _)| command));
    commands
        .filter(|command| !command.contains('\n'))
        .map(str::to_owned)
        .collect()
}

/// The command with something in the place of each `{placeholder}`; `None` where not even its name is said.
fn filled(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for word in command.split_whitespace().filter(|word| *word != "…") {
        if word.contains(['{', '}']) {
            if words.is_empty() {
                return None;
            }
            words.push("x".to_owned());
        } else {
            words.push(word.to_owned());
        }
    }
    // Several at once: `config check|show`.
    (!command.contains('|')).then_some(words)
}

#[test]
fn every_command_that_we_tell_of_is_one() {
    let mut sources = Vec::new();
    for folder in fs::read_dir(repository().join("crates")).unwrap() {
        files(&folder.unwrap().path().join("src"), &["rs"], &mut sources);
    }
    files(&repository().join("docs"), &["md"], &mut sources);
    files(
        &repository().join("examples/quickstart"),
        &["md", "toml"],
        &mut sources,
    );
    sources.push(repository().join("README.md"));
    let (mut tried, mut wrong) = (0, Vec::new());
    for path in sources {
        let commands = told(&fs::read_to_string(&path).unwrap());
        for words in commands.iter().filter_map(|command| filled(command)) {
            tried += 1;
            let program = ["vouchsafe".to_owned()].into_iter();
            let parsed = Arguments::try_parse_from(program.chain(words.iter().cloned()));
            // A command may be told of without what it is about.
            let known = parsed.err().is_none_or(|error| {
                matches!(
                    error.kind(),
                    ErrorKind::MissingRequiredArgument
                        | ErrorKind::MissingSubcommand
                        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                        | ErrorKind::DisplayHelp
                        | ErrorKind::DisplayVersion
                )
            });
            if !known {
                wrong.push(format!("{}: vouchsafe {}", path.display(), words.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "there are no such commands: {wrong:#?}");
    assert!(tried > 100, "only {tried} commands were found");
}
