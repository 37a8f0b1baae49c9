//! Leaving for a provider.

use oauth2::{PkceCodeChallenge, PkceCodeVerifier};
use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{
    AttemptSecrets, ClientId, ConnectAttempt, ConnectAttemptState, Connection, ConnectionId, ConnectionState,
    EffectiveScope, InteractionId, ProviderId, Sealed, Secret, UserId,
};
use vouchsafe_oauth_types::Scope;
use vouchsafe_store::{Tx, connect_attempts, connections, head, upstream_grants};

use super::recheck::still_signed_in;
use super::{Begin, ConnectError, Departure, cookie};
use crate::catalogue::AuthorizeParameters;
use crate::identity_provider::IdentityProvider;
use crate::provider::{LoadedProvider, load_provider};
use crate::sealing;

impl IdentityProvider {
    /// Starts a flow: writes down everything that the callback must match, and says where the browser goes.
    #[tracing::instrument(name = "connect.begin", skip_all, fields(provider.id = %begin.provider_id))]
    pub async fn begin(&self, begin: Begin) -> Result<Departure, ConnectError> {
        let this = self.clone();
        self.inner()
            .store
            .write(move |tx| this.begin_in(tx, &begin))
            .await
    }

    fn begin_in(&self, tx: &mut Tx<'_>, begin: &Begin) -> Result<Departure, ConnectError> {
        // Before the rows that the flow rests on: what changes after this is seen at the end.
        let change_seq = head::peek(tx)?.change_seq;
        // The caller looked before this transaction began.
        if !still_signed_in(
            tx,
            &self.inner().vault,
            (&begin.user, &begin.session),
            self.inner().clock.now(),
        )? {
            return Err(ConnectError::AuthorityChanged);
        }
        let vault = &self.inner().vault;
        let provider = load_provider(tx, vault, &begin.provider_id)?.ok_or(ConnectError::ProviderNotFound)?;
        let renewed = match &begin.reconnect {
            Some(id) => Some(own_connection(tx, &begin.user.id, &begin.provider_id, id)?),
            None => None,
        };
        let held = match (&renewed, &begin.approved) {
            (Some(connection), _) => vec![connection.clone()],
            // Nobody knows yet which account it will be.
            (None, None) => connections::live_of_user_provider(tx, &begin.user.id, &begin.provider_id)?,
            (None, Some(_)) => Vec::new(),
        };
        let scope = scope_to_ask(tx, &provider, begin.scope.as_ref(), &held)?;
        let flow = self.new_flow(begin, &provider, renewed, scope, change_seq)?;
        connect_attempts::insert(tx, &flow.attempt)?;
        self.inner().ledger.append(tx, started(begin, &flow.attempt))?;
        Ok(flow.departure)
    }

    fn new_flow(
        &self,
        begin: &Begin,
        provider: &LoadedProvider,
        renewed: Option<Connection>,
        scope: Scope,
        change_seq: i64,
    ) -> Result<Flow, ConnectError> {
        let inner = self.inner();
        let (ids, entry, now) = (&inner.ids, &provider.entry, inner.clock.now());
        let (state, cookie_value) = (ids.secret_text(), ids.secret_text());
        let secrets = AttemptSecrets {
            code_verifier: entry.uses_pkce().then(|| ids.secret_text().expose().clone()),
            nonce: entry.uses_nonce().then(|| ids.secret_text().expose().clone()),
            approved: begin.approved.clone(),
        };
        let challenge = secrets.code_verifier.clone().map(|verifier| {
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier))
                .as_str()
                .to_owned()
        });
        let redirect_uri = format!("{}/connect/callback/{}", inner.issuer, begin.provider_id);
        let parameters = AuthorizeParameters {
            client_id: &provider.row.client_id,
            redirect_uri: &redirect_uri,
            state: state.expose(),
            code_challenge: challenge.as_deref(),
            nonce: secrets.nonce.as_deref(),
            scopes: &scope,
            login_hint: None,
        };
        let url = entry
            .authorization_url(parameters)
            .map_err(ConnectError::Misconfigured)?;
        let token_url = entry.token_url().unwrap_or_default().to_owned();
        let mut attempt = ConnectAttempt {
            id: ids.next(),
            reconnect: renewed.is_some(),
            connection_id: renewed.map_or_else(|| ids.next(), |connection| connection.id),
            user_id: begin.user.id.clone(),
            session_id: begin.session.id.clone(),
            provider_id: begin.provider_id.clone(),
            client_id: begin.client_id.clone(),
            interaction_id: begin.interaction_id.clone(),
            state_digest: cookie::digest_of_state(&inner.vault, state.expose()),
            cookie_digest: cookie::digest_of_cookie(&inner.vault, &cookie_value),
            secrets: Sealed::from_bytes(Vec::new()),
            redirect_uri,
            token_url,
            expected_issuer: entry.expects_iss().map(str::to_owned),
            upstream_client_id: provider.row.client_id.clone(),
            hosts: provider.row.hosts,
            scope,
            state: ConnectAttemptState::Pending,
            quarantine: None,
            change_seq,
            created_at: now,
            expires_at: now + inner.options.attempt_lifetime,
        };
        let secrets = Secret::new(serde_json::to_string(&secrets).expect("a struct of texts serialises"));
        attempt.secrets = inner
            .vault
            .seal_for_server(&sealing::of_attempt(&attempt, "secrets"), &secrets);
        let departure = Departure {
            url,
            cookie_name: cookie::name(&attempt.id),
            cookie_value,
            max_age: inner.options.attempt_lifetime,
        };
        Ok(Flow { attempt, departure })
    }
}

struct Flow {
    attempt: ConnectAttempt,
    departure: Departure,
}

/// The connection to renew: this user's, at this provider, and not revoked, for that is the end of it (AR-06).
pub(super) fn own_connection(
    tx: &mut Tx<'_>,
    user: &UserId,
    provider: &ProviderId,
    id: &ConnectionId,
) -> Result<Connection, ConnectError> {
    let connection = connections::by_id(tx, id)?.filter(|connection| {
        connection.user_id == *user
            && connection.provider_id == *provider
            && !matches!(connection.state, ConnectionState::Revoked { .. })
    });
    connection.ok_or(ConnectError::ConnectionNotFound)
}

/// What was asked for, and what is held already by every connection that this may turn out to renew, so that renewing
/// never loses anything (UP-18).
pub(super) fn scope_to_ask(
    tx: &mut Tx<'_>,
    provider: &LoadedProvider,
    asked: Option<&Scope>,
    held: &[Connection],
) -> Result<Scope, ConnectError> {
    let mut scope = asked.cloned().unwrap_or_else(|| provider.entry.default_scopes());
    for connection in held {
        for grant in upstream_grants::of_connection(tx, &connection.id)? {
            if let EffectiveScope::Known(held) = grant.scope {
                scope = scope.union(&held);
            }
        }
    }
    Ok(scope)
}

fn started(begin: &Begin, attempt: &ConnectAttempt) -> Event {
    begin.origin.note(
        Event::new(EventKind::ConnectStarted)
            .user(&begin.user.pseudonym)
            .fact("attempt_id", attempt.id.as_str())
            .fact("connection_id", attempt.connection_id.as_str())
            .fact("provider_id", attempt.provider_id.as_str())
            .fact("session_id", attempt.session_id.as_str())
            .fact("reconnect", attempt.reconnect)
            .fact("scope", attempt.scope.to_string())
            .fact_if("client_id", attempt.client_id.as_ref().map(ClientId::as_str))
            .fact_if(
                "interaction_id",
                attempt.interaction_id.as_ref().map(InteractionId::as_str),
            ),
    )
}
