//! The order invariant: no release under a connection, delegation, client, user or session follows its revocation.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use vouchsafe_model::ChangeKind;

use crate::body::Body;
use crate::event::EventKind;

/// What is dead at this point of the record.
#[derive(Default)]
pub(super) struct Order {
    dead: HashSet<(&'static str, String)>,
    /// Where everything of a user (by pseudonym), a client or a provider was last revoked.
    revoked: HashMap<(&'static str, String), i64>,
    /// Where connections began, and where leave was last given.
    since: HashMap<(&'static str, String), i64>,
}

/// What ends authority: event, the fact that names the thing.
const ENDS: &[(EventKind, &str)] = &[
    (EventKind::ConnectionRevoked, "connection_id"),
    (EventKind::ConnectionNeedsConsent, "connection_id"),
    (EventKind::DelegationWithdrawn, "delegation_id"),
    (EventKind::DelegationDenied, "delegation_id"),
    (EventKind::ClientDisabled, "client_id"),
    (EventKind::UserDisabled, "user_id"),
    (EventKind::UserErased, "user_id"),
    (EventKind::ProviderDisabled, "provider_id"),
    (EventKind::CodeReplayed, "code_id"),
];

/// What gives it (back).
const BEGINS: &[(EventKind, &str)] = &[
    (EventKind::ConnectionConnected, "connection_id"),
    (EventKind::DelegationGranted, "delegation_id"),
];

/// What gives it (back) only when it says that the thing is on: these are also written of things that stay off.
const CHANGES: &[(EventKind, &str)] = &[
    (EventKind::ClientChanged, "client_id"),
    (EventKind::UserChanged, "user_id"),
    (EventKind::ProviderChanged, "provider_id"),
];

/// What releases a token, and the facts that name what it rests on.
const RELEASES: &[EventKind] = &[EventKind::TokenExchanged, EventKind::TokenIssued];
const RESTS_ON: &[&str] = &[
    "connection_id",
    "delegation_id",
    "client_id",
    "user_id",
    "provider_id",
    "session_id",
    "code_id",
];

impl Order {
    /// The problems that this record shows.
    pub(super) fn next(&mut self, body: &Body) -> Vec<String> {
        let named = |fact: &'static str| {
            body.facts
                .get(fact)
                .and_then(Value::as_str)
                .map(|id| (fact, id.to_owned()))
        };
        let is = |kind: EventKind| body.event == kind.as_str();
        if let Some(thing) = ENDS
            .iter()
            .find(|(kind, _)| is(*kind))
            .and_then(|(_, fact)| named(fact))
        {
            self.dead.insert(thing);
        }
        let begins = if is_on(body) { CHANGES } else { &[] };
        if let Some(thing) = BEGINS
            .iter()
            .chain(begins)
            .find(|(kind, _)| is(*kind))
            .and_then(|(_, fact)| named(fact))
        {
            self.dead.remove(&thing);
        }
        self.dead.extend(ended_sessions(body));
        self.note(body, &named);
        if !RELEASES.iter().any(|kind| is(*kind)) {
            return Vec::new();
        }
        let dead = RESTS_ON
            .iter()
            .filter_map(|fact| named(fact))
            .filter(|thing| self.dead.contains(thing))
            .map(|(fact, id)| {
                format!("a token was released under {fact} {id} after its authority had ended")
            });
        let revoked = self
            .revoked_together(body, &named)
            .map(|(fact, id)| format!("a token was released although everything of {fact} {id} was revoked"));
        dead.chain(revoked).collect()
    }

    /// Epochs, and what they are compared with.
    fn note(&mut self, body: &Body, named: &impl Fn(&'static str) -> Option<(&'static str, String)>) {
        let event = body.event.as_str();
        if event == EventKind::ConnectionConnected.as_str() {
            // Renewing does not make it younger.
            if let Some(connection) = named(CONNECTION) {
                self.since.entry(connection).or_insert(body.seq);
            }
        } else if event == EventKind::DelegationGranted.as_str() {
            self.since
                .extend(named(DELEGATION).map(|delegation| (delegation, body.seq)));
        } else if event == EventKind::AccessRevoked.as_str() {
            let of = named("client_id").or_else(|| named("provider_id"));
            let of = of.or_else(|| Some((USER, body.user.clone()?)));
            self.revoked.extend(of.map(|of| (of, body.seq)));
        }
    }

    /// Everything of whom was revoked after what this release rests on began.
    fn revoked_together(
        &self,
        body: &Body,
        named: &impl Fn(&'static str) -> Option<(&'static str, String)>,
    ) -> impl Iterator<Item = (&'static str, String)> {
        let since = |thing: Option<(&'static str, String)>| self.since.get(&thing?).copied();
        let connected = since(named(CONNECTION));
        // Leave by an admin's trusted mark begins with the connection.
        let leave = named(DELEGATION).map_or(connected, |delegation| since(Some(delegation)));
        let user = body.user.clone().map(|user| (USER, user));
        let pairs = [
            (user, connected),
            (named("provider_id"), connected),
            (named("client_id"), leave),
        ];
        let over = pairs.into_iter().filter_map(|(of, since)| {
            let of = of?;
            let revoked = self.revoked.get(&of)?;
            (since? < *revoked).then_some(of)
        });
        over.collect::<Vec<_>>().into_iter()
    }
}

/// Clients and users have a status, providers a switch.
fn is_on(body: &Body) -> bool {
    let fact = |name| body.facts.get(name);
    fact("status").and_then(Value::as_str) == Some("active")
        || fact("enabled").and_then(Value::as_bool) == Some(true)
}

/// One event may end many sessions, and disabling a user or resetting a password ends them as well.
fn ended_sessions(body: &Body) -> impl Iterator<Item = (&'static str, String)> {
    let changed = body
        .changes
        .iter()
        .filter(|(kind, _)| kind == ChangeKind::Session.as_str());
    let gone = body
        .versions
        .iter()
        .filter(|(table, _, version)| table == "sessions" && *version == 0);
    changed
        .map(|(_, id)| id)
        .chain(gone.map(|(_, id, _)| id))
        .map(|id| (SESSION, id.clone()))
}

const SESSION: &str = "session_id";
const CONNECTION: &str = "connection_id";
const DELEGATION: &str = "delegation_id";
const USER: &str = "user";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The problems of the last of these records: (event, pseudonym, facts).
    fn last(records: &[(&str, Option<&str>, Value)]) -> Vec<String> {
        let mut order = Order::default();
        let mut problems = Vec::new();
        for (seq, (event, user, facts)) in (1..).zip(records) {
            let body = json!({
                "v": 1, "instance": "ins_00000000000000000000000000", "seq": seq,
                "id": "rec_00000000000000000000000000", "time": seq, "event": event, "change_seq": seq,
                "user": user, "facts": facts,
            });
            problems = order.next(&serde_json::from_value(body).unwrap());
        }
        problems
    }

    #[test]
    fn what_is_changed_while_it_is_off_stays_off() {
        for (thing, on, off) in [
            (
                "client",
                json!({ "status": "active" }),
                json!({ "status": "disabled" }),
            ),
            (
                "user",
                json!({ "status": "active" }),
                json!({ "status": "disabled" }),
            ),
            (
                "provider",
                json!({ "enabled": true }),
                json!({ "enabled": false }),
            ),
        ] {
            let facts = |state: &Value| {
                let mut facts = state.clone();
                facts[format!("{thing}_id")] = json!("it");
                facts
            };
            let (disabled, changed) = (format!("{thing}.disabled"), format!("{thing}.changed"));
            let released = ("token.exchanged", None, facts(&json!({})));
            let disabled = (disabled.as_str(), None, facts(&off));
            let kept_off = (changed.as_str(), None, facts(&off));
            let enabled = (changed.as_str(), None, facts(&on));
            let problems = last(&[disabled.clone(), kept_off, released.clone()]);
            assert_eq!(problems.len(), 1, "{thing}: {problems:?}");
            assert!(last(&[disabled, enabled, released]).is_empty(), "{thing}");
        }
    }

    #[test]
    fn every_session_that_an_event_names_has_ended() {
        let body = |event: &str, more: Value| {
            let mut body = json!({
                "v": 1, "instance": "ins_00000000000000000000000000", "seq": 1,
                "id": "rec_00000000000000000000000000", "time": 1, "event": event, "change_seq": 1, "facts": {},
            });
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            serde_json::from_value::<Body>(body).unwrap()
        };
        let released = |session: &str| body("token.issued", json!({ "facts": { "session_id": session } }));
        for ended in [
            body(
                "session.ended",
                json!({ "changes": [["session", "ses_1"], ["session", "ses_2"]] }),
            ),
            body(
                "user.disabled",
                json!({ "versions": [["sessions", "ses_1", 0], ["sessions", "ses_2", 0]] }),
            ),
        ] {
            let mut order = Order::default();
            assert!(order.next(&ended).is_empty());
            for (session, problems) in [("ses_1", 1), ("ses_2", 1), ("ses_3", 0)] {
                assert_eq!(order.next(&released(session)).len(), problems, "{session}");
            }
        }
    }

    #[test]
    fn nothing_is_released_of_what_was_revoked_together() {
        let ada = Some("psn_ada");
        let connected = || {
            (
                "connection.connected",
                ada,
                json!({ "connection_id": "con_1", "provider_id": "github" }),
            )
        };
        let granted = || {
            (
                "delegation.granted",
                ada,
                json!({ "delegation_id": "dlg_1", "client_id": "agent" }),
            )
        };
        let released = |delegation: Option<&str>| {
            let mut facts =
                json!({ "connection_id": "con_1", "provider_id": "github", "client_id": "agent" });
            if let Some(delegation) = delegation {
                facts["delegation_id"] = json!(delegation);
            }
            ("token.exchanged", ada, facts)
        };
        let by_leave = || released(Some("dlg_1"));
        let revoked = |user, facts| ("access.revoked", user, facts);
        assert!(last(&[connected(), granted(), by_leave()]).is_empty());
        for epoch in [
            revoked(ada, json!({ "user_id": "usr_1" })),
            revoked(None, json!({ "provider_id": "github" })),
            revoked(None, json!({ "client_id": "agent" })),
        ] {
            let problems = last(&[connected(), granted(), epoch.clone(), by_leave()]);
            assert_eq!(problems.len(), 1, "{epoch:?}");
            assert!(problems[0].contains("everything of"), "{problems:?}");
            assert_eq!(
                last(&[connected(), epoch.clone(), released(None)]).len(),
                1,
                "by a trusted mark: {epoch:?}"
            );
            assert!(
                last(&[epoch.clone(), connected(), granted(), by_leave()]).is_empty(),
                "it is newer: {epoch:?}"
            );
        }
        let client = || revoked(None, json!({ "client_id": "agent" }));
        assert!(
            last(&[connected(), granted(), client(), granted(), by_leave()]).is_empty(),
            "given again"
        );
        let user = || revoked(ada, json!({ "user_id": "usr_1" }));
        assert_eq!(
            last(&[connected(), granted(), user(), connected(), granted(), by_leave()]).len(),
            1,
            "renewed is not newer"
        );
        for other in [
            json!({ "client_id": "another" }),
            json!({ "provider_id": "elsewhere" }),
        ] {
            assert!(last(&[connected(), granted(), revoked(None, other), by_leave()]).is_empty());
        }
        assert!(
            last(&[
                connected(),
                granted(),
                revoked(Some("psn_bob"), json!({ "user_id": "usr_2" })),
                by_leave()
            ])
            .is_empty()
        );
    }
}
