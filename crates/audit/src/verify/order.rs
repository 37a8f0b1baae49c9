//! The order invariant: no release under a connection, delegation, client, user or session follows its revocation.

use std::collections::HashSet;

use serde_json::Value;

use crate::body::Body;
use crate::event::EventKind;

/// What is dead at this point of the record.
#[derive(Default)]
pub(super) struct Order {
    dead: HashSet<(&'static str, String)>,
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
        if !RELEASES.iter().any(|kind| is(*kind)) {
            return Vec::new();
        }
        RESTS_ON
            .iter()
            .filter_map(|fact| named(fact))
            .filter(|thing| self.dead.contains(thing))
            .map(|(fact, id)| format!("a token was released under {fact} {id} after its authority had ended"))
            .collect()
    }
}
