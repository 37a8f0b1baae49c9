//! The leave that a person has given: delegations and, where they said nothing, an admin's trusted mark.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use vouchsafe_identity_provider::{Holdings, LoadedProvider, holdings};
use vouchsafe_model::{
    Ceiling, Change, ChangeKind, ClientId, Connection, ConnectionId, ConnectionState, Delegation,
    DelegationDecision, DelegationId, ProviderId, ScopeBound, Tagged, UnixMillis, User, UserId,
};
use vouchsafe_store::{StoreError, Tx, connections, delegations, revoked_access};
use vouchsafe_vault::Vault;

use crate::known::LeaveKey;

/// A connection that a client may use, and how far.
#[derive(Debug, Clone)]
pub(crate) struct Leave {
    pub(crate) connection: Arc<Connection>,
    /// Its place among the connections that were looked at.
    place: usize,
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

/// What a user has connected at a provider, and decided about a client there.
pub(crate) struct Leaves {
    connections: Vec<Connected>,
    delegations: Vec<Decision>,
    /// Until when everything of the client is revoked.
    revoked: Option<UnixMillis>,
}

/// A live connection.
pub(crate) struct Connected {
    connection: Arc<Connection>,
    /// What the vault holds of it, where that was asked for.
    pub(crate) held: Option<Holdings>,
    last_used: AtomicI64,
}

/// A row of a delegation.
struct Decision {
    id: DelegationId,
    connection_id: ConnectionId,
    /// `None` = without a valid MAC.
    delegation: Option<Delegation>,
}

/// Every live connection of the user at the provider that the client may use.
pub(crate) fn of(tx: &mut Tx<'_>, vault: &Vault, question: &Question<'_>) -> Result<Vec<Leave>, StoreError> {
    let key = (
        question.user_id.clone(),
        question.client_id.clone(),
        question.provider_id.clone(),
    );
    Ok(Leaves::read(tx, vault, &key)?.of(question))
}

impl Leaves {
    fn read(tx: &mut Tx<'_>, vault: &Vault, (user, client, provider): &LeaveKey) -> Result<Self, StoreError> {
        let rows = delegations::of_user_client_provider(tx, user, client, provider)?;
        let revoked = revoked_access::of_client(tx, client)?;
        let connections = connections::live_of_user_provider(tx, user, provider)?;
        Ok(Self {
            connections: connections.into_iter().map(Connected::from).collect(),
            delegations: rows.into_iter().map(|row| Decision::of(vault, row)).collect(),
            revoked,
        })
    }

    /// With all that an exchange needs.
    pub(crate) fn read_with_holdings(
        tx: &mut Tx<'_>,
        vault: &Vault,
        key: &LeaveKey,
    ) -> Result<Self, StoreError> {
        let mut leaves = Self::read(tx, vault, key)?;
        for connected in &mut leaves.connections {
            connected.held = Some(holdings(tx, &connected.connection)?);
            let last_used = connections::last_used(tx, &connected.connection.id)?;
            connected.last_used = AtomicI64::new(last_used.map_or(i64::MIN, |at| at.0));
        }
        Ok(leaves)
    }

    /// What changes them.
    pub(crate) fn subjects(&self, (user, client, provider): &LeaveKey) -> Vec<Change> {
        let mut subjects = vec![
            Change::of(ChangeKind::Leave, user),
            // Everything of one of these may be revoked: that names no connection.
            Change::of(ChangeKind::User, user),
            Change::of(ChangeKind::Client, client),
            Change::of(ChangeKind::Provider, provider),
        ];
        for connected in &self.connections {
            subjects.push(Change::of(ChangeKind::Connection, &connected.connection.id));
            let grants = connected.held.iter().flat_map(|held| &held.grants);
            subjects.extend(grants.map(|holding| Change::of(ChangeKind::UpstreamGrant, &holding.grant.id)));
        }
        let decided = self.delegations.iter();
        subjects.extend(decided.map(|decision| Change::of(ChangeKind::Delegation, &decision.id)));
        subjects
    }

    /// How much memory they take, roughly. Tokens count twice: sealed and opened.
    pub(crate) fn bytes(&self) -> usize {
        let tokens = self.connections.iter().flat_map(|connected| &connected.held);
        let tokens = tokens.flat_map(|held| &held.grants).map(|holding| {
            let sealed = holding
                .tokens
                .iter()
                .map(|token| 2 * token.token.as_bytes().len() + 400);
            1500 + sealed.sum::<usize>()
        });
        1000 * self.connections.len() + 600 * self.delegations.len() + tokens.sum::<usize>()
    }

