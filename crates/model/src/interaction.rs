//! A request that a person act, made when an exchange could succeed if they did.

use vouchsafe_oauth_types::InteractionReason;

use crate::client::{ClientId, ScopeBound};
use crate::clock::UnixMillis;
use crate::id::{ConnectionId, InteractionId, UserId};
use crate::provider::ProviderId;
use crate::sealed::Digest;
use crate::text::text_enum;

text_enum!(/// Where an interaction is in its life.
InteractionState {
    /// Waits for the person.
    Pending = "pending",
    /// The person agreed.
    Approved = "approved",
    /// The person refused; asking again soon gets the same answer (cool-down).
    Denied = "denied",
});

/// An interaction. Its id is opaque but no secret: it opens only for the same user in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// Id.
    pub id: InteractionId,
    /// Digest of client, key, subject, actor chain, target, account, scope and delivery (AR-12): one live link each.
    pub binding: Digest<Self>,
    /// Who must act.
    pub user_id: UserId,
    /// Who asked.
    pub client_id: ClientId,
    /// For what.
    pub provider_id: ProviderId,
    /// How much was asked; `Everything` when no scope was named and the ceiling has no bound.
    pub scope: ScopeBound,
    /// Why.
    pub reason: InteractionReason,
    /// The connection it is about, once there is a delegation to name it.
    pub connection_id: Option<ConnectionId>,
    /// The account asked for (`login_hint`), quoted as untrusted.
    pub account: Option<String>,
    /// Where it is in its life.
    pub state: InteractionState,
    /// Authority state it began under.
    pub change_seq: i64,
    /// Creation.
    pub created_at: UnixMillis,
    /// End of the link.
    pub expires_at: UnixMillis,
}
