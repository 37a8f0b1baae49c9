//! The authorization server, built once in the binary, and the story of its token endpoint.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use vouchsafe_audit::{Event, EventKind, Ledger, Origin, Recorded, Recorder, UnauthenticatedFailures};
use vouchsafe_identity_provider::IdentityProvider;
use vouchsafe_model::{ClientId, Clock, Ids};
use vouchsafe_oauth_types::{ErrorCode, Form, GrantType, TokenRequest};
use vouchsafe_sign_in::SignIn;
use vouchsafe_store::{Store, StoreError};
use vouchsafe_vault::Vault;

use crate::client_auth::{self, AuthenticatedClient, FailedClients, Presented};
use crate::known::{Known, Reader, Stop};
use crate::own_tokens::Verifier;
use crate::refusal::{Reason, TokenRefusal, unavailable};
use crate::reply::TokenReply;
use crate::uses::Uses;

/// What an [`AuthorizationServer`] is built from.
#[expect(missing_docs, reason = "each part is named by its type")]
pub struct Parts {
    /// Our issuer identifier (RFC 8414 section 2), without a trailing slash.
    pub issuer: String,
    pub store: Store,
    pub recorder: Recorder,
    pub vault: Vault,
    pub identity_provider: IdentityProvider,
    pub sign_in: SignIn,
    pub clock: Arc<dyn Clock>,
    pub ids: Ids,
    pub options: ExchangeOptions,
}

/// What an operator can set.
#[derive(Debug, Clone)]
pub struct ExchangeOptions {
    /// Whether the token-exchange grant is on.
    pub token_exchange: bool,
    /// Life of our own access tokens.
    pub access_token_lifetime: Duration,
    /// Life of authorization codes; at most a minute.
    pub code_lifetime: Duration,
    /// Least life that a released upstream token must have left (TV-04).
    pub minimum_token_life: Duration,
    /// Life of an interaction link.
    pub interaction_lifetime: Duration,
    /// How long a refusal by the user answers the same request.
    pub denial_cool_down: Duration,
    /// How many links may wait per client and user.
    pub pending_interactions: i64,
    /// Seconds that an agent should wait between attempts.
    pub interaction_interval: u32,
    /// Longest chain of actors.
    pub actor_chain: usize,
    /// The most bytes of the database that are remembered, and of signatures that were verified.
    pub memory: u64,
}

impl Default for ExchangeOptions {
    fn default() -> Self {
        Self {
            token_exchange: true,
            access_token_lifetime: Duration::from_secs(600),
            code_lifetime: Duration::from_secs(60),
            minimum_token_life: Duration::from_secs(60),
            interaction_lifetime: Duration::from_secs(600),
            denial_cool_down: Duration::from_secs(300),
            pending_interactions: 20,
            interaction_interval: 5,
            actor_chain: 5,
            memory: 128 << 20,
        }
    }
}

/// The authorization server. Cheap to clone.
#[derive(Clone)]
pub struct AuthorizationServer(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) known: Known,
    pub(crate) own_tokens: Verifier,
    pub(crate) uses: Uses,
    failures: UnauthenticatedFailures,
    failed_clients: FailedClients,
}