    /// Every live connection that the client may use. A decision of the user, whatever it is, beats a trusted mark
    /// (AR-19); a row without a valid MAC gives nothing (AR-04), and hides nothing either: it counts as a refusal. What a
    /// client had when everything of it was revoked gives nothing any more, a trusted mark included.
    pub(crate) fn of(&self, question: &Question<'_>) -> Vec<Leave> {
        let leaves = self
            .connections
            .iter()
            .enumerate()
            .filter_map(|(place, connected)| {
                let connection = &connected.connection;
                let trusted = trusted(question, self.revoked, connection);
                let row = self
                    .delegations
                    .iter()
                    .find(|row| row.connection_id == connection.id);
                let (scope, delegation_id) = match row {
                    None => (trusted?.clone(), None),
                    Some(row) => {
                        let delegation = row.delegation.as_ref()?;
                        let scope = granted(delegation, question)?;
                        if revoked_access::covers(self.revoked, delegation.decided_at) {
                            return None;
                        }
                        // A yes takes nothing away: what is trusted needs no leave.
                        let scope = trusted.map_or_else(|| scope.clone(), |trusted| scope.widen(trusted));
                        (scope, Some(row.id.clone()))
                    }
                };
                Some(Leave {
                    connection: connection.clone(),
                    place,
                    scope,
                    delegation_id,
                })
            });
        leaves.collect()
    }

    /// The connection of a leave.
    pub(crate) fn connected(&self, leave: &Leave) -> &Connected {
        &self.connections[leave.place]
    }
}

impl Connected {
    /// Whether its use at this time is worth noting; only once for each time that it is.
    pub(crate) fn is_use_news(&self, now: UnixMillis, every: Duration) -> bool {
        let last = self.last_used.load(Ordering::Relaxed);
        let is_news = last == i64::MIN || UnixMillis(last) + every <= now;
        is_news
            && self
                .last_used
                .compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

impl From<Connection> for Connected {
    fn from(connection: Connection) -> Self {
        Self {
            connection: Arc::new(connection),
            held: None,
            last_used: AtomicI64::new(i64::MIN),
        }
    }
}

impl Decision {
    fn of(vault: &Vault, row: Tagged<Delegation>) -> Self {
        let (id, connection_id) = (
            row.unverified().id.clone(),
            row.unverified().connection_id.clone(),
        );
        let delegation = vault.verify(row).ok();
        if delegation.is_none() {
            tracing::error!(
                delegation.id = %id,
                "a delegation carries no valid MAC: somebody changed the database; it gives nothing"
            );
        }
        Self {
            id,
            connection_id,
            delegation,
        }
    }
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
fn granted<'a>(delegation: &'a Delegation, question: &Question<'_>) -> Option<&'a ScopeBound> {
    let matches = delegation.user_id == *question.user_id
        && delegation.client_id == *question.client_id
        && delegation.provider_id == *question.provider_id;
    let stands = delegation.decision == DelegationDecision::Granted
        && delegation.expires_at.is_none_or(|expires| expires > question.now);
    (matches && stands).then_some(&delegation.scope)
}

#[cfg(test)]
mod tests {
    use vouchsafe_model::{TypedId as _, UserId};

    use super::*;

    /// Revoking everything of one of them names no connection, and is swept into the rows only later.
    #[test]
    fn ar_07__what_is_remembered_of_leave_rests_on_whose_and_where_it_is() {
        let user = UserId::from_uuid("00000000-0000-7000-8000-000000000001".parse().unwrap());
        let key: LeaveKey = (user, "agent".parse().unwrap(), "idp".parse().unwrap());
        let leaves = Leaves {
            connections: Vec::new(),
            delegations: Vec::new(),
            revoked: None,
        };
        let subjects = leaves.subjects(&key);
        for subject in [
            Change::of(ChangeKind::Leave, &key.0),
            Change::of(ChangeKind::User, &key.0),
            Change::of(ChangeKind::Client, &key.1),
            Change::of(ChangeKind::Provider, &key.2),
        ] {
            assert!(subjects.contains(&subject), "{subject:?}");
        }
    }
}
