//! A record as one line for people.

use serde::Deserialize;
use serde_json::{Map, Value};
pub(crate) use vouchsafe_audit::time_text::utc;
use vouchsafe_store::RecordRow;

use super::printable::Printable;

/// Seq, time (UTC), event, and the facts that say who and what.
pub fn record_line(row: &RecordRow) -> String {
    line_of((row.seq, row.time.0), &row.event, &row.body)
}

/// The same, of the parts of a record.
pub(super) fn line_of((seq, millis): (i64, i64), event: &str, body: &[u8]) -> String {
    let body: Option<Shown> = serde_json::from_slice(body).ok();
    let facts = body.map(|body| body.facts).unwrap_or_default();
    let mut line = format!("{seq:>5}  {}  {:<28}", utc(millis), event);
    for (name, value) in facts.iter().filter(|(name, _)| !NOISE.contains(&name.as_str())) {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => continue,
            other => other.to_string(),
        };
        line.push(' ');
        line.push_str(name);
        line.push('=');
        line.push_str(&value);
    }
    Printable(&line).to_string()
}

#[derive(Deserialize)]
struct Shown {
    facts: Map<String, Value>,
}

/// Facts that only make the line long.
const NOISE: &[&str] = &[
    "request_id",
    "expires_at",
    "client_auth_method",
    "subject_jti",
    "managed_by",
    "resource",
];
