//! Which connection an account belongs to.

use vouchsafe_model::{ConnectAttempt, Connection, ConnectionState, ProviderId};
use vouchsafe_store::{StoreError, Tx, connections};

use super::ConnectError;

/// Where the tokens go.
pub(super) enum Target {
    /// A new connection, under the id allocated at the start.
    New,
    /// One that exists.
    Renewed(Connection),
}

/// - Renewing keeps the id only for the same account (UP-17).
/// - An account that another user has connected is refused (CL-12).
/// - The same user connecting the same account again renews what is there, and makes no duplicate.
pub(super) fn target(
    tx: &mut Tx<'_>,
    attempt: &ConnectAttempt,
    account_id: &str,
) -> Result<Target, ConnectError> {
    let live = live(tx, &attempt.provider_id, account_id)?;
    if live
        .iter()
        .any(|connection| connection.user_id != attempt.user_id)
    {
        return Err(ConnectError::AccountTaken);
    }
    if !attempt.reconnect {
        return Ok(live.into_iter().next().map_or(Target::New, Target::Renewed));
    }
    let renewed = connections::by_id(tx, &attempt.connection_id)?.filter(|connection| {
        connection.user_id == attempt.user_id
            && connection.provider_id == attempt.provider_id
            && !matches!(connection.state, ConnectionState::Revoked { .. })
    });
    match renewed {
        None => Err(ConnectError::AuthorityChanged),
        Some(connection) if connection.account_id == account_id => Ok(Target::Renewed(connection)),
        Some(_) => Err(ConnectError::DifferentAccount),
    }
}

/// Under the head: whether a transaction that ran beside this one has connected the same account too. Then this one
/// begins anew, and finds it.
pub(super) fn is_the_only_one(tx: &mut Tx<'_>, connection: &Connection) -> Result<(), ConnectError> {
    let live = live(tx, &connection.provider_id, &connection.account_id)?;
    if live.iter().all(|other| other.id == connection.id) {
        Ok(())
    } else {
        Err(StoreError::Conflict.into())
    }
}

fn live(tx: &mut Tx<'_>, provider: &ProviderId, account: &str) -> Result<Vec<Connection>, StoreError> {
    let mut found = connections::by_provider_account(tx, provider, account)?;
    found.retain(|connection| !matches!(connection.state, ConnectionState::Revoked { .. }));
    Ok(found)
}
