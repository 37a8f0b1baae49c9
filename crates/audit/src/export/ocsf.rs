//! Entries as events of the Open Cybersecurity Schema Framework, version 1.6.0.
//!
//! Each kind of event has a class; what the class has no attribute for stands in `unmapped`, so nothing of an entry is
//! lost. An entry that cannot be read, or of a kind that this program does not know, is a base event.

use serde_json::{Map, Value, json};
use vouchsafe_store::RecordRow;

use super::classes::{Class, Mapping, mapping};
use super::format::{Persons, details};
use crate::body::Body;
use crate::hex;
use crate::time_text::rfc3339;

/// The event of an entry.
pub(super) fn event(row: &RecordRow, persons: Persons) -> Value {
    let body: Option<Body> = serde_json::from_slice(&row.body).ok();
    let mapping = body.as_ref().and_then(|_| mapping(&row.event));
    let mapping = mapping.unwrap_or(Mapping::UNKNOWN);
    let entry = Entry {
        row,
        facts: body.as_ref().map(|body| &body.facts),
        user: body.as_ref().and_then(|body| body.user.as_deref()),
        details: details(row, persons).unwrap_or_default(),
    };
    let mut event = base(&entry, mapping, body.as_ref());
    entry.add_what_the_class_needs(mapping, &mut event);
    Value::Object(event)
}

struct Entry<'a> {
    row: &'a RecordRow,
    facts: Option<&'a Map<String, Value>>,
    user: Option<&'a str>,
    details: Map<String, Value>,
}

/// What every event has.
fn base(entry: &Entry<'_>, mapping: Mapping, body: Option<&Body>) -> Map<String, Value> {
    let (row, class) = (entry.row, mapping.class.uid());
    let event = json!({
        "category_uid": class / 1000,
        "class_uid": class,
        "activity_id": mapping.activity,
        "type_uid": class * 100 + mapping.activity,
        "severity_id": mapping.severity as i32,
        "status_id": if mapping.success { 1 } else { 2 },
        "time": row.time.0,
        "message": row.event,
        "metadata": {
            "version": VERSION,
            "product": { "name": "Vouchsafe", "vendor_name": "Vouchsafe", "version": env!("CARGO_PKG_VERSION") },
            "uid": row.id.as_str(),
            "sequence": row.seq,
            "event_code": row.event,
            "log_name": "record",
            "log_provider": body.map_or("vouchsafe", |body| body.instance.as_str()),
            "original_time": rfc3339(row.time.0),
        },
        "unmapped": {
            "leaf": hex::encode(&row.leaf),
            "facts": entry.facts,
            "changes": body.map(|body| &body.changes).filter(|changes| !changes.is_empty()),
        },
    });
    let Value::Object(mut event) = event else {
        unreachable!("it is written as an object")
    };
    if let Some(request) = entry.fact("request_id") {
        event["metadata"]["correlation_uid"] = request.into();
    }
    if let Some(reason) = entry.fact("reason") {
        event.insert("status_code".to_owned(), reason.into());
    }
    if let Some(Value::Object(unmapped)) = event.get_mut("unmapped") {
        unmapped.retain(|_, value| !value.is_null());
    }
    event
}

impl Entry<'_> {
    fn fact(&self, name: &str) -> Option<&str> {
        self.facts?.get(name)?.as_str()
    }

    fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name)?.as_str()
    }

    fn add_what_the_class_needs(&self, mapping: Mapping, event: &mut Map<String, Value>) {
        let mut add = |name: &str, value: Value| {
            event.insert(name.to_owned(), value);
        };
        match mapping.class {
            Class::Base => return,
            Class::AccountChange => add("user", self.person()),
            Class::Authentication => {
                let machine = self.user.is_none().then(|| self.fact("client_id")).flatten();
                add("user", machine.map_or_else(|| self.person(), service));
                add("service", json!({ "name": "Vouchsafe" }));
            }
            Class::AuthorizeSession => {
                add("user", self.person());
                add("privileges", json!(self.privileges()));
            }
            Class::UserAccess => {
                add("user", self.person());
                add("privileges", json!(self.privileges()));
                let provider = self.fact("provider_id").unwrap_or("vouchsafe");
                add("resources", json!([{ "uid": provider, "type": "provider" }]));
            }
            Class::EntityManagement => {
                let (kind, named) = mapping.entity;
                let uid = named.iter().find_map(|name| self.fact(name));
                add(
                    "entity",
                    json!({ "name": kind, "type": kind, "type_id": 99, "uid": uid.unwrap_or("-") }),
                );
            }
            Class::ApiActivity => {
                add(
                    "api",
                    json!({ "operation": self.fact("operation").unwrap_or("admin") }),
                );
            }
        }
        event.insert("actor".to_owned(), self.actor());
        let endpoint = match self.detail("address") {
            Some(address) => Some(json!({ "ip": address })),
            None if mapping.class == Class::ApiActivity => Some(json!({ "name": "not exported" })),
            None => None,
        };
        event.extend(endpoint.map(|endpoint| ("src_endpoint".to_owned(), endpoint)));
        if let Some(agent) = self.detail("user_agent") {
            event.insert("http_request".to_owned(), json!({ "user_agent": agent }));
        }
    }

    /// The person concerned: by pseudonym, and by name where that may leave.
    fn person(&self) -> Value {
        let uid = self.user.or_else(|| self.fact("user_id")).unwrap_or("-");
        let mut person = json!({ "uid": uid, "type_id": 1 });
        if let Some(subject) = self.detail("subject").or_else(|| self.detail("account")) {
            person["name"] = subject.into();
        }
        person
    }

    /// Who did it: an administrator, a client, the person, or the server by itself.
    fn actor(&self) -> Value {
        if let Some(key) = self.fact("admin_key_id") {
            return json!({ "user": { "uid": key, "type_id": 2 } });
        }
        if self.fact("by") == Some("local") {
            return json!({ "user": { "uid": "local", "type_id": 2 } });
        }
        let mut actor = Map::new();
        if let Some(client) = self.fact("client_id") {
            actor.insert("app_uid".to_owned(), client.into());
        }
        if self.user.is_some() {
            actor.insert("user".to_owned(), self.person());
        }
        if actor.is_empty() {
            actor.insert("app_name".to_owned(), "Vouchsafe".into());
        }
        Value::Object(actor)
    }

    /// The scopes that were released, given or asked for.
    fn privileges(&self) -> Vec<&str> {
        let scope = self.fact("scope").or_else(|| self.fact("requested_scope"));
        let scopes: Vec<&str> = scope.unwrap_or_default().split_whitespace().collect();
        if scopes.is_empty() { vec!["-"] } else { scopes }
    }
}

fn service(client: &str) -> Value {
    json!({ "uid": client, "type_id": 4 })
}

/// Of the schema.
const VERSION: &str = "1.6.0";

#[cfg(test)]
mod tests;
