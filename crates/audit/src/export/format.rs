//! Entries as other systems take them: ours, or OCSF.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use vouchsafe_store::RecordRow;

use super::ocsf;
use crate::event::Details;
use crate::time_text::rfc3339;
use crate::{escape, hex};

/// How an entry is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The body as it is hashed, with its place and its hash.
    #[default]
    Record,
    /// The Open Cybersecurity Schema Framework, for what reads the events of many products.
    Ocsf,
}

/// Whether what names persons goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Persons {
    /// Pseudonyms alone: what has left cannot be erased any more.
    #[default]
    Pseudonyms,
    /// With subject, account, address and user agent, where they have not been erased.
    Named,
}

/// An entry on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its place.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// Milliseconds since 1970.
    pub time: i64,
    /// The kind of the event.
    pub event: String,
    /// JSON of one line. Nothing in it drives a terminal.
    pub json: String,
}

impl Outgoing {
    /// Writes a row.
    pub fn of(row: &RecordRow, format: Format, persons: Persons) -> Self {
        let json = match format {
            Format::Record => record(row, persons),
            Format::Ocsf => ocsf::event(row, persons).to_string(),
        };
        Self {
            seq: row.seq,
            id: row.id.to_string(),
            time: row.time.0,
            event: row.event.clone(),
            json: escape::json(&json).into_owned(),
        }
    }
}

#[derive(serde::Serialize)]
struct Record<'a> {
    seq: i64,
    id: &'a str,
    time: String,
    event: &'a str,
    body: Body<'a>,
    leaf: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Map<String, Value>>,
}

/// The exact bytes, so that whoever undoes the escapes can make the leaf of them. Where somebody put something else in
/// their place it arrives as text, and `audit verify` says more.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Exact(&'a RawValue),
    Text(String),
}

fn record(row: &RecordRow, persons: Persons) -> String {
    let record = Record {
        seq: row.seq,
        id: row.id.as_str(),
        time: rfc3339(row.time.0),
        event: &row.event,
        body: body(&row.body),
        leaf: hex::encode(&row.leaf),
        details: details(row, persons),
    };
    serde_json::to_string(&record).expect("texts, numbers and JSON serialise")
}

