//! Entries as syslog messages (RFC 5424), and their framing.
//!
//! The message is ASCII: JSON writes everything else as `\uXXXX`. So it needs no byte order mark, which many parsers of
//! JSON choke on, and no relay can break it.

use super::format::Outgoing;
use crate::escape;
use crate::time_text::rfc3339;

/// One message, without framing. `hostname`: printable ASCII without spaces, or `-`.
pub fn message(entry: &Outgoing, hostname: &str) -> String {
    let Outgoing {
        seq,
        time,
        event,
        json,
        ..
    } = entry;
    let (priority, time) = (FACILITY * 8 + severity(event), rfc3339(*time));
    // RFC 5424 section 7.3.1: it begins again after 2147483647.
    let sequence = (seq - 1).rem_euclid(i64::from(i32::MAX)) + 1;
    let name: String = event.chars().filter(char::is_ascii_graphic).take(32).collect();
    let name = if name.is_empty() { "-" } else { &name };
    format!(
        "<{priority}>1 {time} {hostname} vouchsafe - {name} [meta sequenceId=\"{sequence}\"] {}",
        escape::ascii_json(json)
    )
}

/// A message for a stream: its length, a space, and itself (RFC 6587 section 3.4.1, RFC 5425 section 4.3).
pub fn framed(message: &str) -> String {
    format!("{} {message}", message.len())
}

/// A host name as the header takes it; `-` where there is none.
pub fn hostname(text: &str) -> String {
    let name: String = text.chars().filter(char::is_ascii_graphic).take(255).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

/// What it is about: informational, notice, warning, critical.
fn severity(event: &str) -> u8 {
    match event {
        "row.tampered" | "record.adopted" => 2,
        event
            if event.ends_with(".failed") || event.ends_with(".refused") || event.ends_with(".replayed") =>
        {
            4
        }
        event
            if event.ends_with(".revoked")
                || event.ends_with(".disabled")
                || event.starts_with("admin_key.") =>
        {
            5
        }
        _ => 6,
    }
}

/// log audit
const FACILITY: u8 = 13;

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(event: &str, json: &str) -> Outgoing {
        Outgoing {
            seq: 2_147_483_648,
            id: "rec_1".to_owned(),
            time: 1_795_305_600_123,
            event: event.to_owned(),
            json: json.to_owned(),
        }
    }

    #[test]
    fn a_message_is_one_line_of_ascii() {
        let entry = entry("exchange.refused", r#"{"a":"é\u202e"}"#);
        assert_eq!(
            message(&entry, "vouchsafe.example.com"),
            "<108>1 2026-11-22T00:00:00.123Z vouchsafe.example.com vouchsafe - exchange.refused \
             [meta sequenceId=\"1\"] {\"a\":\"\\u00e9\\u202e\"}"
        );
        assert_eq!(framed("<1>1 x"), "6 <1>1 x");
    }

    #[test]
    fn no_header_field_is_broken_by_what_stands_in_the_database() {
        for (event, name) in [
            ("a b\n\u{202e}c", "abc"),
            ("\u{0}", "-"),
            (&"x".repeat(99)[..], &"x".repeat(32)[..]),
        ] {
            let message = message(&entry(event, "{}"), "-");
            assert_eq!(message.split(' ').nth(5), Some(name), "{message}");
        }
        assert_eq!(hostname("a b"), "ab");
        assert_eq!(hostname(""), "-");
    }
}
