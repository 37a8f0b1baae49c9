//! The exchange (RFC 8693), one line per step.

use std::sync::Arc;
use std::time::Duration;

use vouchsafe_audit::{Details, Event, EventKind, Origin, Recorded, ReleaseError};
use vouchsafe_identity_provider::catalogue::Narrowing;
use vouchsafe_identity_provider::{Fresh, Holdings, RefreshError, Want};
use vouchsafe_model::{ConnectionId, DelegationId, EffectiveScope};
use vouchsafe_oauth_types::{InteractionReason, SecretText, TokenExchangeRequest, TokenResponse, TokenType};

use crate::actor;
use crate::authorization_server::{AuthorizationServer, Refused};
use crate::client_auth::AuthenticatedClient;
use crate::interaction::Ask;
use crate::leave::Leave;
use crate::policy::{self, Denial, GrantPower, Permit};
use crate::refusal::{Reason, TokenRefusal, release_failed, unavailable};
use crate::reply::TokenReply;
use crate::situation::{Choice, Seen, Sight, Situation, Tokens};
use crate::subject;
use crate::target::{Names, Target};

/// Outcome of one look at the situation.
enum Step {
    /// Ready to be released.
    Release(Box<(Fresh, Permit)>),
    /// Nothing usable in the vault: have it refreshed, then look again.
    Refresh(ConnectionId, Want),
}

impl AuthorizationServer {
    /// 1. signatures of subject and actor; then, as often as authority changes under us:
    /// 2. subject, target, leave, connection, holdings in one look; 3. policy; 4. warm, or a refresh and back to 2;
    /// 5. record and release. The first look is in memory; what is not released is looked at again in the database.
    pub(crate) async fn exchange(
        &self,
        client: &AuthenticatedClient,
        request: &TokenExchangeRequest,
        origin: &Origin,
    ) -> Result<Recorded<TokenReply>, Refused> {
        // What the record says of a refusal that knows no more than the request.
        let refused = |reason: TokenRefusal| Refused::with(reason, described(request));
        let tokens = self
            .signed_tokens(client, request)
            .map_err(|reason| refused(reason.into()))?;
        let names = Arc::new(Names {
            audience: request.audience.clone(),
            resource: request.resource.clone(),
            account: request.login_hint.clone(),
        });
        let mut refreshed = false;
        let mut sight = Sight::Remembering;
        for _ in 0..ATTEMPTS {
            let seen = self.situation(client, (&names, &tokens), sight).await;
            let Seen { outcome, from_memory } = seen.map_err(|error| refused(unavailable(&error)))?;
            sight = Sight::Fresh;
            let situation = match outcome {
                Err(_) if from_memory => continue,
                outcome => outcome.map_err(|reason| refused(client.refused(reason)))?,
            };
            let step = match self.step(&situation, request, refreshed) {
                Err(_) | Ok(Step::Refresh(..)) if from_memory => continue,
                step => step,
            };
            let event = match self.witnessed(described(request), &situation, &tokens) {
                Err(_) if from_memory => continue,
                event => event.map_err(|reason| refused(reason.into()))?,
            };
            match step {
                Err(Obstacle::Refused(reason)) => return Err(Refused::with(reason, event)),
                Err(Obstacle::Ask(reason, connection)) => {
                    let ask = Ask::new(&situation, &tokens, request, (reason, connection));
                    let refusal = self.ask(ask, origin).await;
                    return Err(Refused::with(refusal, event));
                }
                // Refreshed, and still nothing to hand out: asking again at once would be a storm.
                Ok(Step::Refresh(..)) if refreshed => {
                    return Err(Refused::with(Reason::UpstreamUnavailable, event));
                }
                Ok(Step::Refresh(connection, want)) => {
                    let outcome = self.identity_provider.refresh(&connection, want).await;
                    refreshed = true;
                    match outcome {
                        // Not there any more, or it needs consent: the next look gives the exact answer.
                        Ok(()) | Err(RefreshError::Gone | RefreshError::NeedsConsent(_)) => {}
                        Err(error) => return Err(Refused::with(refresh_failed(&error), event)),
                    }
                }
                Ok(Step::Release(ready)) => {
                    let (fresh, permit) = *ready;
                    let expires_in = match self.life_left(&fresh) {
                        Ok(expires_in) => expires_in,
                        // It ended while it was looked at.
                        Err(_) if from_memory => continue,
                        Err(reason) => return Err(Refused::with(reason, event)),
                    };
                    let reply = reply((fresh, expires_in), &permit, &situation, origin.note(event));
                    match self.release(reply, &situation).await {
                        Err(ReleaseError::Stale) => {}
                        Err(error) => {
                            let event = self.witnessed(described(request), &situation, &tokens);
                            let event = event.unwrap_or_else(|_| described(request));
                            return Err(Refused::with(release_failed(&error), event));
                        }
                        Ok(recorded) => return Ok(recorded),
                    }
                }
            }
        }
        Err(refused(Reason::KeptChanging.into()))
    }

