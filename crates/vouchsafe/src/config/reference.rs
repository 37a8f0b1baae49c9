//! `docs/CONFIGURATION.md`, made from the list of settings.

use std::fmt::Write as _;

use super::environment::variable_of;
use super::setting::{Kind, Need, Section, Setting};
use super::settings::{FILE, sections};

/// Every table and key, with type, default, variable, meaning and example.
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in sections() {
        let _ = write!(text, "\n## {}\n\n{}\n", heading(section), section.meaning);
        let rows: Vec<&Setting> = section
            .settings
            .iter()
            .filter(|setting| !matches!(setting.kind, Kind::Table(_) | Kind::Tables(_)))
            .collect();
        text += "\n| key | type | without it | environment | meaning | example |\n| --- | --- | --- | --- | --- | --- |\n";
        for setting in rows {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} | {} |",
                setting.key,
                kind(setting.kind),
                need(setting.need),
                variable_of(section, setting).map_or_else(|| "–".to_owned(), |name| code(&name)),
                cell(setting.meaning),
                code(setting.example),
            );
        }
    }
    text
}

fn heading(section: &Section) -> String {
    let many = sections().iter().any(|outer| {
        let inner =
            |setting: &Setting| matches!(setting.kind, Kind::Tables(inner) if inner.name == section.name);
        outer.settings.iter().any(inner)
    });
    match (section.name, many) {
        (name, _) if name == FILE.name => "At the top".to_owned(),
        (name, true) => format!("`[[{name}]]`"),
        (name, false) => format!("`[{name}]`"),
    }
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::OneOf(words) => words.iter().map(|word| code(word)).collect::<Vec<_>>().join(", "),
        Kind::Number(least, most) => format!("{}, {least} to {most}", kind.name()),
        Kind::Duration(least, most) => {
            let [least, most] = [least, most].map(humantime::format_duration);
            format!("{}, {least} to {most}", kind.name())
        }
        kind => kind.name().to_owned(),
    }
}

fn need(need: Need) -> String {
    match need {
        Need::Required => "**required**".to_owned(),
        Need::Default(value) => code(value),
        Need::Optional("") => "–".to_owned(),
        Need::Optional(words) => cell(words),
    }
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

/// Nothing ends a cell early.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Made by `cargo run -- config reference > docs/CONFIGURATION.md`; a test fails when it is stale. -->

One file, `vouchsafe.toml`, in [TOML](https://toml.io). `vouchsafe init` writes one with comments; `--config FILE` or
`VOUCHSAFE_CONFIG` names another. Changes take effect at the next start.

- **Paths** that are relative begin in the folder of the file, also those of the environment.
- **The environment** wins over the file: `VOUCHSAFE__SECTION__KEY`, with two underscores between. Only settings that
  stand once and hold a single value have a variable. A variable that begins with `VOUCHSAFE__` and is not in this list
  is refused, and so is one of the list with an underscore too few.
- **Secrets** need not stand in the file: each has a key that ends in `_file` and names a file that holds it alone. Line
  ends at its end are no part of it. Setting the variable of one of the two puts the other one of the file aside.
- **Mistakes** are refused before anything is touched, in one sentence: file, line (or variable), key, what is wrong,
  what to do. `vouchsafe config check` says it without starting anything; `vouchsafe config show` prints what is in
  force, without secrets; `vouchsafe doctor` looks at everything around it.
- **What a line made goes with the line**: a provider, client or user of the file is read-only in the admin API, and is
  disabled at the next start after its lines are gone.
";