fn body(bytes: &[u8]) -> Body<'_> {
    // We never write white space that could end a line.
    let ours = bytes.first() == Some(&b'{') && !bytes.iter().any(u8::is_ascii_control);
    match serde_json::from_slice(bytes) {
        Ok(exact) if ours => Body::Exact(exact),
        _ => Body::Text(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// What names persons, if it may leave and is there.
pub(super) fn details(row: &RecordRow, persons: Persons) -> Option<Map<String, Value>> {
    let details = row.details.as_deref().filter(|_| persons == Persons::Named)?;
    // Read as what it has to be: nothing else that stands there leaves.
    let details: Details = serde_json::from_str(details).ok()?;
    match serde_json::to_value(details) {
        Ok(Value::Object(details)) if !details.is_empty() => Some(details),
        _ => None,
    }
}

#[cfg(test)]
pub(in crate::export) mod tests {
    use vouchsafe_model::{Ids, OsEntropy, UnixMillis};

    use super::*;
    use crate::body::leaf;

    pub(in crate::export) fn row(event: &str, facts: &str, details: Option<&str>) -> RecordRow {
        let clock = vouchsafe_model::FixedClock::at(UnixMillis(1_795_305_600_123));
        let ids = Ids::new(std::sync::Arc::new(clock), std::sync::Arc::new(OsEntropy));
        let id = ids.next();
        let body = format!(
            r#"{{"v":1,"instance":"ins_01m8213x4kebmb6hxavcctz4hz","seq":7,"id":"{id}","time":1795305600123,"event":"{event}","change_seq":3,"user":"psd_7","facts":{facts}}}"#
        );
        RecordRow {
            seq: 7,
            id,
            time: UnixMillis(1_795_305_600_123),
            event: event.to_owned(),
            leaf: leaf(body.as_bytes()),
            body: body.into_bytes(),
            salt: None,
            details: details.map(str::to_owned),
            chain: [0; 32],
            change_seq: 3,
            signature: None,
            key_id: None,
        }
    }

    #[test]
    fn the_body_arrives_byte_for_byte_and_makes_the_leaf() {
        let row = row(
            "exchange.refused",
            r#"{"audience":["a\u001b\"\\ \u{202e}é\u{e0041}"]}"#,
            None,
        );
        let row = RecordRow {
            body: String::from_utf8(row.body)
                .unwrap()
                .replace("\\u{202e}", "\u{202e}")
                .replace("\\u{e0041}", "\u{e0041}")
                .into_bytes(),
            ..row
        };
        let row = RecordRow {
            leaf: leaf(&row.body),
            ..row
        };
        let out = Outgoing::of(&row, Format::Record, Persons::Named);
        assert!(!out.json.contains(escape::drives), "{}", out.json);
        // What a reader does: parse, write without spaces and without escapes, hash.
        let parsed: Record2<'_> = serde_json::from_str(&out.json).unwrap();
        let plain = unescaped(parsed.body.get());
        assert_eq!(plain.as_bytes(), row.body);
        assert_eq!(hex::encode(&leaf(plain.as_bytes())), parsed.leaf);
    }

    #[derive(serde::Deserialize)]
    struct Record2<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
        leaf: String,
    }

    /// Writes every escape that we added as its character: those of controls below U+0020 are JSON's own.
    fn unescaped(json: &str) -> String {
        let mut plain = String::new();
        let mut rest = json;
        while let Some(at) = rest.find('\\') {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            let unit = |text: &str| u16::from_str_radix(text.get(2..6)?, 16).ok();
            let (length, character) = match unit(rest) {
                Some(first) if rest.starts_with("\\u") && first >= 0x20 => {
                    if let Some(character) = char::from_u32(first.into()) {
                        (6, Some(character))
                    } else {
                        let pair = [first, unit(&rest[6..]).unwrap()];
                        (12, char::decode_utf16(pair).next().unwrap().ok())
                    }
                }
                _ => (2, None),
            };
            match character {
                Some(character) => plain.push(character),
                None => plain.push_str(&rest[..length]),
            }
            rest = &rest[length..];
        }
        plain + rest
    }

    #[test]
    fn nobody_is_named_unless_that_is_wanted() {
        let details = r#"{"subject":"ada","address":"192.0.2.1","user_agent":"x\u001b[2J\u009b"}"#;
        let row = row("session.started", "{}", Some(details));
        let without = Outgoing::of(&row, Format::Record, Persons::Pseudonyms).json;
        assert!(
            !without.contains("ada") && !without.contains("192.0.2.1"),
            "{without}"
        );
        let with = Outgoing::of(&row, Format::Record, Persons::Named).json;
        assert!(
            with.contains(r#""details":{"#) && with.contains(r"\u001b[2J\u009b"),
            "{with}"
        );
        // Erased, or something else in the place of it.
        for details in [None, Some("{}"), Some("[1]"), Some("nothing")] {
            let row = RecordRow {
                details: details.map(str::to_owned),
                ..row.clone()
            };
            assert_eq!(Outgoing::of(&row, Format::Record, Persons::Named).json, without);
        }
    }

    #[test]
    fn a_body_that_was_put_there_by_somebody_else_stops_nothing_and_stays_in_its_line() {
        for bytes in [&b"{\"a\":\n1}"[..], b"nothing", b"\xff\x00", b"", b"[1]"] {
            let row = RecordRow {
                body: bytes.to_vec(),
                ..row("session.started", "{}", None)
            };
            for format in [Format::Record, Format::Ocsf] {
                let json = Outgoing::of(&row, format, Persons::Named).json;
                assert!(!json.contains(escape::drives), "{json}");
                serde_json::from_str::<Value>(&json).unwrap();
            }
        }
    }
}
