//! Decisions of a person about an agent. Each comes from a POST of a browser session with recent authentication, and
//! from nowhere else (AR-01): a bearer token of the user is held by the very agent that asks.

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_identity_provider::{Begin, Departure, still_signed_in, take_leave_back};
use vouchsafe_model::{
    ApprovedDelegation, Change, ChangeKind, ClientId, Connection, ConnectionId, Delegation,
    DelegationDecision, DelegationId, Interaction, InteractionState, ProviderId, ScopeBound, UnixMillis,
    UserId,
};
use vouchsafe_oauth_types::{InteractionReason, Scope};
use vouchsafe_sign_in::SignedIn;
use vouchsafe_store::{
    StoreError, Tx, clients, connections, delegations, head, interactions, revoked_access,
};
use vouchsafe_vault::TagError;

use crate::authorization_server::AuthorizationServer;
use crate::interaction::InteractionRefusal;
use crate::interaction_view::{pending, view};

/// How a person approves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approval {
    /// The connected account to use; `None` = the only fitting one, or a new one.
    pub connection_id: Option<ConnectionId>,
    /// Connect another account instead.
    pub new_connection: bool,
}

/// What follows from an approval.
#[derive(Debug)]
pub enum Approved {
    /// The agent may act now.
    Delegated(Delegation),
    /// The browser must go to the provider first; the leave follows when it comes back.
    Leave(Departure),
}

