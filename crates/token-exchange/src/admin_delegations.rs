//! What an administrator does with people's leave: look, and take it back. Nobody but the person gives it (AR-01).

use vouchsafe_audit::Origin;
use vouchsafe_identity_provider::take_leave_back;
use vouchsafe_model::{Delegation, DelegationDecision, DelegationId};
use vouchsafe_store::delegations::DelegationFilter;
use vouchsafe_store::{Page, Tx, delegations};

use crate::authorization_server::AuthorizationServer;
use crate::decisions::DecisionError;

impl AuthorizationServer {
    /// The delegation of this id.
    pub async fn delegation(&self, id: &DelegationId) -> Result<Delegation, DecisionError> {
        let (vault, id) = (self.vault.clone(), id.clone());
        let find = move |tx: &mut Tx<'_>| {
            let row = delegations::by_id(tx, &id)?.ok_or(DecisionError::NotFound)?;
            Ok(vault.verify(row)?)
        };
        self.store.read(find).await
    }

    /// Up to `limit` delegations in order of id, beginning behind `after`; a page may be short and still go on.
    pub async fn delegations(
        &self,
        filter: DelegationFilter,
        after: Option<DelegationId>,
        limit: i64,
    ) -> Result<Page<Delegation>, DecisionError> {
        let vault = self.vault.clone();
        let page = move |tx: &mut Tx<'_>| -> Result<_, DecisionError> {
            let page = delegations::page(tx, &filter, after.as_ref(), limit)?;
            Ok(page.try_map(|row| {
                let id = row.unverified().id.to_string();
                vault.verify(row).map_err(|error| {
                    tracing::error!(delegation.id = id, error = %error, "a delegation was changed past the server and is left out");
                    id
                })
            }))
        };
        self.store.read(page).await
    }

    /// Takes leave back in the person's place. The very next exchange fails (TE-5-01). What is no longer
    /// granted stays as it is.
    pub async fn withdraw_delegation_by_admin(
        &self,
        id: &DelegationId,
        origin: &Origin,
    ) -> Result<Delegation, DecisionError> {
        let (server, id, origin) = (self.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            if !delegations::hold(tx, &id)? {
                return Err(DecisionError::NotFound);
            }
            let row = delegations::by_id(tx, &id)?.ok_or(DecisionError::NotFound)?;
            // A tampered row can be withdrawn as well: that only takes.
            let before = row.unverified().clone();
            if before.decision != DelegationDecision::Granted {
                return Ok(before);
            }
            let taken = Delegation {
                decision: DelegationDecision::Revoked,
                decided_at: server.clock.now(),
                ..before
            };
            let (after, event) = take_leave_back(tx, &server.vault, taken)?;
            server.ledger().append(tx, origin.note(event))?;
            Ok(after)
        };
        self.store.write(work).await
    }
}
