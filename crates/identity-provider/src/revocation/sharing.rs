//! Whether a grant upstream has more than one connection resting on it (AR-14).

use vouchsafe_model::{Connection, ConnectionState, Provider};
use vouchsafe_store::{StoreError, Tx, connections, providers};

use crate::catalogue::Entry;

/// Whether another live connection rests on the same upstream client and account, also through another entry for the
/// same server.
pub(super) fn is_shared(tx: &mut Tx<'_>, connection: &Connection) -> Result<bool, StoreError> {
    // Unverified is enough: a forged row can at most withhold an upstream revocation.
    let rows: Vec<Provider> = providers::all(tx)?
        .into_iter()
        .map(|tagged| tagged.into_parts().0)
        .collect();
    let own = rows.iter().find(|row| row.id == connection.provider_id);
    let own_server = own.and_then(server);
    for row in &rows {
        let same_server = own_server.is_some() && server(row) == own_server;
        if row.id != connection.provider_id && !same_server {
            continue;
        }
        let found = connections::by_provider_account(tx, &row.id, &connection.account_id)?;
        if found.iter().any(|other| is_live_twin(other, connection)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_live_twin(other: &Connection, connection: &Connection) -> bool {
    other.id != connection.id
        && other.upstream_client_id == connection.upstream_client_id
        && !matches!(other.state, ConnectionState::Revoked { .. })
}

/// What tells one authorization server from another: client ids are only unique within one.
fn server(row: &Provider) -> Option<String> {
    Entry::from_json(&row.entry).ok()?.token_url().map(str::to_owned)
}
