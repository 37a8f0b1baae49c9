//! The one transaction that makes a connection.

use std::sync::Arc;

use vouchsafe_audit::{Details, Event, EventKind};
use vouchsafe_model::{Change, ChangeKind, ClientId, ConnectAttempt, ConnectAttemptState, User};
use vouchsafe_store::{Tx, connect_attempts};

use super::account::{self, Target};
use super::identify::Unidentified;
use super::redeem::Redeemed;
use super::renew::Stored;
use super::{ConnectError, Connected, delegate, recheck};
use crate::catalogue::Account;
use crate::identity_provider::{IdentityProvider, Transient as _};

impl IdentityProvider {
    /// From quarantine to a connection, or to an end without one. What cannot be told now is left to a job.
    pub(super) async fn settle(&self, redeemed: Redeemed) -> Result<Connected, ConnectError> {
        let id = redeemed.attempt.id.clone();
        let outcome = self.complete_once(redeemed).await;
        if matches!(outcome, Err(ConnectError::IdentityPending)) {
            self.settle_later(&id).await?;
        }
        outcome
    }

    /// One try.
    pub(super) async fn complete_once(&self, redeemed: Redeemed) -> Result<Connected, ConnectError> {
        let account = match self.identify(&redeemed).await {
            Ok(account) => account,
            Err(Unidentified::NotYet) => return Err(ConnectError::IdentityPending),
            Err(Unidentified::Refused) => {
                return Err(self
                    .fail_unclaimed(redeemed, ConnectError::IdentityUnverified)
                    .await);
            }
        };
        let redeemed = Arc::new(redeemed);
        let (this, tokens) = (self.clone(), Arc::clone(&redeemed));
        let outcome = self
            .persist(move |tx| this.complete_in(tx, &tokens, &account))
            .await;
        self.inner().new_job.notify_one();
        match outcome {
            // Somebody else has ended it, or the database is away: then it stays in quarantine.
            Err(error) if error.is_transient() || matches!(error, ConnectError::AlreadyFinished) => {
                Err(error)
            }
            Err(error @ (ConnectError::Store(_) | ConnectError::Vault(_))) => Err(error),
            Err(error) => match Arc::into_inner(redeemed) {
                Some(redeemed) => Err(self.fail_unclaimed(redeemed, error).await),
                None => Err(error),
            },
            connected => connected,
        }
    }

    fn complete_in(
        &self,
        tx: &mut Tx<'_>,
        redeemed: &Redeemed,
        account: &Account,
    ) -> Result<Connected, ConnectError> {
        let inner = self.inner();
        let attempt = &redeemed.attempt;
        // Asked again when the outcome of a first commit was unknown: then it has ended.
        if !connect_attempts::finish(tx, &attempt.id, ConnectAttemptState::Done, inner.clock.now())? {
            return Err(ConnectError::AlreadyFinished);
        }
        let provider = self.unchanged_provider(tx, attempt)?;
        let user = recheck::active_user(tx, &inner.vault, attempt)?;
        let stored = match account::target(tx, attempt, &account.account_id)? {
            Target::New => self.store_new(tx, redeemed, account)?,
            Target::Renewed(connection) => self.store_renewed(tx, redeemed, account, &connection)?,
        };
        let approved = redeemed.secrets.expose().approved.as_ref();
        let delegated = match approved {
            Some(approved) => Some(self.keep_approval(tx, attempt, approved, &stored.connection)?),
            None => None,
        };
        recheck::still_holds(tx, attempt, approved, delegated.as_ref())?;
        account::is_the_only_one(tx, &stored.connection)?;
        let mut events = vec![connected(&user, attempt, &stored)];
        if let Some(delegated) = &delegated {
            events.extend(delegate::events(&user, attempt, delegated));
        }
        inner
            .ledger
            .append_all(tx, events.into_iter().map(|event| redeemed.origin.note(event)))?;
        let agents = self.may_use(tx, &stored.connection)?;
        Ok(Connected {
            agents,
            connection: stored.connection,
            provider_name: provider.entry.display_name().to_owned(),
            delegation: delegated.map(|delegated| delegated.delegation),
            interaction_id: attempt.interaction_id.clone(),
        })
    }
}

/// Names initiator and finisher by the attempt: the record of its start has the other address (CL-10).
fn connected(user: &User, attempt: &ConnectAttempt, stored: &Stored) -> Event {
    let connection = &stored.connection;
    let mut event = Event::new(EventKind::ConnectionConnected)
        .user(&user.pseudonym)
        .details(Details {
            account: Some(connection.account_id.clone()),
            ..Details::default()
        })
        .fact("connection_id", connection.id.as_str())
        .fact("provider_id", connection.provider_id.as_str())
        .fact("attempt_id", attempt.id.as_str())
        .fact("session_id", attempt.session_id.as_str())
        .fact("renewed", stored.renewed)
        .fact("scope", stored.scope.clone())
        .fact_if("client_id", attempt.client_id.as_ref().map(ClientId::as_str))
        .connection(connection);
    if stored.renewed {
        // Tokens that a release may rest on have been replaced.
        event = event.changes(Change::of(ChangeKind::Connection, &connection.id));
    } else {
        event = event.changes(Change::of(ChangeKind::Leave, &connection.user_id));
    }
    event = stored.removed.iter().fold(event, Event::upstream_grant_gone);
    for (grant, token) in &stored.grants {
        event = event.upstream_grant(grant).access_token(token);
    }
    event
}
