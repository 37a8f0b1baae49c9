//! Whether a grant upstream has more than one connection resting on it (AR-14).

use vouchsafe_model::{Connection, ConnectionState};
use vouchsafe_store::{StoreError, Tx, connections, providers};

/// Whether another live connection rests on the same grant upstream, also through another entry with the same client.
pub(super) fn is_shared(tx: &mut Tx<'_>, connection: &Connection) -> Result<bool, StoreError> {
    for provider in providers::all(tx)? {
        // Unverified is enough: a forged row can at most withhold an upstream revocation.
        let provider = provider.unverified();
        if provider.client_id != connection.upstream_client_id && provider.id != connection.provider_id {
            continue;
        }
        let found = connections::by_provider_account(tx, &provider.id, &connection.account_id)?;
        if found.iter().any(|other| {
            other.id != connection.id
                && other.upstream_client_id == connection.upstream_client_id
                && !matches!(other.state, ConnectionState::Revoked { .. })
        }) {
            return Ok(true);
        }
    }
    Ok(false)
}
