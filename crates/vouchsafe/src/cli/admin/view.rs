//! Answers as people read them.

use super::answer::{Answer, Json};
use crate::cli::Failure;
use crate::cli::printable::Printable;
use crate::cli::record_line::line_of;

/// How the answer of an operation is shown.
#[derive(Debug)]
pub(super) enum View {
    /// `items`, one a line, with these members in columns.
    Columns(&'static [&'static str]),
    /// `records`, one a line.
    Records,
    /// Every member, as `name: value`.
    Members,
    /// The members of this member, and then what else there is: a secret that is shown once.
    Created {
        inside: &'static str,
        once: &'static str,
    },
    /// This member alone, for scripts.
    Alone(&'static str),
    /// There is no body: this sentence.
    Sentence(String),
}

impl View {
    /// The lines. Nothing in them drives a terminal.
    pub(super) fn lines(&self, answers: &[Answer]) -> Result<Vec<String>, Failure> {
        let objects = || answers.iter().map(Answer::json);
        Ok(match self {
            Self::Columns(names) => {
                let items = objects()
                    .filter_map(|page| page.get("items"))
                    .flat_map(Json::items);
                columns(names, items)
            }
            Self::Records => {
                let records = objects().filter_map(|page| page.get("records"));
                records.flat_map(Json::items).map(record).collect()
            }
            Self::Members => objects().flat_map(|object| members("", object)).collect(),
            Self::Created { inside, .. } => objects().flat_map(|object| created(inside, object)).collect(),
            Self::Alone(name) => {
                let found = answers.iter().filter_map(|answer| answer.member(name));
                let lines: Vec<String> = found.map(|text| Printable(&text).to_string()).collect();
                if lines.is_empty() {
                    return Err(Failure::new(format!("there is no {name} in the server's answer")));
                }
                lines
            }
            Self::Sentence(sentence) => vec![sentence.clone()],
        })
    }

    /// The member that nobody is shown again.
    pub(super) const fn shown_once(&self) -> Option<&'static str> {
        match self {
            Self::Created { once, .. } => Some(once),
            _ => None,
        }
    }
}

fn columns<'a>(names: &[&str], items: impl Iterator<Item = &'a Json>) -> Vec<String> {
    let header = names.iter().map(|name| name.to_uppercase()).collect();
    let mut rows: Vec<Vec<String>> = vec![header];
    rows.extend(items.map(|item| names.iter().map(|name| cell(item.get(name))).collect()));
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// A dash where there is nothing: so every line has as many columns.
fn cell(value: Option<&Json>) -> String {
    match value.map(text).unwrap_or_default() {
        empty if empty.is_empty() => "-".to_owned(),
        text => text,
    }
}

fn members(prefix: &str, object: &Json) -> Vec<String> {
    let Json::Object(members_here) = object else {
        return Vec::new();
    };
    let lines = members_here.iter().flat_map(|(name, value)| {
        let name = format!("{prefix}{}", Printable(name));
        match value {
            Json::Object(_) => members(&format!("{name}."), value),
            Json::List(items) if !items.is_empty() => items
                .iter()
                .map(|item| format!("{name}: {}", text(item)))
                .collect(),
            value => vec![format!("{name}: {}", cell(Some(value)))],
        }
    });
    lines.collect()
}

fn created(inside: &str, object: &Json) -> Vec<String> {
    let Json::Object(all) = object else {
        return Vec::new();
    };
    let mut lines = object
        .get(inside)
        .map(|made| members("", made))
        .unwrap_or_default();
    let rest = all.iter().filter(|(name, _)| name != inside).cloned();
    lines.extend(members("", &Json::Object(rest.collect())));
    lines
}

fn record(record: &Json) -> String {
    let number = |name: &str| match record.get(name) {
        Some(Json::Number(number)) => number.as_i64().unwrap_or_default(),
        _ => 0,
    };
    let text = |name: &str| match record.get(name) {
        Some(Json::Text(text)) => text.as_str(),
        _ => "",
    };
    line_of(
        (number("seq"), number("time")),
        text("event"),
        text("body").as_bytes(),
    )
}

/// A value in one line: a list as its items, an object as its members that say something.
fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.to_string(),
        Json::Text(text) => Printable(text).to_string(),
        Json::List(items) => joined(items.iter().map(text), " "),
        Json::Object(members) => {
            let said = members
                .iter()
                .map(|(name, value)| format!("{}={}", Printable(name), text(value)));
            joined(said, ", ")
        }
    }
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(view: &View, body: &str) -> String {
        let answer = Answer::read(body.as_bytes().to_vec()).unwrap();
        view.lines(&[answer]).unwrap().join("\n")
    }

    #[test]
    fn columns_are_as_wide_as_what_is_shown_and_never_empty() {
        let body = r#"{"items":[{"id":"a","label":"x\u001b[2J"},{"id":"bcd","label":null},{"id":"é"}],"next_cursor":"x"}"#;
        let shown = lines(&View::Columns(&["label", "id"]), body);
        assert_eq!(
            shown,
            "LABEL       ID\nx\\u{1b}[2J  a\n-           bcd\n-           é"
        );
        assert_eq!(lines(&View::Columns(&["id"]), r#"{"items":[]}"#), "ID");
    }

    #[test]
    fn members_stand_in_the_order_of_the_server_one_a_line() {
        let body = r#"{"z":"one","a":true,"uris":["u","v"],"none":[],"scope":"",
            "ceilings":[{"provider":"p","scope":"a b","allow_unbounded_raw":false}],"inner":{"until":null,"left":2}}"#;
        assert_eq!(
            lines(&View::Members, body),
            "z: one\na: true\nuris: u\nuris: v\nnone: -\nscope: -\n\
             ceilings: provider=p, scope=a b, allow_unbounded_raw=false\ninner.until: -\ninner.left: 2"
        );
    }

    #[test]
    fn no_value_begins_a_line_of_its_own() {
        let body = r#"{"name":"x\nstatus: active","items":[{"y\r":"\u202e"}]}"#;
        assert_eq!(
            lines(&View::Members, body),
            "name: x\\u{a}status: active\nitems: y\\u{d}=\\u{202e}"
        );
    }

    #[test]
    fn a_secret_comes_last_or_alone() {
        let body = r#"{"client":{"id":"a"},"client_secret":"s"}"#;
        let view = View::Created {
            inside: "client",
            once: "client_secret",
        };
        assert_eq!(lines(&view, body), "id: a\nclient_secret: s");
        assert_eq!(lines(&View::Alone("client_secret"), body), "s");
    }
}
