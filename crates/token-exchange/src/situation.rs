//! Everything an exchange is decided on, found in one look.

use std::sync::Arc;

use vouchsafe_audit::Basis;
use vouchsafe_model::ConnectionId;
use vouchsafe_oauth_types::{AccessTokenClaims, GrantType, InteractionReason};
use vouchsafe_store::{StoreError, Tx};

use crate::authorization_server::AuthorizationServer;
use crate::client_auth::AuthenticatedClient;
use crate::known::{Kept, Reader, Stop};
use crate::leave::{self, Connected, Leave, Leaves, Question};
use crate::refusal::Reason;
use crate::subject::{SignedSubject, VerifiedSubject};
use crate::target::{self, Names, Target};

/// The tokens of a request, signatures verified.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) subject: SignedSubject,
    pub(crate) actor: Option<Arc<AccessTokenClaims>>,
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
    /// This connection.
    Use(Box<Chosen>),
}

/// The leave that counts, among all that the user has.
pub(crate) struct Chosen {
    pub(crate) leave: Leave,
    leaves: Arc<Kept<Leaves>>,
}

impl Chosen {
    /// Its connection, with what is held of it.
    pub(crate) fn connected(&self) -> &Connected {
        self.leaves.value.connected(&self.leave)
    }
}

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// In memory, and in the database for what is not there.
    Remembering,
    /// In the database alone.
    Fresh,
}

/// What a look came to, and whether anything of it came from memory: then it is no ground for a refusal.
pub(crate) struct Seen {
    pub(crate) outcome: Result<Situation, Reason>,
    pub(crate) from_memory: bool,
}

impl AuthorizationServer {
    /// Looks. Whatever depends on time is judged anew.
    pub(crate) async fn situation(
        &self,
        client: &AuthenticatedClient,
        (names, tokens): (&Arc<Names>, &Tokens),
        sight: Sight,
    ) -> Result<Seen, StoreError> {
        let now = self.clock.now();
        let mut look = Look {
            client: client.clone(),
            names: Arc::clone(names),
            tokens: tokens.clone(),
        };
        if sight == Sight::Remembering {
            let reader = Reader::in_memory(&self.0.known, &self.vault, now);
            match look.look(reader) {
                Err(Stop::Miss) => {}
                outcome => return seen(outcome),
            }
        }
        let server = self.clone();
        let remembers = sight == Sight::Remembering;
        let read = move |tx: &mut Tx<'_>| {
            let reader = Reader::in_database(&server.0.known, &server.vault, (tx, remembers), now);
            seen(look.look(reader))
        };
        self.store.read(read).await
    }
}

fn seen(outcome: Result<Seen, Stop>) -> Result<Seen, StoreError> {
    let reason = match outcome {
        Ok(seen) => return Ok(seen),
        Err(Stop::Store(error)) => return Err(error),
        Err(Stop::Provider(error)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a provider cannot be used"
            );
            Reason::UpstreamMisconfigured
        }
        Err(Stop::ClientTampered) => Reason::ClientDisabled,
        Err(Stop::Miss) => return Err(StoreError::Unavailable),
    };
    Ok(Seen {
        outcome: Err(reason),
        from_memory: false,
    })
}

struct Look {
    client: AuthenticatedClient,
    names: Arc<Names>,
    tokens: Tokens,
}

/// What a look finds, before its basis is known.
type Found = (AuthenticatedClient, VerifiedSubject, Target, Choice);

impl Look {
    fn look(&mut self, mut reader: Reader<'_, '_, '_>) -> Result<Seen, Stop> {
        let found = self.find(&mut reader)?;
        let from_memory = reader.is_from_memory();
        let outcome = found.map(|(client, subject, target, choice)| Situation {
            client,
            subject,
            target,
            choice,
            basis: reader.into_basis(),
        });
        Ok(Seen { outcome, from_memory })
    }

    fn find(&self, reader: &mut Reader<'_, '_, '_>) -> Result<Result<Found, Reason>, Stop> {
        let Some(client) = self.client.renew(reader)? else {
            return Ok(Err(Reason::ClientDisabled));
        };
        if !client
            .registration()
            .grant_types
            .contains(&GrantType::TokenExchange)
        {
            return Ok(Err(Reason::GrantNotAllowed));
        }
        let subject = match self.tokens.subject.verify(reader)? {
            Ok(subject) => subject,
            Err(reason) => return Ok(Err(reason)),
        };
        if let Some(actor) = &self.tokens.actor
            && SignedSubject::of(Arc::clone(actor)).verify(reader)?.is_err()
        {
            return Ok(Err(Reason::ActorInvalid));
        }
        if let Err(reason) = subject.presented_by(&client, self.tokens.actor.as_deref()) {
            return Ok(Err(reason));
        }
        let target = match target::resolve(reader, client.registration(), &self.names)? {
            Ok(target) => target,
            Err(reason) => return Ok(Err(reason)),
        };
        let choice = self.choose(reader, &subject, &target)?;
        Ok(Ok((client, subject, target, choice)))
    }

    /// Delegation, then connection: without leave the answer is the same whether a connection exists or not (AR-11).
    fn choose(
        &self,
        reader: &mut Reader<'_, '_, '_>,
        subject: &VerifiedSubject,
        target: &Target,
    ) -> Result<Choice, Stop> {
        let key = (
            subject.user().id.clone(),
            self.client.registration().id.clone(),
            target.provider().row.id.clone(),
        );
        let kept = reader.leaves(&key)?;
        let mut leaves = kept.value.of(&Question {
            user_id: &key.0,
            client_id: &key.1,
            provider_id: &key.2,
            ceiling: &target.ceiling,
            now: reader.now(),
        });
        if let Some(account) = &self.names.account {
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
        if leave::stands(&leave.connection, target.provider(), subject.user()) {
            let leaves = kept;
            Ok(Choice::Use(Box::new(Chosen { leave, leaves })))
        } else {
            let id = leave.connection.id.clone();
            Ok(Choice::Ask(InteractionReason::Reconnect, Some(id)))
        }
    }
}
