//! The agents beside a connection: whom the person let in, whom an admin trusts, and who has lost it.

use vouchsafe_model::{
    Client, ClientStatus, Connection, Delegation, DelegationDecision, ScopeBound, UnixMillis,
};
use vouchsafe_store::revoked_access::covers;
use vouchsafe_store::{StoreError, Tx, delegations, revoked_access};

use super::{AgentStanding, AgentView, Look};

impl Look {
    pub(super) fn agents(
        &mut self,
        tx: &mut Tx<'_>,
        connection: &Connection,
        clients: &[Client],
    ) -> Result<Vec<AgentView>, StoreError> {
        let rows = self.readable(delegations::each_of_connection(tx, &connection.id)?)?;
        // A decision beats a trusted mark (AR-19), even one whose MAC is broken: as in an exchange, it hides nothing.
        let decided: Vec<_> = rows
            .iter()
            .map(|row| row.unverified().client_id.clone())
            .collect();
        let mut agents = Vec::new();
        for row in rows {
            let id = row.unverified().id.clone();
            let delegation = match self.vault.verify(row) {
                Ok(delegation) => delegation,
                Err(error) => {
                    tracing::error!(
                        delegation.id = %id,
                        error = %error,
                        "a delegation was changed past the server and is left out of its person's page"
                    );
                    self.incomplete = true;
                    continue;
                }
            };
            let client = clients.iter().find(|client| client.id == delegation.client_id);
            let revoked = revoked_access::of_client(tx, &delegation.client_id)?;
            let taken =
                delegation.decision == DelegationDecision::Granted && covers(revoked, delegation.decided_at);
            let trusted = client
                .and_then(|client| of_trust(client, connection))
                .filter(|_| !covers(revoked, connection.created_at));
            let mut agent = of_delegation(delegation, client, self.now);
            if let (AgentStanding::Granted, Some(trusted)) = (agent.standing, trusted) {
                agent.scope = agent.scope.widen(&trusted.scope);
            }
            if taken {
                agent.standing = AgentStanding::Revoked;
                agent.decided_at = revoked;
            }
            agents.push(agent);
        }
        for client in clients.iter().filter(|client| !decided.contains(&client.id)) {
            let revoked = revoked_access::of_client(tx, &client.id)?;
            let trusted = of_trust(client, connection);
            agents.extend(trusted.filter(|_| !covers(revoked, connection.created_at)));
        }
        Ok(agents)
    }
}

fn of_delegation(delegation: Delegation, client: Option<&Client>, now: UnixMillis) -> AgentView {
    let ceiling = client
        .filter(|client| client.status == ClientStatus::Active)
        .and_then(|client| client.ceiling(&delegation.provider_id));
    let standing = match delegation.decision {
        DelegationDecision::Denied => AgentStanding::Denied,
        DelegationDecision::Withdrawn => AgentStanding::Withdrawn,
        DelegationDecision::Revoked => AgentStanding::Revoked,
        DelegationDecision::Granted if delegation.expires_at.is_some_and(|end| end <= now) => {
            AgentStanding::Expired
        }
        DelegationDecision::Granted if ceiling.is_none() => AgentStanding::Suspended,
        DelegationDecision::Granted => AgentStanding::Granted,
    };
    AgentView {
        client_name: client.map_or_else(|| delegation.client_id.to_string(), |client| client.name.clone()),
        client_id: delegation.client_id,
        scope: ceiling.map_or_else(
            || delegation.scope.clone(),
            |ceiling| ceiling.scope.narrow(&delegation.scope),
        ),
        standing,
        decided_at: Some(delegation.decided_at),
        expires_at: delegation.expires_at,
        delegation_id: Some(delegation.id),
    }
}

fn of_trust(client: &Client, connection: &Connection) -> Option<AgentView> {
    let ceiling = client
        .ceiling(&connection.provider_id)
        .filter(|_| client.status == ClientStatus::Active)?;
    let trusted: &ScopeBound = ceiling.trusted.as_ref()?;
    Some(AgentView {
        delegation_id: None,
        client_id: client.id.clone(),
        client_name: client.name.clone(),
        scope: ceiling.scope.narrow(trusted),
        standing: AgentStanding::Trusted,
        decided_at: None,
        expires_at: None,
    })
}