    /// Releases, and notes now and then that the connection is in use.
    async fn release(
        &self,
        reply: TokenReply,
        situation: &Situation,
    ) -> Result<Recorded<TokenReply>, ReleaseError> {
        let recorded = self.recorder.release(situation.basis.clone(), reply).await?;
        let now = self.clock.now();
        if let Choice::Use(chosen) = &situation.choice
            && chosen.connected().is_use_news(now, USE_NOTED_EVERY)
        {
            self.0.uses.note(&chosen.leave.connection.id, now);
        }
        Ok(recorded)
    }

    fn signed_tokens(
        &self,
        client: &AuthenticatedClient,
        request: &TokenExchangeRequest,
    ) -> Result<Tokens, Reason> {
        let now = self.clock.now();
        requested_type(request)?;
        let own = &self.0.own_tokens;
        let subject = subject::read(own, (&request.subject_token, request.subject_token_type), now)?;
        let actor = request
            .actor_token
            .as_ref()
            .map(|(token, declared)| actor::read(own, (token, *declared), (client, now)));
        Ok(Tokens {
            subject,
            actor: actor.transpose()?,
        })
    }

    /// Policy and warmth.
    fn step(
        &self,
        situation: &Situation,
        request: &TokenExchangeRequest,
        refreshed: bool,
    ) -> Result<Step, Obstacle> {
        let target = &situation.target;
        let asked = request.scope.as_ref();
        // The ceiling comes first: beyond it nothing is told about leave or connections (AR-11).
        if asked.is_some_and(|asked| !target.ceiling.scope.covers(asked)) {
            return Err(Obstacle::Refused(Reason::ScopeBeyondCeiling));
        }
        if !target.provider().entry.revocable() && !target.ceiling.allow_unbounded_raw {
            return Err(Obstacle::Refused(Reason::RawNotAllowed));
        }
        let chosen = match &situation.choice {
            Choice::Ask(reason, connection) => return Err(Obstacle::Ask(*reason, connection.clone())),
            Choice::Use(chosen) => chosen,
        };
        let leave = &chosen.leave;
        let reconnect = || Obstacle::Ask(InteractionReason::Reconnect, Some(leave.connection.id.clone()));
        let held = chosen.connected().held.as_ref().ok_or_else(reconnect)?;
        let permit = policy::decide(&target.ceiling.scope, &leave.scope, asked, &powers(held, target))
            .map_err(|denial| {
                if denial == Denial::CannotNarrow {
                    cannot_narrow(held, target);
                }
                Obstacle::of(denial, leave)
            })?;
        let want = Want {
            grant_id: permit.grant_id.clone(),
            audience: String::new(),
            narrow: permit.narrow.clone(),
        };
        // After a refresh of our own a short life is the provider's choice, and refreshing again would be a storm.
        let least = if refreshed {
            Duration::from_secs(1)
        } else {
            self.options.minimum_token_life
        };
        match held.warm(&self.vault, &leave.connection, &want, self.clock.now(), least) {
            Ok(Some(fresh)) if !policy::fits(&permit.bound, &fresh.scope) => {
                Err(Obstacle::Refused(Reason::CannotNarrow))
            }
            Ok(Some(fresh)) if fresh.expires_at.is_none() && !target.ceiling.allow_unbounded_raw => {
                Err(Obstacle::Refused(Reason::RawNotAllowed))
            }
            Ok(Some(fresh)) => Ok(Step::Release(Box::new((fresh, permit)))),
            Ok(None) => Ok(Step::Refresh(leave.connection.id.clone(), want)),
            Err(error) => {
                tracing::error!(connection.id = %leave.connection.id, error = %error, "a stored token does not open");
                Err(reconnect())
            }
        }
    }

    /// Seconds that the token still lives, where it does not live for good.
    fn life_left(&self, fresh: &Fresh) -> Result<Option<u64>, Reason> {
        let now = self.clock.now();
        match fresh.expires_at {
            Some(at) if at <= now => Err(Reason::UpstreamUnavailable),
            Some(at) => Ok(Some(now.until(at).as_secs())),
            None => Ok(None),
        }
    }

    fn witnessed(&self, event: Event, situation: &Situation, tokens: &Tokens) -> Result<Event, Reason> {
        let (subject, client) = (&situation.subject, &situation.client);
        let actors = actor::chain(
            subject.claims(),
            tokens.actor.as_deref(),
            client,
            self.options.actor_chain,
        )?;
        let mut event = event
            .user(&subject.user().pseudonym)
            .fact("client_id", client.registration().id.as_str())
            .fact("client_auth_method", client.registration().auth_method.as_str())
            .fact("provider_id", situation.target.provider().row.id.as_str())
            .fact("user_id", subject.user().id.as_str())
            .fact("session_id", subject.token().session_id.as_str())
            .fact("authorization_id", subject.token().authorization_id.as_str())
            .fact("subject_jti", subject.claims().jti.as_str())
            .fact("actors", actor::recorded(&actors))
            .details(Details {
                issuer: Some(subject.claims().iss.clone()),
                subject: Some(subject.claims().sub.clone()),
                ..Details::default()
            });
        if let Choice::Use(chosen) = &situation.choice {
            let leave = &chosen.leave;
            event = event.fact("connection_id", leave.connection.id.as_str()).fact_if(
                "delegation_id",
                leave.delegation_id.as_ref().map(DelegationId::as_str),
            );
        }
        Ok(event)
    }
}