impl std::ops::Deref for AuthorizationServer {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

/// A call of the token endpoint, as it came off the wire.
pub struct TokenCall {
    /// Every `Authorization` header.
    pub authorization: Vec<String>,
    /// The body.
    pub form: Form,
    /// Where it came from.
    pub origin: Origin,
}

impl AuthorizationServer {
    /// Builds it.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            known: Known::new(parts.recorder.clone(), parts.options.memory),
            own_tokens: Verifier::new(
                parts.vault.clone(),
                parts.issuer.clone(),
                parts.options.memory / 8,
            ),
            uses: Uses::new(parts.store.clone()),
            parts,
            failures: UnauthenticatedFailures::new(FAILURES_PER_MINUTE),
            failed_clients: FailedClients::default(),
        }))
    }

    /// The token endpoint (RFC 6749 section 3.2).
    ///
    /// 1. the client authenticates, before anything is said about the grant (TE-2.1-02);
    /// 2. the request is read; 3. the client's registration allows the grant; 4. the grant runs;
    /// 5. a refusal is on the record before it is answered.
    pub async fn token(&self, call: TokenCall) -> Result<Recorded<TokenReply>, TokenRefusal> {
        let TokenCall {
            authorization,
            form,
            origin,
        } = call;
        let presented = match Presented::read(&authorization, &form) {
            Ok(presented) => presented,
            Err(refusal) => return Err(self.unauthenticated(refusal, None, &origin).await),
        };
        let name = presented.client_id();
        let presented = Arc::new(presented);
        // A code is redeemed once, and must not be lost because what is remembered of its client is late.
        let remembered = if is_exchange(&form) {
            self.remembered(&presented)
        } else {
            None
        };
        let from_memory = remembered.is_some();
        let client = match remembered {
            Some(client) => client,
            None => match self.authenticate(&presented).await {
                Ok(client) => client,
                Err(refusal) => return Err(self.unauthenticated(refusal, name.as_ref(), &origin).await),
            },
        };
        let refused = match self.granted(&client, &form, &origin).await {
            Ok(recorded) => return Ok(recorded),
            Err(refused) => refused,
        };
        if !from_memory {
            return Err(self.refused(&client, refused, &origin).await);
        }
        // Nobody is refused from memory, nor told anything as a client that is none any more.
        let refused = match self.authenticate(&presented).await {
            Err(refusal) => return Err(self.unauthenticated(refusal, name.as_ref(), &origin).await),
            Ok(now) if now.registration() == client.registration() => refused,
            Ok(now) => match self.granted(&now, &form, &origin).await {
                Ok(recorded) => return Ok(recorded),
                Err(refused) => refused,
            },
        };
        Err(self.refused(&client, refused, &origin).await)
    }

    async fn granted(
        &self,
        client: &AuthenticatedClient,
        form: &Form,
        origin: &Origin,
    ) -> Result<Recorded<TokenReply>, Refused> {
        match TokenRequest::from_form(form) {
            Ok(request) => self.grant(client, request, origin).await,
            Err(error) => Err(Refused::from(TokenRefusal::from(error))),
        }
    }

    async fn grant(
        &self,
        client: &AuthenticatedClient,
        request: TokenRequest,
        origin: &Origin,
    ) -> Result<Recorded<TokenReply>, Refused> {
        let grant = request.grant_type();
        if grant == GrantType::TokenExchange && !self.options.token_exchange {
            return Err(Reason::GrantDisabled.into());
        }
        if grant == GrantType::TokenExchange && client.registration().is_public() {
            return Err(Reason::PublicClient.into());
        }
        if !client.registration().grant_types.contains(&grant) {
            return Err(Reason::GrantNotAllowed.into());
        }
        match request {
            TokenRequest::TokenExchange(request) => self.exchange(client, &request, origin).await,
            TokenRequest::AuthorizationCode(request) => self.redeem(client, &request, origin).await,
        }
    }

    /// The client as it is remembered, if these are its credentials.
    fn remembered(&self, presented: &Presented) -> Option<AuthenticatedClient> {
        let mut reader = Reader::in_memory(&self.0.known, &self.vault, self.clock.now());
        let found = client_auth::look_up(&mut reader, presented).ok()?;
        found.authenticate(&self.vault).ok()
    }

    async fn authenticate(&self, presented: &Arc<Presented>) -> Result<AuthenticatedClient, TokenRefusal> {
        let (server, presented, now) = (self.clone(), Arc::clone(presented), self.clock.now());
        let found = self.store.read(move |tx| {
            let mut reader = Reader::in_database(&server.0.known, &server.vault, (tx, false), now);
            match client_auth::look_up(&mut reader, &presented) {
                Ok(found) => Ok(found.authenticate(&server.vault)),
                Err(Stop::Store(error)) => Err(error),
                Err(_) => Err(StoreError::Unavailable),
            }
        });
        found.await.map_err(|error| unavailable(&error))?
    }

    /// Lets go of what is remembered and has changed on any replica, every few seconds until `shutdown` says `true`.
    pub async fn keep_memory_fresh(self, mut shutdown: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(SWEEP_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_over = tokio::select! {
                _ = shutdown.wait_for(|over| *over) => true,
                _ = ticks.tick() => false,
            };
            if is_over {
                return;
            }
            self.0.known.sweep(self.clock.now()).await;
        }
    }

    /// Forgets what is remembered of the database, which then counts alone: for whoever has changed it past the server.
    pub fn forget(&self) {
        self.0.known.forget();
    }

    /// A client that did not prove who it is: counted against its source, and on the record, some per minute.
    async fn unauthenticated(
        &self,
        refusal: TokenRefusal,
        name: Option<&ClientId>,
        origin: &Origin,
    ) -> TokenRefusal {
        let now = self.clock.now();
        let refusal = self.0.failed_clients.count(refusal, name, origin, now);
        let Some(tally) = self.0.failures.admit(origin.address.as_deref(), now) else {
            return refusal;
        };
        let event = Event::new(EventKind::ClientAuthenticationFailed).fact("reason", refusal.reason.as_str());
        self.note(origin.note(tally.note(event)), refusal).await
    }

    async fn refused(&self, client: &AuthenticatedClient, refused: Refused, origin: &Origin) -> TokenRefusal {
        let Refused { refusal, event } = refused;
        tracing::info!(client.id = %client.registration().id, reason = refusal.reason.as_str(), "a token request was refused");
        let event = if client.registration().is_public() {
            // Whoever knows its name can come this far: what is refused here must not fill the record either.
            let address = origin.address.as_deref();
            let Some(tally) = self.0.failures.admit(address, self.clock.now()) else {
                return refusal;
            };
            tally.note(event)
        } else {
            event
        };
        let event = event
            .fact("client_id", client.registration().id.as_str())
            .fact("client_auth_method", client.registration().auth_method.as_str())
            .fact("error", refusal.response.error.as_str())
            .fact("reason", refusal.reason.as_str());
        self.note(origin.note(event), refusal).await
    }

    /// A refusal is answered only once it is on the record (TV-15).
    async fn note(&self, event: Event, refusal: TokenRefusal) -> TokenRefusal {
        if refusal.response.error == ErrorCode::TemporarilyUnavailable
            && refusal.reason == Reason::Unavailable
        {
            return refusal;
        }
        match self.recorder.note(event).await {
            Ok(_) => refusal,
            Err(error) => unavailable(&error),
        }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        self.recorder.ledger()
    }
}

fn is_exchange(form: &Form) -> bool {
    matches!(form.single("grant_type"), Ok(Some(grant)) if grant == GrantType::TokenExchange.as_str())
}

/// A refusal with what the record should know about it.
pub(crate) struct Refused {
    pub(crate) refusal: TokenRefusal,
    pub(crate) event: Event,
}

impl Refused {
    pub(crate) fn with(refusal: impl Into<TokenRefusal>, event: Event) -> Self {
        Self {
            refusal: refusal.into(),
            event,
        }
    }
}

impl<R: Into<TokenRefusal>> From<R> for Refused {
    fn from(refusal: R) -> Self {
        Self {
            refusal: refusal.into(),
            event: Event::new(EventKind::ExchangeRefused),
        }
    }
}

/// How long something that was revoked may lie in the memory of an idle process.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
const FAILURES_PER_MINUTE: u32 = 10;
