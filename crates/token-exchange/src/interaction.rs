//! When a person must act: the link that an agent gets, and what the person sees behind it.
//!
//! The link's id is opaque, not secret: it opens only for the same user in a session, and looking never consumes it
//! (AR-12). One live link per digest of everything the request was about.

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_identity_provider::{ConnectError, InterstitialView};
use vouchsafe_model::{
    ClientId, ConnectionId, Digest, Interaction, InteractionId, InteractionState, ProviderId, ScopeBound,
    UnixMillis, UserId,
};
use vouchsafe_oauth_types::{InteractionHint, InteractionReason, Scope, TokenExchangeRequest};
use vouchsafe_store::{StoreError, Tx, head, interactions, revoked_access};

use crate::authorization_server::AuthorizationServer;
use crate::refusal::{Reason, TokenRefusal, unavailable};
use crate::situation::{Situation, Tokens};

/// What an agent wants a person to do.
#[derive(Clone)]
pub(crate) struct Ask {
    binding: String,
    user_id: UserId,
    pseudonym: String,
    client_id: ClientId,
    provider_id: ProviderId,
    scope: ScopeBound,
    reason: InteractionReason,
    connection_id: Option<ConnectionId>,
    account: Option<String>,
}

/// Why a person must act, and about which connection if leave names one.
pub(crate) type Why = (InteractionReason, Option<ConnectionId>);

impl Ask {
    pub(crate) fn new(
        situation: &Situation,
        tokens: &Tokens,
        request: &TokenExchangeRequest,
        (reason, connection_id): Why,
    ) -> Self {
        let Situation {
            client,
            subject,
            target,
            ..
        } = situation;
        let client_id = client.registration().id.clone();
        let provider_id = target.provider().row.id.clone();
        let chain = (
            &subject.claims().act,
            tokens.actor.as_ref().map(|actor| (&actor.iss, &actor.sub)),
        );
        let actors = serde_json::to_string(&chain).unwrap_or_default();
        let asked = request.scope.as_ref().map(Scope::to_string).unwrap_or_default();
        let account = request.login_hint.as_deref().unwrap_or_default();
        // Client, key, subject, actor chain, target, account, scope, delivery, reason: length-prefixed, so that no two
        // requests give the same text. No key is proven yet, and delivery is always raw in this version.
        let parts = [
            client_id.as_str(),
            "",
            subject.user().id.as_str(),
            &actors,
            provider_id.as_str(),
            account,
            &asked,
            "raw",
            reason.as_str(),
        ];
        Self {
            binding: parts.iter().fold(String::new(), |text, part| {
                text + &part.len().to_string() + ":" + part + ";"
            }),
            user_id: subject.user().id.clone(),
            pseudonym: subject.user().pseudonym.clone(),
            scope: request
                .scope
                .clone()
                .map_or_else(|| target.ceiling.scope.clone(), ScopeBound::Scopes),
            reason,
            connection_id,
            account: request
                .login_hint
                .as_deref()
                .map(|text| text.chars().take(MAX_ACCOUNT).collect()),
            client_id,
            provider_id,
        }
    }

    fn draft(&self, id: InteractionId, binding: Digest<Interaction>, times: &Times) -> Interaction {
        Interaction {
            id,
            binding,
            user_id: self.user_id.clone(),
            client_id: self.client_id.clone(),
            provider_id: self.provider_id.clone(),
            scope: self.scope.clone(),
            reason: self.reason,
            connection_id: self.connection_id.clone(),
            account: self.account.clone(),
            state: InteractionState::Pending,
            change_seq: times.change_seq,
            created_at: times.created_at,
            expires_at: times.expires_at,
        }
    }
}

struct Times {
    change_seq: i64,
    created_at: UnixMillis,
    expires_at: UnixMillis,
}

/// What the database made of an ask.
enum Asked {
    /// This link, new or already waiting.
    Link(InteractionId),
    /// Too many links wait: the user's page shows them all.
    Full,
    /// The user said no a moment ago.
    Denied,
}

impl AuthorizationServer {
    /// Finds or makes the link, and says so to the agent.
    pub(crate) async fn ask(&self, ask: Ask, origin: &Origin) -> TokenRefusal {
        let reason = ask.reason;
        let (server, origin) = (self.clone(), origin.clone());
        let uri = match self
            .store
            .write(move |tx| server.live_link(tx, &ask, &origin))
            .await
        {
            Ok(Asked::Link(id)) => format!("{}/interaction/{id}", self.issuer),
            Ok(Asked::Full) => format!("{}/connections", self.issuer),
            Ok(Asked::Denied) => return Reason::RecentlyDenied.refusal(),
            Err(error) => return unavailable(&error),
        };
        let interval = self.options.interaction_interval;
        TokenRefusal::interaction(InteractionHint {
            interaction_uri: uri,
            reason,
            interval,
        })
    }

