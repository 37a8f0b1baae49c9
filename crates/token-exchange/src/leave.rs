//! The leave that a person has given: delegations and, where they said nothing, an admin's trusted mark.

use vouchsafe_identity_provider::LoadedProvider;
use vouchsafe_model::{
    Ceiling, ClientId, Connection, ConnectionState, Delegation, DelegationDecision, DelegationId, ProviderId,
    ScopeBound, UnixMillis, User, UserId,
};
use vouchsafe_store::{StoreError, Tx, connections, delegations, revoked_access};
use vouchsafe_vault::Vault;

/// A connection that a client may use, and how far.
#[derive(Debug, Clone)]
pub(crate) struct Leave {
    pub(crate) connection: Connection,
    pub(crate) scope: ScopeBound,
    /// `None` = by an admin's trusted mark.
    pub(crate) delegation_id: Option<DelegationId>,
}

/// What somebody wants to know about leave.
pub(crate) struct Question<'a> {
    pub(crate) user_id: &'a UserId,
    pub(crate) client_id: &'a ClientId,
    pub(crate) provider_id: &'a ProviderId,
    pub(crate) ceiling: &'a Ceiling,
    pub(crate) now: UnixMillis,
}

/// Every live connection of the user at the provider that the client may use. A decision of the user, whatever it is,
/// beats a trusted mark (AR-19); a row without a valid MAC gives nothing (AR-04), and hides nothing either: it counts
/// as a refusal. What a client had when everything of it was revoked gives nothing any more, a trusted mark included.
pub(crate) fn of(tx: &mut Tx<'_>, vault: &Vault, question: &Question<'_>) -> Result<Vec<Leave>, StoreError> {
    let rows =
        delegations::of_user_client_provider(tx, question.user_id, question.client_id, question.provider_id)?;
    let revoked = revoked_access::of_client(tx, question.client_id)?;
    let mut leaves = Vec::new();
    for connection in connections::live_of_user_provider(tx, question.user_id, question.provider_id)? {
        let row = rows
            .iter()
            .find(|row| row.unverified().connection_id == connection.id);
        let leave = match row {
            None => trusted(question, revoked, &connection).map(|scope| (scope.clone(), None)),
            Some(row) => {
                if let Ok(delegation) = vault.verify(row.clone()) {
                    granted(&delegation, question)
                        .filter(|_| !revoked_access::covers(revoked, delegation.decided_at))
                        // A yes takes nothing away: what is trusted needs no leave.
                        .map(|scope| match trusted(question, revoked, &connection) {
                            Some(trusted) => scope.widen(trusted),
                            None => scope,
                        })
                        .map(|scope| (scope, Some(delegation.id)))
                } else {
                    tracing::error!(
                        delegation.id = %row.unverified().id,
                        "a delegation carries no valid MAC: somebody changed the database; it gives nothing"
                    );
                    None
                }
            }
        };
        if let Some((scope, delegation_id)) = leave {
            leaves.push(Leave {
                connection,
                scope,
                delegation_id,
            });
        }
    }
    Ok(leaves)
}

/// How much an admin's trusted mark gives.
fn trusted<'a>(
    question: &'a Question<'_>,
    revoked: Option<UnixMillis>,
    connection: &Connection,
) -> Option<&'a ScopeBound> {
    let trusted = question.ceiling.trusted.as_ref();
    trusted.filter(|_| !revoked_access::covers(revoked, connection.created_at))
}

/// Whether a connection can be used as it is: active, for the provider's present hosts and our present client there
/// (AR-03), and not locked since an admin reset the user's credentials.
pub(crate) fn stands(connection: &Connection, provider: &LoadedProvider, user: &User) -> bool {
    matches!(connection.state, ConnectionState::Active)
        && provider.serves(connection)
        && !is_locked(connection, user)
}

/// Whether an admin has reset the user's credentials since the connection was made or renewed.
pub(crate) fn is_locked(connection: &Connection, user: &User) -> bool {
    user.credentials_reset_at
        .is_some_and(|reset| reset >= connection.updated_at)
}

/// The scope of a delegation that is granted, unexpired, and really about this user, client and provider.
fn granted(delegation: &Delegation, question: &Question<'_>) -> Option<ScopeBound> {
    let matches = delegation.user_id == *question.user_id
        && delegation.client_id == *question.client_id
        && delegation.provider_id == *question.provider_id;
    let stands = delegation.decision == DelegationDecision::Granted
        && delegation.expires_at.is_none_or(|expires| expires > question.now);
    (matches && stands).then(|| delegation.scope.clone())
}