/// Why a decision was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecisionError {
    /// Not this user's, or not there.
    #[error("there is no such delegation or connection for this user")]
    NotFound,
    /// Our own database or record.
    #[error("the server cannot complete the request right now")]
    Unavailable(#[from] StoreError),
    /// Somebody changed the row (AR-04).
    #[error("the row of the delegation was changed past the server")]
    Tampered(#[from] TagError),
}

enum Next {
    Done(Delegation),
    Connect {
        interaction: Box<Interaction>,
        reconnect: Option<ConnectionId>,
    },
}

impl AuthorizationServer {
    /// The person agrees. If the account is connected and can do what is asked, the leave is given at once; otherwise
    /// the approval travels, sealed, with the journey to the provider.
    pub async fn approve_interaction(
        &self,
        id: &str,
        signed_in: &SignedIn,
        approval: Approval,
        origin: &Origin,
    ) -> Result<Approved, InteractionRefusal> {
        if !self.sign_in.is_recent(&signed_in.session) {
            return Err(InteractionRefusal::SignInAgain);
        }
        let (server, by, id) = (self.clone(), signed_in.clone(), id.to_owned());
        let from = origin.clone();
        let next = self
            .store
            .write(move |tx| server.approve(tx, &id, &by, &approval, &from))
            .await?;
        match next {
            Next::Done(delegation) => Ok(Approved::Delegated(delegation)),
            Next::Connect {
                interaction,
                reconnect,
            } => self
                .depart(*interaction, reconnect, signed_in, origin)
                .await
                .map(Approved::Leave),
        }
    }

    /// The person refuses; the same request is refused for a while.
    pub async fn deny_interaction(
        &self,
        id: &str,
        signed_in: &SignedIn,
        origin: &Origin,
    ) -> Result<(), InteractionRefusal> {
        let (server, by, id, from) = (self.clone(), signed_in.clone(), id.to_owned(), origin.clone());
        self.store
            .write(move |tx| {
                let now = server.clock.now();
                let interaction = pending(tx, &id, &by.user, now)?;
                let event = decide(tx, interaction, InteractionState::Denied, (&by, now))?;
                server.ledger().append(tx, from.note(event))?;
                Ok(())
            })
            .await
    }

    /// The person takes leave back. The very next exchange fails (TE-5-01).
    pub async fn withdraw_delegation(
        &self,
        signed_in: &SignedIn,
        id: &DelegationId,
        origin: &Origin,
    ) -> Result<Delegation, DecisionError> {
        let (server, by, id, from) = (self.clone(), signed_in.clone(), id.clone(), origin.clone());
        self.store
            .write(move |tx| {
                if !delegations::hold(tx, &id)? {
                    return Err(DecisionError::NotFound);
                }
                let row = delegations::by_id(tx, &id)?.ok_or(DecisionError::NotFound)?;
                // A tampered row can be withdrawn as well: that only takes.
                let delegation = row.unverified().clone();
                if delegation.user_id != by.user.id {
                    return Err(DecisionError::NotFound);
                }
                server
                    .take(tx, delegation, DelegationDecision::Withdrawn, (&by, &from))
                    .map_err(Into::into)
            })
            .await
    }

    /// The person denies an agent a connection, trusted or not.
    pub async fn deny_agent(
        &self,
        signed_in: &SignedIn,
        connection_id: &ConnectionId,
        client_id: &ClientId,
        origin: &Origin,
    ) -> Result<Delegation, DecisionError> {
        let (server, by, from) = (self.clone(), signed_in.clone(), origin.clone());
        let (connection_id, client_id) = (connection_id.clone(), client_id.clone());
        self.store
            .write(move |tx| {
                let connection = connections::by_id(tx, &connection_id)?
                    .filter(|connection| connection.user_id == by.user.id)
                    .ok_or(DecisionError::NotFound)?;
                hold_decisions(tx, &by.user.id, &client_id, &connection.provider_id)?;
                let existing =
                    delegations::by_user_client_connection(tx, &by.user.id, &client_id, &connection.id)?;
                let draft = match existing {
                    Some(row) => row.unverified().clone(),
                    None => server.draft(&connection, client_id, ScopeBound::Scopes(Scope::empty()), &by),
                };
                server
                    .take(tx, draft, DelegationDecision::Denied, (&by, &from))
                    .map_err(Into::into)
            })
            .await
    }

    fn approve(
        &self,
        tx: &mut Tx<'_>,
        id: &str,
        by: &SignedIn,
        approval: &Approval,
        origin: &Origin,
    ) -> Result<Next, InteractionRefusal> {
        let now = self.clock.now();
        let interaction = pending(tx, id, &by.user, now)?;
        let Some(connection) = self.chosen(tx, &interaction, approval)? else {
            return Ok(Next::Connect {
                interaction: Box::new(interaction),
                reconnect: None,
            });
        };
        let shown = view(tx, &self.vault, interaction.clone())?;
        let current = shown
            .connections
            .iter()
            .any(|choice| choice.id == connection.id && choice.sufficient);
        if !current {
            return Ok(Next::Connect {
                interaction: Box::new(interaction),
                reconnect: Some(connection.id),
            });
        }
        hold_decisions(tx, &by.user.id, &interaction.client_id, &interaction.provider_id)?;
        let mut events = self.set_aside_others(tx, &interaction, &connection, by)?;
        let delegation = self.widen(tx, &interaction, &connection, by)?;
        events.push(
            Event::new(EventKind::DelegationGranted)
                .user(&by.user.pseudonym)
                .fact("delegation_id", delegation.id.as_str())
                .fact("client_id", delegation.client_id.as_str())
                .fact("connection_id", delegation.connection_id.as_str())
                .fact("scope", delegation.scope.to_string())
                .changes(Change::of(ChangeKind::Delegation, &delegation.id))
                .changes(Change::of(ChangeKind::Leave, &delegation.user_id))
                .version("delegations", &delegation.id, delegation.version),
        );
        events.push(decide(tx, interaction, InteractionState::Approved, (by, now))?);
        self.still_decides(tx, by, &delegation)?;
        self.ledger()
            .append_all(tx, events.into_iter().map(|event| origin.note(event)))?;
        Ok(Next::Done(delegation))
    }

    /// Under the head, behind which nothing can be committed before this decision: whether it is still the person's to
    /// take, and not overtaken by somebody who revoked everything of the agent.
    fn still_decides(
        &self,
        tx: &mut Tx<'_>,
        by: &SignedIn,
        given: &Delegation,
    ) -> Result<(), InteractionRefusal> {
        head::take(tx)?;
        if !still_signed_in(tx, &self.vault, (&by.user, &by.session), self.clock.now())? {
            return Err(InteractionRefusal::SignInAgain);
        }
        if revoked_access::covers(revoked_access::of_client(tx, &given.client_id)?, given.decided_at) {
            return Err(StoreError::Conflict.into());
        }
        Ok(())
    }

    /// The connection that the approval is about; `None` = a new one.
    fn chosen(
        &self,
        tx: &mut Tx<'_>,
        interaction: &Interaction,
        approval: &Approval,
    ) -> Result<Option<Connection>, InteractionRefusal> {
        if approval.new_connection {
            return Ok(None);
        }
        let shown = view(tx, &self.vault, interaction.clone())?;
        let wanted = approval
            .connection_id
            .as_ref()
            .or(interaction.connection_id.as_ref());
        let chosen = match (wanted, shown.connections.as_slice()) {
            (Some(id), choices) => Some(
                choices
                    .iter()
                    .find(|choice| choice.id == *id)
                    .ok_or(InteractionRefusal::WrongConnection)?,
            ),
            (None, []) => None,
            (None, [only]) => Some(only),
            (None, _) => return Err(InteractionRefusal::WrongConnection),
        };
        match chosen {
            Some(choice) => Ok(connections::by_id(tx, &choice.id)?),
            None => Ok(None),
        }
    }

    /// The new leave, over what was granted before.
    fn widen(
        &self,
        tx: &mut Tx<'_>,
        interaction: &Interaction,
        connection: &Connection,
        by: &SignedIn,
    ) -> Result<Delegation, StoreError> {
        let existing =
            delegations::by_user_client_connection(tx, &by.user.id, &interaction.client_id, &connection.id)?;
        let before = existing
            .as_ref()
            .map(|row| (row.unverified().id.clone(), row.unverified().version));
        let revoked = revoked_access::of_client(tx, &interaction.client_id)?;
        let granted = existing
            .and_then(|row| self.vault.verify(row).ok())
            .filter(|before| {
                before.decision == DelegationDecision::Granted
                    && !revoked_access::covers(revoked, before.decided_at)
            });
        let mut delegation = self.draft(
            connection,
            interaction.client_id.clone(),
            interaction.scope.clone(),
            by,
        );
        delegation.decided_at = revoked_access::behind(revoked, delegation.decided_at);
        if let Some((id, version)) = before {
            delegation.id = id;
            delegation.version = version + 1;
        }
        if let Some(granted) = granted {
            delegation.scope = granted.scope.widen(&delegation.scope);
        }
        let tagged = self.vault.tag(delegation.clone());
        delegations::put(tx, &tagged)?;
        Ok(delegation)
    }

    /// Choosing one of several accounts takes the others away from this agent, so that the same request succeeds: those
    /// that it may use, by the person's leave or by an admin's trusted mark. What the person has said no to stays so.
    fn set_aside_others(
        &self,
        tx: &mut Tx<'_>,
        interaction: &Interaction,
        chosen: &Connection,
        by: &SignedIn,
    ) -> Result<Vec<Event>, StoreError> {
        if interaction.reason != InteractionReason::AccountSelection {
            return Ok(Vec::new());
        }
        let client = clients::by_id(tx, &interaction.client_id)?.and_then(|row| self.vault.verify(row).ok());
        let is_trusted = client
            .and_then(|client| client.ceiling(&interaction.provider_id).cloned())
            .is_some_and(|ceiling| ceiling.trusted.is_some());
        let mut events = Vec::new();
        for connection in connections::live_of_user_provider(tx, &by.user.id, &interaction.provider_id)? {
            if connection.id == chosen.id {
                continue;
            }
            let row = delegations::by_user_client_connection(
                tx,
                &by.user.id,
                &interaction.client_id,
                &connection.id,
            )?;
            let draft = match row {
                Some(row) if row.unverified().decision == DelegationDecision::Granted => {
                    row.unverified().clone()
                }
                None if is_trusted => {
                    let nothing = ScopeBound::Scopes(Scope::empty());
                    self.draft(&connection, interaction.client_id.clone(), nothing, by)
                }
                _ => continue,
            };
            events.push(self.put_taken(tx, draft, DelegationDecision::Withdrawn, by)?.1);
        }
        Ok(events)
    }

    fn take(
        &self,
        tx: &mut Tx<'_>,
        delegation: Delegation,
        decision: DelegationDecision,
        (by, origin): (&SignedIn, &Origin),
    ) -> Result<Delegation, StoreError> {
        let (delegation, event) = self.put_taken(tx, delegation, decision, by)?;
        self.ledger().append(tx, origin.note(event))?;
        Ok(delegation)
    }

    fn put_taken(
        &self,
        tx: &mut Tx<'_>,
        mut delegation: Delegation,
        decision: DelegationDecision,
        by: &SignedIn,
    ) -> Result<(Delegation, Event), StoreError> {
        delegation.decision = decision;
        delegation.decided_in = by.session.id.clone();
        delegation.decided_at = self.clock.now();
        take_leave_back(tx, &self.vault, delegation)
    }

    fn draft(
        &self,
        connection: &Connection,
        client_id: ClientId,
        scope: ScopeBound,
        by: &SignedIn,
    ) -> Delegation {
        let now: UnixMillis = self.clock.now();
        Delegation {
            id: self.ids.next(),
            user_id: by.user.id.clone(),
            client_id,
            connection_id: connection.id.clone(),
            provider_id: connection.provider_id.clone(),
            scope,
            decision: DelegationDecision::Granted,
            expires_at: None,
            decided_in: by.session.id.clone(),
            decided_at: now,
            version: 1,
        }
    }

    async fn depart(
        &self,
        interaction: Interaction,
        reconnect: Option<ConnectionId>,
        signed_in: &SignedIn,
        origin: &Origin,
    ) -> Result<Departure, InteractionRefusal> {
        let scope = match &interaction.scope {
            ScopeBound::Everything => None,
            ScopeBound::Scopes(scope) => Some(scope.clone()),
        };
        let begin = Begin {
            user: signed_in.user.clone(),
            session: signed_in.session.clone(),
            provider_id: interaction.provider_id.clone(),
            scope,
            reconnect,
            client_id: Some(interaction.client_id.clone()),
            interaction_id: Some(interaction.id.clone()),
            approved: Some(ApprovedDelegation {
                client_id: interaction.client_id,
                scope: interaction.scope,
                interaction_id: interaction.id,
            }),
            origin: origin.clone(),
        };
        self.identity_provider
            .begin(begin)
            .await
            .map_err(InteractionRefusal::Connect)
    }
}

/// Holds everything that the user has decided about the client at the provider, in order of id, until the transaction
/// ends: what is read of it from now on is what this decision replaces.
fn hold_decisions(
    tx: &mut Tx<'_>,
    user: &UserId,
    client: &ClientId,
    provider: &ProviderId,
) -> Result<(), StoreError> {
    for row in delegations::of_user_client_provider(tx, user, client, provider)? {
        delegations::hold(tx, &row.unverified().id)?;
    }
    Ok(())
}

fn decide(
    tx: &mut Tx<'_>,
    mut interaction: Interaction,
    state: InteractionState,
    (by, now): (&SignedIn, UnixMillis),
) -> Result<Event, InteractionRefusal> {
    if !interactions::decide(tx, &interaction.id, state, now)? {
        return Err(InteractionRefusal::Decided);
    }
    interaction.state = state;
    Ok(Event::new(EventKind::InteractionDecided)
        .user(&by.user.pseudonym)
        .fact("interaction_id", interaction.id.as_str())
        .fact("client_id", interaction.client_id.as_str())
        .fact("provider_id", interaction.provider_id.as_str())
        .fact("decision", state.as_str())
        .interaction(&interaction))
}
