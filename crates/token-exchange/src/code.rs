//! The authorization code grant at the token endpoint (RFC 6749 section 4.1.3, RFC 7636 section 4.5, D-08).

use vouchsafe_audit::{Basis, Details, Event, EventKind, Origin, Recorded, ReleaseError};
use vouchsafe_model::{
    AuthorizationCode, Change, ChangeKind, IssuedToken, TokenId, UnixMillis, User, UserStatus,
};
use vouchsafe_oauth_types::{AccessTokenClaims, Audience, AuthorizationCodeRequest, TokenResponse};
use vouchsafe_store::{
    StoreError, Tx, authorization_codes, authorizations, changes, head, issued_tokens, revoked_access,
    sessions, users,
};
use vouchsafe_vault::Vault;

use crate::authorization_server::{AuthorizationServer, Refused};
use crate::client_auth::AuthenticatedClient;
use crate::code_challenge;
use crate::own_token;
use crate::refusal::{Reason, release_failed, unavailable};
use crate::reply::TokenReply;

/// A code as found, genuine and bound to an active user and session.
struct Found {
    code: AuthorizationCode,
    redeemed: bool,
    user: User,
    basis: Basis,
}

impl AuthorizationServer {
    /// 1. find the code;
    /// 2. it is this client's, in time, for this redirect URI, with the right verifier;
    /// 3. used before: what came from it dies (only now, when the replay is otherwise valid: D-08);
    /// 4. redeem, remember and record the token in one transaction, then release it.
    pub(crate) async fn redeem(
        &self,
        client: &AuthenticatedClient,
        request: &AuthorizationCodeRequest,
        origin: &Origin,
    ) -> Result<Recorded<TokenReply>, Refused> {
        let refused = |reason: Reason| Refused::with(reason, Event::new(EventKind::CodeRefused));
        let digest = self
            .vault
            .digest::<AuthorizationCode>("code", request.code.expose());
        let (vault, now) = (self.vault.clone(), self.clock.now());
        let found = self.store.read(move |tx| find(tx, &vault, &digest, now)).await;
        let found = found
            .map_err(|error| Refused::from(unavailable(&error)))?
            .ok_or_else(|| refused(Reason::CodeInvalid))?;
        let event = Event::new(EventKind::CodeRefused)
            .user(&found.user.pseudonym)
            .fact("user_id", found.user.id.as_str())
            .fact("code_id", found.code.id.as_str());
        check(&found.code, client, request, now).map_err(|reason| Refused::with(reason, event.clone()))?;
        if found.redeemed {
            self.replayed(&found, origin).await?;
            return Err(Refused::with(Reason::CodeReplayed, event));
        }
        let (issued, reply) = self.own_token(client, &found, origin);
        let basis = client.basis().and(found.basis.clone());
        let code_id = found.code.id.clone();
        let remembered = issued.clone();
        let outcome = self
            .recorder
            .release_after(basis, reply, move |tx| {
                if !authorization_codes::redeem(tx, &code_id, now)? {
                    return Ok(false);
                }
                let revoked = revoked_access::of_client(tx, &issued.client_id)?;
                let issued = IssuedToken {
                    issued_at: revoked_access::behind(revoked, issued.issued_at),
                    ..issued
                };
                issued_tokens::insert(tx, &issued).map(|()| true)
            })
            .await;
        match outcome {
            Ok(recorded) => {
                let seq = recorded.receipt().seq;
                self.0.known.issued(remembered, (seq, now));
                Ok(recorded)
            }
            // Two at once: this one lost, and is a replay.
            Err(ReleaseError::Lost) => {
                self.replayed(&found, origin).await?;
                Err(Refused::with(Reason::CodeReplayed, event))
            }
            // Something it rests on has ended since it was issued: it will never be redeemed.
            Err(ReleaseError::Stale) => Err(Refused::with(Reason::CodeInvalid, event)),
            Err(error) => Err(Refused::with(release_failed(&error), event)),
        }
    }

    fn own_token(
        &self,
        client: &AuthenticatedClient,
        found: &Found,
        origin: &Origin,
    ) -> (IssuedToken, TokenReply) {
        let now = self.clock.now();
        let code = &found.code;
        let jti: TokenId = self.ids.next();
        let expires_at = now + self.options.access_token_lifetime;
        // RFC 9068 section 3: the default resource, when none was asked for, is this server itself.
        let audience = if code.resource.is_empty() {
            vec![self.issuer.clone()]
        } else {
            code.resource.clone()
        };
        let claims = AccessTokenClaims {
            iss: self.issuer.clone(),
            sub: found.user.id.to_string(),
            aud: Audience::of(audience),
            client_id: client.registration().id.to_string(),
            iat: now.as_seconds(),
            nbf: None,
            exp: expires_at.as_seconds(),
            jti: jti.to_string(),
            scope: (!code.scope.is_empty()).then(|| code.scope.clone()),
            auth_time: Some(code.authenticated_at.as_seconds()),
            cnf: None,
            may_act: None,
            act: None,
        };
        let event = Event::new(EventKind::TokenIssued)
            .user(&found.user.pseudonym)
            .fact("client_id", client.registration().id.as_str())
            .fact("client_auth_method", client.registration().auth_method.as_str())
            .fact("user_id", found.user.id.as_str())
            .fact("session_id", code.session_id.as_str())
            .fact("authorization_id", code.authorization_id.as_str())
            .fact("code_id", code.id.as_str())
            .fact("jti", jti.as_str())
            .version("authorization_codes", &code.id, 0)
            .details(Details {
                issuer: Some(self.issuer.clone()),
                subject: Some(found.user.id.to_string()),
                ..Details::default()
            });
        let response = TokenResponse {
            access_token: own_token::mint(&self.vault, &claims),
            issued_token_type: None,
            token_type: "Bearer",
            expires_in: Some(self.options.access_token_lifetime.as_secs()),
            scope: Some(code.scope.clone()),
        };
        let issued = IssuedToken {
            id: jti,
            code_id: code.id.clone(),
            authorization_id: code.authorization_id.clone(),
            session_id: code.session_id.clone(),
            user_id: found.user.id.clone(),
            client_id: client.registration().id.clone(),
            issued_at: now,
            expires_at,
            revoked_at: None,
        };
        (issued, TokenReply::new(response, origin.note(event)))
    }

