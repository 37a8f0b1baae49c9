//! The record as a table that fits on a screen: place, time, event, who, what.

use serde_json::Value;
use vouchsafe_store::RecordRow;

use super::story::shortened;
use crate::cli::utc;

pub(super) fn lines(records: &[RecordRow]) -> impl Iterator<Item = String> {
    let head = format!(
        "      {:>3}  {:<8}  {:<28} {:<15} {}",
        "seq", "time UTC", "event", "who", "what"
    );
    std::iter::once(head).chain(records.iter().map(line))
}

fn line(row: &RecordRow) -> String {
    let body: Value = serde_json::from_slice(&row.body).unwrap_or_default();
    let facts = &body["facts"];
    let time = utc(row.time.0);
    let line = format!(
        "      {:>3}  {:<8}  {:<28} {:<15} {}",
        row.seq,
        time.get(11..19).unwrap_or_default(),
        row.event,
        who(facts, &row.event),
        what(facts)
    );
    line.trim_end().to_owned()
}

/// Whoever acted, as far as the record says.
fn who(facts: &Value, event: &str) -> String {
    let decided_by_a_person = [
        "authorization.granted",
        "delegation.granted",
        "interaction.decided",
        "connect.started",
    ];
    if event.starts_with("session.") || decided_by_a_person.contains(&event) {
        return "the user".to_owned();
    }
    if facts["admin_key_id"].is_string() && event != "admin_key.created" {
        return "an operator".to_owned();
    }
    let by_an_agent = [
        "token.issued",
        "token.exchanged",
        "exchange.refused",
        "interaction.requested",
    ];
    match facts["client_id"].as_str() {
        Some(client) if by_an_agent.contains(&event) => client.to_owned(),
        _ => "vouchsafe".to_owned(),
    }
}

/// The facts that tell the story, ids by their ends.
fn what(facts: &Value) -> String {
    let shown = WHAT.iter().filter_map(|(fact, name)| {
        let value = match &facts[*fact] {
            Value::String(text) if text.is_empty() => return None,
            Value::String(text) if fact.ends_with("_id") && text.contains('_') => shortened(text),
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(if name.is_empty() {
            value
        } else {
            format!("{name} {value}")
        })
    });
    shown.collect::<Vec<_>>().join(", ")
}

const WHAT: &[(&str, &str)] = &[
    ("provider_id", ""),
    ("connection_id", ""),
    ("reason", ""),
    ("decision", ""),
    ("state", ""),
    ("granted_scope", "scope"),
    ("scope", "scope"),
    ("expires_in", "seconds"),
];
