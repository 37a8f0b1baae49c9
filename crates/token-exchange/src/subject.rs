//! The subject: in whose name (RFC 8693 section 2.1), and whether this client may present that token.
//!
//! 1. the declared type is one we accept and drives validation;
//! 2. the token verifies;
//! 3. it still stands: not revoked, its consent and session alive, its user active;
//! 4. the presenter rule (D-03).

use std::sync::Arc;

use vouchsafe_model::{ClientId, IssuedToken, UnixMillis, User};
use vouchsafe_oauth_types::{AccessTokenClaims, SecretText, TokenType};

use crate::client_auth::AuthenticatedClient;
use crate::known::{Fallen, Held, Kept, Reader, Stop};
use crate::own_token::Invalid;
use crate::own_tokens::Verifier;
use crate::refusal::Reason;

/// A token of ours whose signature, times and issuer hold.
#[derive(Clone)]
pub(crate) struct SignedSubject {
    claims: Arc<AccessTokenClaims>,
}

/// A subject that holds in every respect, for this client.
pub(crate) struct VerifiedSubject {
    user: Arc<User>,
    claims: Arc<AccessTokenClaims>,
    token: Arc<Kept<IssuedToken>>,
}

/// Steps 1 and 2: no database.
pub(crate) fn read(
    verifier: &Verifier,
    token: (&SecretText, TokenType),
    now: UnixMillis,
) -> Result<SignedSubject, Reason> {
    let (token, declared) = token;
    if declared != TokenType::AccessToken {
        return Err(Reason::SubjectTypeNotAccepted);
    }
    match verifier.verify(token.expose(), now) {
        Ok(claims) => Ok(SignedSubject { claims }),
        Err(Invalid::Expired) => Err(Reason::SubjectExpired),
        Err(Invalid::NotOurs | Invalid::NotYet) => Err(Reason::SubjectInvalid),
    }
}

impl SignedSubject {
    /// Claims that [`Verifier::verify`] has returned.
    pub(crate) const fn of(claims: Arc<AccessTokenClaims>) -> Self {
        Self { claims }
    }

    /// Step 3. The outer result is the look's, the inner one ours.
    pub(crate) fn verify(
        &self,
        reader: &mut Reader<'_, '_, '_>,
    ) -> Result<Result<VerifiedSubject, Reason>, Stop> {
        // Time goes on while a refresh is waited for.
        if self.claims.exp <= reader.now().as_seconds() {
            return Ok(Err(Reason::SubjectExpired));
        }
        let Some((token, _)) = self.issued(reader)? else {
            return Ok(Err(Reason::SubjectRevoked));
        };
        if token.value.revoked_at.is_some() {
            return Ok(Err(Reason::SubjectRevoked));
        }
        let standing = reader.standing(&token.value)?;
        Ok(match standing.value.of(&token.value, reader.now()) {
            Ok(user) => Ok(VerifiedSubject {
                user: Arc::clone(user),
                claims: Arc::clone(&self.claims),
                token,
            }),
            Err(Fallen::Revoked) => Err(Reason::SubjectRevoked),
            Err(Fallen::UserDisabled) => Err(Reason::SubjectUserDisabled),
        })
    }

    /// The row of the token, if it agrees with the claims.
    fn issued(&self, reader: &mut Reader<'_, '_, '_>) -> Result<Option<Held<IssuedToken>>, Stop> {
        let Ok(id) = self.claims.jti.parse() else {
            return Ok(None);
        };
        let row = reader.token(&id)?;
        Ok(row.filter(|(row, _)| {
            row.value.user_id.as_str() == self.claims.sub
                && row.value.client_id.as_str() == self.claims.client_id
        }))
    }
}

impl VerifiedSubject {
    /// Step 4: whether this client may present it, with this actor beside it.
    pub(crate) fn presented_by(
        &self,
        client: &AuthenticatedClient,
        actor: Option<&AccessTokenClaims>,
    ) -> Result<(), Reason> {
        may_present(&self.claims, client, actor)
    }

    /// The person.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// The claims.
    pub(crate) fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }

    /// The browser session and the consent that the token rests on.
    pub(crate) fn token(&self) -> &IssuedToken {
        &self.token.value
    }
}

/// D-03: its own client; or a client that an admin has linked to it as the resource the token was meant for; or the
/// party that `may_act` names: the actor when an actor token came along, else the client. Absence of `may_act` means
/// that nobody else may (TE-4.4-02).
fn may_present(
    claims: &AccessTokenClaims,
    client: &AuthenticatedClient,
    actor: Option<&AccessTokenClaims>,
) -> Result<(), Reason> {
    let registration = client.registration();
    let presenter = registration.id.as_str();
    let Some(party) = &claims.may_act else {
        let mut linked = registration.accepts_tokens_of.iter().map(ClientId::as_str);
        let own = claims.client_id == presenter;
        return if own || linked.any(|id| id == claims.client_id) {
            Ok(())
        } else {
            Err(Reason::SubjectPresenter)
        };
    };
    // TE-4.4-01: who is named may act, and no one else, not even the token's own client.
    let (acting, issuer, reason) = match actor {
        Some(actor) => (actor.sub.as_str(), actor.iss.as_str(), Reason::ActorNotAllowed),
        None => (presenter, claims.iss.as_str(), Reason::SubjectPresenter),
    };
    let named = party.sub == acting && party.iss.as_deref().is_none_or(|named| named == issuer);
    if named { Ok(()) } else { Err(reason) }
}
