//! Every kind of event against what OCSF 1.6.0 requires of its class.

use serde_json::Value;
use vouchsafe_store::RecordRow;

use crate::escape;
use crate::event::EventKind;
use crate::export::format::tests::row;
use crate::export::{Format, Outgoing, Persons};

/// Facts that events have, more than any one of them.
const FACTS: &str = r#"{"client_id":"agent","provider_id":"github","connection_id":"con_1","scope":"repo read:user",
    "request_id":"req_1","reason":"no_delegation","count":3}"#;
const DETAILS: &str = r#"{"subject":"grace-hopper","address":"192.0.2.1","user_agent":"agent/1"}"#;

/// Required by the classes, besides what every event has; of `api_activity` and `authentication` also one of the
/// constraint "at least one".
const REQUIRED: &[(i64, &[&str], &[i64])] = &[
    (0, &[], &[0, 99]),
    (
        3001,
        &["/user/uid"],
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99],
    ),
    (
        3002,
        &["/user/uid", "/service/name"],
        &[0, 1, 2, 3, 4, 5, 6, 7, 99],
    ),
    (3003, &["/user/uid", "/privileges/0"], &[0, 1, 2, 99]),
    (
        3004,
        &["/entity/uid"],
        &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99],
    ),
    (3005, &["/user/uid", "/privileges/0"], &[0, 1, 2, 99]),
    (
        6003,
        &["/api/operation", "/actor", "/src_endpoint"],
        &[0, 1, 2, 3, 4, 99],
    ),
];

fn event(row: &RecordRow, persons: Persons) -> Value {
    serde_json::from_str(&Outgoing::of(row, Format::Ocsf, persons).json).unwrap()
}

/// What the class of this event lacks.
fn assert_complete(event: &Value) {
    let number = |name: &str| {
        event[name]
            .as_i64()
            .unwrap_or_else(|| panic!("{name} is missing: {event}"))
    };
    let (class, activity) = (number("class_uid"), number("activity_id"));
    let (_, required, activities) = REQUIRED.iter().find(|(known, ..)| *known == class).unwrap();
    assert_eq!(number("category_uid"), class / 1000);
    assert_eq!(number("type_uid"), class * 100 + activity);
    assert!(activities.contains(&activity), "{event}");
    assert!(
        (1..=6).contains(&number("severity_id")) && (1..=2).contains(&number("status_id")),
        "{event}"
    );
    assert_eq!(number("time"), 1_795_305_600_123);
    for path in ["/metadata/version", "/metadata/product/name"]
        .iter()
        .chain(*required)
    {
        let found = event.pointer(path);
        assert!(
            found.is_some_and(|found| !found.is_null()),
            "{path} is missing: {event}"
        );
    }
    // The object `actor` needs one of these.
    if let Some(actor) = event.get("actor") {
        assert!(
            ["user", "app_uid", "app_name"]
                .iter()
                .any(|name| actor.get(name).is_some()),
            "{event}"
        );
    }
}

#[test]
fn every_kind_of_event_has_what_its_class_requires() {
    for kind in EventKind::ALL {
        for facts in [FACTS, "{}"] {
            for persons in [Persons::Pseudonyms, Persons::Named] {
                let event = event(&row(kind.as_str(), facts, Some(DETAILS)), persons);
                assert_complete(&event);
                assert_ne!(event["class_uid"], 0, "{event}");
                assert_eq!(event["metadata"]["event_code"], kind.as_str());
                assert_eq!(event["metadata"]["sequence"], 7);
                assert_eq!(
                    event["unmapped"]["facts"],
                    serde_json::from_str::<Value>(facts).unwrap()
                );
            }
        }
    }
}

#[test]
fn what_nobody_can_read_or_knows_is_a_base_event() {
    let unknown = row("moon.landed", FACTS, None);
    let unreadable = RecordRow {
        body: b"nothing".to_vec(),
        ..row("session.started", "{}", None)
    };
    for row in [unknown, unreadable] {
        let event = event(&row, Persons::Named);
        assert_complete(&event);
        assert_eq!(event["class_uid"], 0);
        assert_eq!(event["metadata"]["uid"], row.id.as_str());
    }
}

#[test]
fn persons_are_named_only_where_that_is_wanted() {
    let row = row("session.started", FACTS, Some(DETAILS));
    let without = event(&row, Persons::Pseudonyms);
    assert_eq!(without["user"]["uid"], "psd_7");
    for name in ["grace-hopper", "192.0.2.1", "agent/1"] {
        assert!(!without.to_string().contains(name), "{without}");
    }
    let with = event(&row, Persons::Named);
    assert_eq!(with["user"]["name"], "grace-hopper");
    assert_eq!(with["src_endpoint"]["ip"], "192.0.2.1");
    assert_eq!(with["http_request"]["user_agent"], "agent/1");
}

#[test]
fn an_administrator_is_the_actor_of_what_they_do() {
    let by_key = r#"{"client_id":"agent","by":"admin","admin_key_id":"adk_1"}"#;
    let event_of = |facts| event(&row("client.disabled", facts, None), Persons::Pseudonyms);
    assert_eq!(event_of(by_key)["actor"]["user"]["uid"], "adk_1");
    assert_eq!(
        event_of(r#"{"client_id":"agent","by":"local"}"#)["actor"]["user"]["uid"],
        "local"
    );
    assert_eq!(event_of(by_key)["entity"]["uid"], "agent");
}

#[test]
fn what_others_wrote_drives_nothing() {
    let details = r#"{"user_agent":"\u001b]0;x\u0007\u202e\u2066\u009b"}"#;
    let out = Outgoing::of(
        &row("session.started", "{}", Some(details)),
        Format::Ocsf,
        Persons::Named,
    );
    assert!(!out.json.contains(escape::drives), "{}", out.json);
    let event: Value = serde_json::from_str(&out.json).unwrap();
    assert_eq!(
        event["http_request"]["user_agent"],
        "\u{1b}]0;x\u{7}\u{202e}\u{2066}\u{9b}"
    );
}