    fn live_link(&self, tx: &mut Tx<'_>, ask: &Ask, origin: &Origin) -> Result<Asked, StoreError> {
        let now = self.clock.now();
        let binding = self.vault.digest::<Interaction>("interaction", &ask.binding);
        if let Some(answer) = self.answered_before(tx, ask, &binding, now)? {
            return Ok(answer);
        }
        // The same ask may have come this far beside us, on another connection or replica. Who takes the head second
        // sees the link of who took it first. Only INSERTs follow, so nothing waits for a row under the head.
        let change_seq = head::take(tx)?.change_seq;
        if let Some(answer) = self.answered_before(tx, ask, &binding, now)? {
            return Ok(answer);
        }
        // Not over from the start where the record is ahead of our clock.
        let revoked = revoked_access::of_client(tx, &ask.client_id)?;
        let times = Times {
            change_seq,
            created_at: revoked_access::behind(revoked, now),
            expires_at: now + self.options.interaction_lifetime,
        };
        let interaction = ask.draft(self.ids.next(), binding, &times);
        interactions::insert(tx, &interaction)?;
        let event = Event::new(EventKind::InteractionRequested)
            .user(&ask.pseudonym)
            .fact("interaction_id", interaction.id.as_str())
            .fact("client_id", ask.client_id.as_str())
            .fact("provider_id", ask.provider_id.as_str())
            .fact("reason", ask.reason.as_str())
            .interaction(&interaction);
        self.ledger().append(tx, origin.note(event))?;
        Ok(Asked::Link(interaction.id))
    }

    /// What is answered without a new link.
    fn answered_before(
        &self,
        tx: &mut Tx<'_>,
        ask: &Ask,
        binding: &Digest<Interaction>,
        now: UnixMillis,
    ) -> Result<Option<Asked>, StoreError> {
        if let Some(waiting) = interactions::live_by_binding(tx, binding, &ask.client_id, now)? {
            return Ok(Some(Asked::Link(waiting.id)));
        }
        if let Some((_, denied_at)) = interactions::last_denied(tx, binding)?
            && denied_at + self.options.denial_cool_down > now
        {
            return Ok(Some(Asked::Denied));
        }
        let open = interactions::count_pending(tx, &ask.user_id, &ask.client_id, now)?;
        Ok((open >= self.options.pending_interactions).then_some(Asked::Full))
    }
}

/// A connection that the person may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionChoice {
    /// Id.
    pub id: ConnectionId,
    /// What the person calls the account.
    pub label: String,
    /// Whether it can do what is asked without another consent at the provider.
    pub sufficient: bool,
    /// What the provider will be asked for if it is not, and which *other* agents get more by it (CL-06). Read for the
    /// page of the interaction alone.
    pub journey: Option<InterstitialView>,
}

/// What a person has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredView {
    /// The agent's registered name.
    pub client_name: String,
    /// The provider's name.
    pub provider_name: String,
    /// Whether the person agreed.
    pub approved: bool,
}

/// What the person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractionView {
    /// Id of the link.
    pub id: InteractionId,
    /// The agent.
    pub client_id: ClientId,
    /// Its registered name.
    pub client_name: String,
    /// The provider.
    pub provider_id: ProviderId,
    /// Its name.
    pub provider_name: String,
    /// How much is asked.
    pub scope: ScopeBound,
    /// Why a person must act.
    pub reason: InteractionReason,
    /// The account that the agent named: its text, untrusted.
    pub account: Option<String>,
    /// Accounts that are connected already; the one that the request is about comes first.
    pub connections: Vec<ConnectionChoice>,
    /// The same for an account that is not connected yet.
    pub new_account: Option<InterstitialView>,
    /// End of the link.
    pub expires_at: UnixMillis,
    /// Whether the person must prove again who they are before deciding (AR-01).
    pub sign_in_again: bool,
}

/// Why an interaction cannot be shown or decided.
#[derive(Debug, thiserror::Error)]
pub enum InteractionRefusal {
    /// There is none, or it is another person's: the same answer.
    #[error("there is no such request for this user")]
    NotFound,
    /// Its time is over.
    #[error("the request has expired")]
    Expired,
    /// It was decided before.
    #[error("the request was answered before")]
    Decided,
    /// The person must prove again who they are.
    #[error("recent authentication is needed")]
    SignInAgain,
    /// The chosen connection is not one of theirs there.
    #[error("the chosen account does not fit the request")]
    WrongConnection,
    /// The way to the provider is closed.
    #[error("the provider cannot be reached")]
    Connect(#[source] ConnectError),
    /// Our own database or record.
    #[error("the server cannot complete the request right now")]
    Unavailable(#[source] StoreError),
}

impl From<ConnectError> for InteractionRefusal {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Store(error) => Self::Unavailable(error),
            error => Self::Connect(error),
        }
    }
}

impl From<StoreError> for InteractionRefusal {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

const MAX_ACCOUNT: usize = 128;
