//! A record as one line for people.

use serde::Deserialize;
use serde_json::{Map, Value};
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

/// `2026-11-22T10:00:00Z`, by the civil calendar (days from 1 March, so that leap days end a year).
pub(crate) fn utc(millis: i64) -> String {
    let seconds = millis.div_euclid(1_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_written_in_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_827_696_789), "2000-02-29T12:34:56Z");
        assert_eq!(utc(1_795_305_600_000), "2026-11-22T00:00:00Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59Z");
    }
}
