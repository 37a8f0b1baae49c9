//! Everything an exchange is decided on, read in one transaction.

use vouchsafe_audit::Basis;
use vouchsafe_identity_provider::{Holdings, ProviderError, holdings};
use vouchsafe_model::{Change, ChangeKind, ConnectionId, UnixMillis};
use vouchsafe_oauth_types::{AccessTokenClaims, InteractionReason, TokenExchangeRequest};
use vouchsafe_store::{StoreError, Tx, connections, head};
use vouchsafe_vault::Vault;

use crate::authorization_server::AuthorizationServer;
use crate::client_auth::AuthenticatedClient;
use crate::leave::{self, Leave, Question};
use crate::refusal::{Reason, TokenRefusal, unavailable};
use crate::subject::{SignedSubject, VerifiedSubject};
use crate::target::{self, Names, Target};

/// The tokens of a request, signatures verified.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) subject: SignedSubject,
    pub(crate) actor: Option<AccessTokenClaims>,
}

/// What was found.
pub(crate) struct Situation {
    /// The client as it stands in this look.
    pub(crate) client: AuthenticatedClient,
    pub(crate) subject: VerifiedSubject,
    pub(crate) target: Target,
    pub(crate) choice: Choice,
    /// Everything above, each with the point at which it was read.
    pub(crate) basis: Basis,
}

/// What the user's leave and connections come to.
pub(crate) enum Choice {
    /// A person must act first.
    Ask(InteractionReason, Option<ConnectionId>),
    /// This connection, with what is held of it, and when it was last used.
    Use(Box<(Leave, Holdings, Option<UnixMillis>)>),
}

impl AuthorizationServer {
    /// Reads it. Every check of standing is made anew: nothing here comes from a cache.
    pub(crate) async fn situation(
        &self,
        client: &AuthenticatedClient,
        request: &TokenExchangeRequest,
        tokens: &Tokens,
    ) -> Result<Situation, TokenRefusal> {
        let look = Look {
            vault: self.vault.clone(),
            client: client.clone(),
            names: Names {
                audience: request.audience.clone(),
                resource: request.resource.clone(),
            },
            account: request.login_hint.clone(),
            tokens: tokens.clone(),
            now: self.clock.now(),
        };
        match self.store.read(move |tx| look.look(tx)).await {
            Ok(outcome) => outcome.map_err(|reason| client.refused(reason)),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

struct Look {
    vault: Vault,
    client: AuthenticatedClient,
    names: Names,
    account: Option<String>,
    tokens: Tokens,
    now: UnixMillis,
}

impl Look {
    fn look(&self, tx: &mut Tx<'_>) -> Result<Result<Situation, Reason>, StoreError> {
        let Some(client) = self.client.renew(tx, &self.vault)? else {
            return Ok(Err(Reason::ClientDisabled));
        };
        let subject = match self.tokens.subject.verify(tx, &self.vault, self.now)? {
            Ok(subject) => subject,
            Err(reason) => return Ok(Err(reason)),
        };
        let mut basis = client.basis().and(subject.basis());
        if let Some(actor) = &self.tokens.actor {
            match SignedSubject::of(actor.clone()).verify(tx, &self.vault, self.now)? {
                Ok(actor) => basis = basis.and(actor.basis()),
                Err(_) => return Ok(Err(Reason::ActorInvalid)),
            }
        }
        if let Err(reason) = subject.presented_by(&client, self.tokens.actor.as_ref()) {
            return Ok(Err(reason));
        }
        let point = head::peek(tx)?.change_seq;
        let target = match target::resolve(tx, &self.vault, client.registration(), &self.names) {
            Ok(Ok(target)) => target,
            Ok(Err(reason)) => return Ok(Err(reason)),
            Err(ProviderError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a provider cannot be used"
                );
                return Ok(Err(Reason::UpstreamMisconfigured));
            }
        };
        let choice = self.choose(tx, &subject, &target)?;
        let basis = basis.and(rests_on(point, &target, &choice));
        Ok(Ok(Situation {
            client,
            subject,
            target,
            choice,
            basis,
        }))
    }

    /// Delegation, then connection: without leave the answer is the same whether a connection exists or not (AR-11).
    fn choose(
        &self,
        tx: &mut Tx<'_>,
        subject: &VerifiedSubject,
        target: &Target,
    ) -> Result<Choice, StoreError> {
        let question = Question {
            user_id: &subject.user().id,
            client_id: &self.client.registration().id,
            provider_id: &target.provider.row.id,
            ceiling: &target.ceiling,
            now: self.now,
        };
        let mut leaves = leave::of(tx, &self.vault, &question)?;
        if let Some(account) = &self.account {
            leaves.retain(|leave| {
                leave.connection.account_id == *account
                    || leave.connection.account_label.as_ref() == Some(account)
            });
        }
        let leave = match leaves.len() {
            0 => return Ok(Choice::Ask(InteractionReason::AuthorizationNeeded, None)),
            1 => leaves.remove(0),
            // Never guessed (TV-03).
            _ => return Ok(Choice::Ask(InteractionReason::AccountSelection, None)),
        };
        let connection = &leave.connection;
        if !leave::stands(connection, &target.provider, subject.user()) {
            return Ok(Choice::Ask(
                InteractionReason::Reconnect,
                Some(leave.connection.id),
            ));
        }
        let held = holdings(tx, connection)?;
        let last_used = connections::last_used(tx, &connection.id)?;
        Ok(Choice::Use(Box::new((leave, held, last_used))))
    }
}

/// Provider, connection and delegation, read at or after `point`.
fn rests_on(point: i64, target: &Target, choice: &Choice) -> Basis {
    let basis = Basis::at(point).on(Change::of(ChangeKind::Provider, &target.provider.row.id));
    let Choice::Use(chosen) = choice else { return basis };
    let (leave, held, _) = &**chosen;
    let basis = basis.on(Change::of(ChangeKind::Connection, &leave.connection.id));
    let grants = held
        .grants
        .iter()
        .map(|holding| Change::of(ChangeKind::UpstreamGrant, &holding.grant.id));
    let basis = grants.fold(basis, Basis::on);
    match &leave.delegation_id {
        Some(id) => basis.on(Change::of(ChangeKind::Delegation, id)),
        None => basis,
    }
}
