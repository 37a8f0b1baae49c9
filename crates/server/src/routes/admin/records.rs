//! `GET /records`: the record, in its order.
//!
//! Each entry is as in an export: `body` is the exact text that was hashed, `time` is Unix milliseconds.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use vouchsafe_audit::EventKind;
use vouchsafe_audit::search::{self, Search};
use vouchsafe_model::{AdminScope, KeyId, RecordId};
use vouchsafe_store::RecordRow;

use super::call::{Call, failed, ok};
use super::operation::{Answer, Operation, Parameter, Verb};
use super::wire;
use crate::problem::Problem;
use crate::time_text::parse_rfc3339;

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    needs: Some(AdminScope::Read),
    summary: "Read the record.",
    description: "In its order, oldest first. A filter is looked for in ten thousand entries at most; `next` says where \
                  to go on, also when nothing was found.",
    query: &[
        Parameter {
            name: "after",
            description: "Only entries behind this `seq`; 0 if not said.",
            schema: || seq(0),
        },
        Parameter {
            name: "before",
            description: "Only entries in front of this `seq`.",
            schema: || seq(1),
        },
        Parameter {
            name: "limit",
            description: "How many entries at most; 100 if not said.",
            schema: || integer().minimum(Some(1)).maximum(Some(MOST)).build(),
        },
        Parameter {
            name: "event",
            description: "Only this event, by its name.",
            schema: || wire::words(event_names()).build(),
        },
        Parameter {
            name: "user_id",
            description: "Only what is about this user.",
            schema: wire::user_id,
        },
        Parameter {
            name: "client_id",
            description: "Only what is about this client.",
            schema: wire::client_id,
        },
        Parameter {
            name: "connection_id",
            description: "Only what is about this connection.",
            schema: wire::connection_id,
        },
        Parameter {
            name: "since",
            description: "Only entries that are not before this time.",
            schema: wire::time,
        },
        Parameter {
            name: "until",
            description: "Only entries before this time.",
            schema: wire::time,
        },
    ],
    answer: Answer::ok::<Records>("A page of the record."),
    ..Operation::new(Verb::Get, "/records", "listRecords", |call| Box::pin(list(call)))
}];

/// A page of the record.
#[derive(Serialize, ToSchema)]
struct Records {
    records: Vec<Record>,
    /// The `after` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<i64>,
}

/// An entry of the record, as in an export.
#[derive(Serialize, ToSchema)]
pub(crate) struct Record {
    /// Its place, without gaps, from 1.
    seq: i64,
    #[schema(schema_with = wire::record_id)]
    id: RecordId,
    /// Unix time in milliseconds.
    time: i64,
    /// The name of the event.
    event: String,
    /// `seq` of the last change of authority up to here.
    change_seq: i64,
    /// The exact text that was hashed; JSON.
    body: String,
    /// Salt of the details, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    salt: Option<String>,
    /// What names persons, beside the hashed body; JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    details: Option<String>,
    /// Hash of the body, hexadecimal.
    leaf: String,
    /// Hash of everything up to here, hexadecimal.
    chain: String,
    /// The key that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    key_id: Option<KeyId>,
    /// Signature of the head, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signature: Option<String>,
}

async fn list(call: Call) -> Result<HttpResponse, Problem> {
    let time = "a time as in RFC 3339, like 2026-11-22T09:30:00Z";
    // A name that no event has would find nothing, and look as if nothing had happened.
    let event = |text: &str| event_names().find(|name| *name == text).map(str::to_owned);
    let names = format!("one of {}", event_names().collect::<Vec<_>>().join(", "));
    let search = Search {
        after: call.number("after", 0, i64::MAX)?.unwrap_or(0),
        before: call.number("before", 1, i64::MAX)?,
        since: call.query_as("since", time, parse_rfc3339)?,
        until: call.query_as("until", time, parse_rfc3339)?,
        event: call.query_as("event", &names, event)?,
        user_id: call.query("user_id", "the id of a user")?,
        client_id: call.query("client_id", "the id of a client")?,
        connection_id: call.query("connection_id", "the id of a connection")?,
    };
    let limit = call.number("limit", 1, MOST)?.unwrap_or(USUAL);
    let limit = usize::try_from(limit).unwrap_or_default();
    let store = call.app().recorder.store();
    let found = store.read(move |tx| search::search(tx, &search, limit)).await;
    let found = found.map_err(|error| failed(&error))?;
    Ok(ok(&Records {
        records: found.records.iter().map(record).collect(),
        next: found.next,
    }))
}

fn event_names() -> impl Iterator<Item = &'static str> {
    EventKind::ALL.iter().map(|kind| kind.as_str())
}

fn record(row: &RecordRow) -> Record {
    Record {
        seq: row.seq,
        id: row.id.clone(),
        time: row.time.0,
        event: row.event.clone(),
        change_seq: row.change_seq,
        body: String::from_utf8_lossy(&row.body).into_owned(),
        salt: row.salt.as_deref().map(hex),
        details: row.details.clone(),
        leaf: hex(&row.leaf),
        chain: hex(&row.chain),
        key_id: row.key_id.clone(),
        signature: row.signature.as_deref().map(hex),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn integer() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer)
}

fn seq(from: i64) -> Object {
    // JSON numbers beyond 2^53 are not exact everywhere; records are far fewer.
    integer().minimum(Some(from)).maximum(Some(i64::MAX)).build()
}

const USUAL: i64 = 100;
const MOST: i64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_in_the_document_and_no_other() {
        let document = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ADMIN_API.md"));
        let (_, table) = document
            .split_once("The names for `event`:")
            .expect("it is there");
        let listed: Vec<&str> = table
            .lines()
            .skip_while(|line| !line.starts_with("| `"))
            .map_while(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        assert_eq!(listed, event_names().collect::<Vec<_>>());
    }
}
