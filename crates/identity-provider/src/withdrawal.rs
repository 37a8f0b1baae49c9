//! Taking a person's leave back: whoever does it, it is written and recorded in one way.

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{Change, ChangeKind, Delegation, DelegationDecision};
use vouchsafe_store::{StoreError, Tx, delegations};
use vouchsafe_vault::Vault;

use crate::identity_provider::pseudonym;

/// Writes `taken`, a delegation that its caller has made anything but [`DelegationDecision::Granted`], as its next
/// version, and returns it with what the record has to say.
pub fn take_leave_back(
    tx: &mut Tx<'_>,
    vault: &Vault,
    taken: Delegation,
) -> Result<(Delegation, Event), StoreError> {
    let taken = Delegation {
        version: taken.version.saturating_add(1),
        ..taken
    };
    delegations::put(tx, &vault.tag(taken.clone()))?;
    let kind = match taken.decision {
        DelegationDecision::Denied => EventKind::DelegationDenied,
        _ => EventKind::DelegationWithdrawn,
    };
    let event = Event::new(kind)
        .user(&pseudonym(tx, &taken.user_id)?)
        .fact("delegation_id", taken.id.as_str())
        .fact("client_id", taken.client_id.as_str())
        .fact("connection_id", taken.connection_id.as_str())
        .changes(Change::of(ChangeKind::Delegation, &taken.id))
        // A trusted client has no delegation to rest on: its releases rest on the connection.
        .changes(Change::of(ChangeKind::Connection, &taken.connection_id))
        .version("delegations", &taken.id, taken.version);
    Ok((taken, event))
}
