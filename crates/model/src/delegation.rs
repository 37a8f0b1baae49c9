//! A person's leave for a client to use a connection.

use serde::{Deserialize, Serialize};

use crate::client::{ClientId, ScopeBound};
use crate::clock::UnixMillis;
use crate::id::{ConnectionId, DelegationId, SessionId, UserId};
use crate::provider::ProviderId;
use crate::tagged::Authority;
use crate::text::text_enum;

text_enum!(/// What the person decided, or the operator in their place.
DelegationDecision {
    /// May act, within scope and time.
    Granted = "granted",
    /// May not; beats a trusted mark.
    Denied = "denied",
    /// No longer may; beats a trusted mark (AR-19).
    Withdrawn = "withdrawn",
    /// The operator took it back; beats a trusted mark as well.
    Revoked = "revoked",
});

/// A delegation (person x client x connection). Made only by a POST from a browser session of that person (AR-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Id.
    pub id: DelegationId,
    /// Who gives leave.
    pub user_id: UserId,
    /// To whom.
    pub client_id: ClientId,
    /// For which connection.
    pub connection_id: ConnectionId,
    /// Its provider.
    pub provider_id: ProviderId,
    /// How much.
    pub scope: ScopeBound,
    /// What was decided.
    pub decision: DelegationDecision,
    /// Until when; `None` = until withdrawn.
    pub expires_at: Option<UnixMillis>,
    /// The browser session of the decision.
    pub decided_in: SessionId,
    /// When.
    pub decided_at: UnixMillis,
    /// Grows with each decision; the record carries it.
    pub version: i64,
}

impl Authority for Delegation {
    const KIND: &'static str = "delegations/1";
}