fn reply(
    (fresh, expires_in): (Fresh, Option<u64>),
    permit: &Permit,
    situation: &Situation,
    event: Event,
) -> TokenReply {
    let by_delegation = match &situation.choice {
        Choice::Use(chosen) => chosen.leave.delegation_id.is_some(),
        Choice::Ask(..) => false,
    };
    let event = event
        .fact("upstream_grant_id", fresh.grant_id.as_str())
        .fact("rule", if by_delegation { "delegation" } else { "trusted" })
        .fact("narrowed", permit.narrow.is_some())
        .fact_if("expires_at", fresh.expires_at.map(|at| at.0));
    let scope = match fresh.scope {
        EffectiveScope::Known(scope) => Some(scope),
        EffectiveScope::Unknown => None,
    };
    let response = TokenResponse {
        access_token: SecretText::from(fresh.token.expose().as_str()),
        issued_token_type: Some(TokenType::AccessToken),
        // An upstream token is plain Bearer, whatever bound the subject was (D-05).
        token_type: "Bearer",
        expires_in,
        scope,
    };
    TokenReply::new(response, with_kind(event))
}

/// What stands between a request and its token.
enum Obstacle {
    Refused(Reason),
    Ask(InteractionReason, Option<ConnectionId>),
}

impl Obstacle {
    fn of(denial: Denial, leave: &Leave) -> Self {
        match denial {
            Denial::BeyondCeiling => Self::Refused(Reason::ScopeBeyondCeiling),
            Denial::BeyondLeave | Denial::NotGranted => {
                Self::Ask(InteractionReason::MoreScopes, Some(leave.connection.id.clone()))
            }
            Denial::CannotNarrow => Self::Refused(Reason::CannotNarrow),
        }
    }
}

/// What an operator needs to know to put it right; the client learns only that it is so.
fn cannot_narrow(held: &Holdings, target: &Target) {
    let grants = held.grants.iter().map(|holding| match &holding.grant.scope {
        EffectiveScope::Known(scope) => scope.to_string(),
        EffectiveScope::Unknown => "*".to_owned(),
    });
    tracing::warn!(
        provider.id = %target.provider().row.id,
        token.scope = %grants.collect::<Vec<_>>().join(" | "),
        ceiling.scope = %target.ceiling.scope,
        "the provider cannot leave anything out of its tokens, and they can do more than was asked for or may be given: \
         let the client's ceiling include all of token.scope, and the client ask for all of it"
    );
}

fn powers(held: &Holdings, target: &Target) -> Vec<GrantPower> {
    let can_narrow = target.provider().entry.can_narrow() == Narrowing::RefreshScope;
    held.grants
        .iter()
        .map(|holding| GrantPower {
            id: holding.grant.id.clone(),
            scope: holding.grant.scope.clone(),
            can_narrow: can_narrow && holding.grant.refresh_token.is_some(),
        })
        .collect()
}

/// `requested_token_type`: an access token, or not said (D-13).
fn requested_type(request: &TokenExchangeRequest) -> Result<(), Reason> {
    match request.requested_token_type.as_deref().map(str::parse) {
        None | Some(Ok(TokenType::AccessToken)) => Ok(()),
        Some(_) => Err(Reason::RequestedTypeNotIssued),
    }
}

/// What the record says of a request before anything is known: which names were asked, never tokens.
fn described(request: &TokenExchangeRequest) -> Event {
    let bounded = |names: &[String]| -> Vec<String> {
        names
            .iter()
            .take(8)
            .map(|name| name.chars().take(200).collect())
            .collect()
    };
    Event::new(EventKind::ExchangeRefused)
        .fact("audience", bounded(&request.audience))
        .fact("resource", bounded(&request.resource))
        .fact_if("requested_scope", request.scope.as_ref().map(ToString::to_string))
}

fn with_kind(event: Event) -> Event {
    event.into_kind(EventKind::TokenExchanged)
}

fn refresh_failed(error: &RefreshError) -> TokenRefusal {
    match error {
        RefreshError::CannotNarrow => Reason::CannotNarrow.refusal(),
        RefreshError::Misconfigured => Reason::UpstreamMisconfigured.refusal(),
        RefreshError::Unavailable { retry_after } => {
            Reason::UpstreamUnavailable.refusal().retry_after(*retry_after)
        }
        RefreshError::Gone | RefreshError::NeedsConsent(_) => Reason::KeptChanging.refusal(),
    }
}

/// How fine "last used" is.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// How often a decision is made anew when authority changes under it, a refresh included.
const ATTEMPTS: usize = 5;