    /// Kills what came from the code.
    async fn replayed(&self, found: &Found, origin: &Origin) -> Result<(), Refused> {
        let (server, origin) = (self.clone(), origin.clone());
        let (code, pseudonym) = (found.code.clone(), found.user.pseudonym.clone());
        let outcome = self.store.write(move |tx| {
            let revoked = issued_tokens::revoke_of_code(tx, &code.id, server.clock.now())?;
            if revoked.is_empty() {
                return Ok(());
            }
            let event = Event::new(EventKind::CodeReplayed)
                .user(&pseudonym)
                .fact("code_id", code.id.as_str())
                .fact("client_id", code.client_id.as_str())
                .fact("revoked", revoked.len());
            let event = revoked.iter().fold(origin.note(event), |event, id| {
                event
                    .changes(Change::of(ChangeKind::Token, id))
                    .version("issued_tokens", id, 0)
            });
            server.ledger().append(tx, event).map(|_| ())
        });
        outcome
            .await
            .map_err(|error: StoreError| Refused::from(unavailable(&error)))
    }
}

/// The code, if its row is genuine and what it rests on still stands. Anything revoked since it was issued ends it.
fn find(
    tx: &mut Tx<'_>,
    vault: &Vault,
    digest: &vouchsafe_model::Digest<AuthorizationCode>,
    now: UnixMillis,
) -> Result<Option<Found>, StoreError> {
    let change_seq = head::peek(tx)?.change_seq;
    let Some((row, redeemed_at)) = authorization_codes::by_code(tx, digest)? else {
        return Ok(None);
    };
    let Ok(code) = vault.verify(row) else {
        tracing::error!("an authorization code carries no valid MAC: somebody changed the database");
        return Ok(None);
    };
    let user = users::by_id(tx, &code.user_id)?.and_then(|row| vault.verify(row).ok());
    let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
        return Ok(None);
    };
    let session = sessions::by_id(tx, &code.session_id)?;
    let session_lives = session.is_some_and(|(row, ended)| {
        ended.is_none()
            && vault
                .verify(row)
                .is_ok_and(|session| session.expires_at > now && session.outlives_reset_of(&user))
    });
    let consent = authorizations::by_id(tx, &code.authorization_id)?;
    let consent_stands =
        consent.is_some_and(|(row, withdrawn)| withdrawn.is_none() && vault.verify(row).is_ok());
    if !session_lives || !consent_stands || revoked_with_all(tx, &code)? {
        return Ok(None);
    }
    // AR-19: the basis begins where the code was issued, so that "revoke all" in between leaves nothing to complete.
    let basis = Basis::at(code.change_seq.min(change_seq))
        .on(Change::of(ChangeKind::User, &code.user_id))
        .on(Change::of(ChangeKind::Session, &code.session_id))
        .on(Change::of(ChangeKind::Authorization, &code.authorization_id));
    Ok(Some(Found {
        code,
        redeemed: redeemed_at.is_some(),
        user,
        basis,
    }))
}

/// Whether everything of its client has been revoked since the code was issued.
fn revoked_with_all(tx: &mut Tx<'_>, code: &AuthorizationCode) -> Result<bool, StoreError> {
    if revoked_access::of_client(tx, &code.client_id)?.is_none() {
        return Ok(false);
    }
    let client = Change::of(ChangeKind::Client, &code.client_id);
    let since = changes::since(tx, code.change_seq)?;
    Ok(since.iter().any(|(_, change)| *change == client))
}

fn check(
    code: &AuthorizationCode,
    client: &AuthenticatedClient,
    request: &AuthorizationCodeRequest,
    now: UnixMillis,
) -> Result<(), Reason> {
    if code.client_id != client.registration().id || code.expires_at <= now {
        return Err(Reason::CodeInvalid);
    }
    if request
        .redirect_uri
        .as_ref()
        .is_some_and(|uri| *uri != code.redirect_uri)
    {
        return Err(Reason::RedirectUriMismatch);
    }
    let verifier = request.code_verifier.as_ref().ok_or(Reason::VerifierMismatch)?;
    if !code_challenge::matches(&code.code_challenge, verifier) {
        return Err(Reason::VerifierMismatch);
    }
    // RFC 8707 section 2.2: within what was authorised.
    if request
        .resource
        .iter()
        .any(|resource| !code.resource.contains(resource))
    {
        return Err(Reason::UnknownTarget);
    }
    Ok(())
}
