//! The delegation that was approved before the browser left.

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{
    ApprovedDelegation, Change, ChangeKind, ConnectAttempt, Connection, Delegation, DelegationDecision,
    DelegationId, Interaction, InteractionId, InteractionState, ScopeBound, UnixMillis, User,
};
use vouchsafe_store::{Tx, delegations, interactions, revoked_access};

use super::ConnectError;
use super::recheck::client_is_active;
use crate::identity_provider::IdentityProvider;

/// What the person had decided about the client and the connection before.
struct Before {
    id: DelegationId,
    version: i64,
    /// What was granted, and still is.
    granted: Option<ScopeBound>,
}

/// What a flow has delegated.
pub(super) struct Delegated {
    pub(super) delegation: Delegation,
    /// What stood there before; its change since the flow began stops the flow.
    pub(super) before: Option<DelegationId>,
    /// The interaction, if it still waited for this.
    pub(super) answered: Option<Interaction>,
}

impl IdentityProvider {
    /// Everything that was approved before leaving.
    pub(super) fn keep_approval(
        &self,
        tx: &mut Tx<'_>,
        attempt: &ConnectAttempt,
        approved: &ApprovedDelegation,
        connection: &Connection,
    ) -> Result<Delegated, ConnectError> {
        let before = self.decided_before(tx, attempt, approved, connection)?;
        let delegation = self.delegate(tx, attempt, approved, connection, before.as_ref())?;
        let answered = answer_interaction(tx, &approved.interaction_id, self.inner().clock.now())?;
        Ok(Delegated {
            delegation,
            before: before.map(|before| before.id),
            answered,
        })
    }

    fn decided_before(
        &self,
        tx: &mut Tx<'_>,
        attempt: &ConnectAttempt,
        approved: &ApprovedDelegation,
        connection: &Connection,
    ) -> Result<Option<Before>, ConnectError> {
        let inner = self.inner();
        let found = delegations::by_user_client_connection(
            tx,
            &attempt.user_id,
            &approved.client_id,
            &connection.id,
        )?;
        let revoked = revoked_access::of_client(tx, &approved.client_id)?;
        Ok(found.map(|tagged| {
            let (id, version) = (tagged.unverified().id.clone(), tagged.unverified().version);
            let granted = inner.vault.verify(tagged).ok().filter(|before| {
                before.decision == DelegationDecision::Granted
                    && !revoked_access::covers(revoked, before.decided_at)
                    && before.expires_at.is_none_or(|end| end > inner.clock.now())
            });
            Before {
                id,
                version,
                granted: granted.map(|before| before.scope),
            }
        }))
    }

    /// Writes the approved delegation under a tag; what was granted before stays granted. The approval came out of the
    /// attempt's seal: the database cannot add to it.
    fn delegate(
        &self,
        tx: &mut Tx<'_>,
        attempt: &ConnectAttempt,
        approved: &ApprovedDelegation,
        connection: &Connection,
        before: Option<&Before>,
    ) -> Result<Delegation, ConnectError> {
        let inner = self.inner();
        if !client_is_active(tx, &inner.vault, &approved.client_id)? {
            return Err(ConnectError::AuthorityChanged);
        }
        let granted = before.and_then(|before| before.granted.as_ref());
        let revoked = revoked_access::of_client(tx, &approved.client_id)?;
        let delegation = Delegation {
            id: before.map_or_else(|| inner.ids.next(), |before| before.id.clone()),
            user_id: attempt.user_id.clone(),
            client_id: approved.client_id.clone(),
            connection_id: connection.id.clone(),
            provider_id: attempt.provider_id.clone(),
            scope: granted.map_or_else(
                || approved.scope.clone(),
                |granted| granted.widen(&approved.scope),
            ),
            decision: DelegationDecision::Granted,
            expires_at: None,
            decided_in: attempt.session_id.clone(),
            decided_at: revoked_access::behind(revoked, inner.clock.now()),
            version: before.map_or(1, |before| before.version + 1),
        };
        delegations::put(tx, &inner.vault.tag(delegation.clone()))?;
        Ok(delegation)
    }
}

/// Marks the interaction as answered, if it still waited. One that was refused in another tab meanwhile ends the
/// flow, one that expired while the person was at the provider does not.
fn answer_interaction(
    tx: &mut Tx<'_>,
    id: &InteractionId,
    now: UnixMillis,
) -> Result<Option<Interaction>, ConnectError> {
    let waited = interactions::decide(tx, id, InteractionState::Approved, now)?;
    match interactions::by_id(tx, id)? {
        interaction if waited => Ok(interaction),
        Some(interaction) if interaction.state == InteractionState::Denied => {
            Err(ConnectError::AuthorityChanged)
        }
        _ => Ok(None),
    }
}

/// What the record says of it.
pub(super) fn events(user: &User, attempt: &ConnectAttempt, delegated: &Delegated) -> Vec<Event> {
    let mut events = vec![granted(user, &delegated.delegation)];
    let interaction = delegated.answered.as_ref();
    events.extend(interaction.map(|interaction| answered(user, attempt, interaction)));
    events
}

fn granted(user: &User, delegation: &Delegation) -> Event {
    Event::new(EventKind::DelegationGranted)
        .user(&user.pseudonym)
        .fact("delegation_id", delegation.id.as_str())
        .fact("client_id", delegation.client_id.as_str())
        .fact("connection_id", delegation.connection_id.as_str())
        .fact("provider_id", delegation.provider_id.as_str())
        .fact("session_id", delegation.decided_in.as_str())
        .fact("scope", delegation.scope.to_string())
        .changes(Change::of(ChangeKind::Delegation, &delegation.id))
        .changes(Change::of(ChangeKind::Leave, &delegation.user_id))
        .version("delegations", &delegation.id, delegation.version)
}

fn answered(user: &User, attempt: &ConnectAttempt, interaction: &Interaction) -> Event {
    Event::new(EventKind::InteractionDecided)
        .user(&user.pseudonym)
        .fact("decision", "approved")
        .fact("attempt_id", attempt.id.as_str())
        .fact("interaction_id", interaction.id.as_str())
        .fact("client_id", interaction.client_id.as_str())
        .fact("provider_id", attempt.provider_id.as_str())
        .interaction(interaction)
}
