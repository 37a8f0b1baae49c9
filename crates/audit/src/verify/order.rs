//! The order invariant: no release under a connection, delegation, client, user or session follows its revocation.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

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
    (EventKind::ProviderDisabled, "provider_id"),
    (EventKind::SessionEnded, "session_id"),
    (EventKind::CodeReplayed, "code_id"),
];

/// What gives it (back).
const BEGINS: &[(EventKind, &str)] = &[
    (EventKind::ConnectionConnected, "connection_id"),
    (EventKind::DelegationGranted, "delegation_id"),
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
        if let Some(thing) = BEGINS
            .iter()
            .find(|(kind, _)| is(*kind))
            .and_then(|(_, fact)| named(fact))
        {
            self.dead.remove(&thing);
        }
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
