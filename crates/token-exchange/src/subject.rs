//! The subject: in whose name (RFC 8693 section 2.1), and whether this client may present that token.
//!
//! 1. the declared type is one we accept and drives validation;
//! 2. the token verifies;
//! 3. it still stands: not revoked, its consent and session alive, its user active;
//! 4. the presenter rule (D-03).

use vouchsafe_audit::Basis;
use vouchsafe_model::{
    Change, ChangeKind, ClientId, ClientStatus, IssuedToken, UnixMillis, User, UserStatus,
};
use vouchsafe_oauth_types::{AccessTokenClaims, SecretText, TokenType};
use vouchsafe_store::{
    StoreError, Tx, authorizations, clients, head, issued_tokens, revoked_access, sessions, users,
};
use vouchsafe_vault::Vault;

use crate::client_auth::AuthenticatedClient;
use crate::own_token::{self, Invalid};
use crate::refusal::Reason;

/// A token of ours whose signature, times and issuer hold.
#[derive(Clone)]
pub(crate) struct SignedSubject {
    claims: AccessTokenClaims,
}

/// A subject that holds in every respect, for this client.
pub(crate) struct VerifiedSubject {
    user: User,
    claims: AccessTokenClaims,
    token: IssuedToken,
    basis: Basis,
}

/// Steps 1 and 2: no database.
pub(crate) fn read(
    vault: &Vault,
    issuer: &str,
    token: (&SecretText, TokenType),
    now: UnixMillis,
) -> Result<SignedSubject, Reason> {
    let (token, declared) = token;
    if declared != TokenType::AccessToken {
        return Err(Reason::SubjectTypeNotAccepted);
    }
    match own_token::verify(vault, issuer, token.expose(), now) {
        Ok(claims) => Ok(SignedSubject { claims }),
        Err(Invalid::Expired) => Err(Reason::SubjectExpired),
        Err(Invalid::NotOurs | Invalid::NotYet) => Err(Reason::SubjectInvalid),
    }
}

impl SignedSubject {
    /// Claims that [`own_token::verify`] has returned.
    pub(crate) const fn of(claims: AccessTokenClaims) -> Self {
        Self { claims }
    }

    /// Step 3. The outer result is the database's, the inner one ours.
    pub(crate) fn verify(
        &self,
        tx: &mut Tx<'_>,
        vault: &Vault,
        now: UnixMillis,
    ) -> Result<Result<VerifiedSubject, Reason>, StoreError> {
        let change_seq = head::peek(tx)?.change_seq;
        // Time goes on while a refresh is waited for.
        if self.claims.exp <= now.as_seconds() {
            return Ok(Err(Reason::SubjectExpired));
        }
        let Some(token) = self.issued(tx)? else {
            return Ok(Err(Reason::SubjectRevoked));
        };
        // Or everything of the client that it was issued to was, since.
        if token.revoked_at.is_some()
            || !consent_stands(tx, vault, &token)?
            || !issuer_client_stands(tx, vault, &token)?
            || revoked_access::covers(revoked_access::of_client(tx, &token.client_id)?, token.issued_at)
        {
            return Ok(Err(Reason::SubjectRevoked));
        }
        let user = users::by_id(tx, &token.user_id)?.and_then(|row| vault.verify(row).ok());
        let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
            return Ok(Err(Reason::SubjectUserDisabled));
        };
        if !session_lives(tx, vault, &token, (&user, now))? {
            return Ok(Err(Reason::SubjectRevoked));
        }
        let basis = Basis::at(change_seq)
            .on(Change::of(ChangeKind::User, &user.id))
            .on(Change::of(ChangeKind::Client, &token.client_id))
            .on(Change::of(ChangeKind::Session, &token.session_id))
            .on(Change::of(ChangeKind::Authorization, &token.authorization_id))
            .on(Change::of(ChangeKind::Token, &token.id));
        Ok(Ok(VerifiedSubject {
            user,
            claims: self.claims.clone(),
            token,
            basis,
        }))
    }

    /// The row of the token, if it agrees with the claims.
    fn issued(&self, tx: &mut Tx<'_>) -> Result<Option<IssuedToken>, StoreError> {
        let Ok(id) = self.claims.jti.parse() else {
            return Ok(None);
        };
        let row = issued_tokens::by_id(tx, &id)?;
        Ok(row.filter(|row| {
            row.user_id.as_str() == self.claims.sub && row.client_id.as_str() == self.claims.client_id
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
    pub(crate) const fn user(&self) -> &User {
        &self.user
    }

    /// The claims.
    pub(crate) const fn claims(&self) -> &AccessTokenClaims {
        &self.claims
    }

    /// The browser session and the consent that the token rests on.
    pub(crate) const fn token(&self) -> &IssuedToken {
        &self.token
    }

    /// What a release in this name rests on.
    pub(crate) fn basis(&self) -> Basis {
        self.basis.clone()
    }
}

fn consent_stands(tx: &mut Tx<'_>, vault: &Vault, token: &IssuedToken) -> Result<bool, StoreError> {
    let row = authorizations::by_id(tx, &token.authorization_id)?;
    Ok(row.is_some_and(|(row, withdrawn)| withdrawn.is_none() && vault.verify(row).is_ok()))
}

/// The client that the token was issued to may still do something, whoever presents it (TV-09).
fn issuer_client_stands(tx: &mut Tx<'_>, vault: &Vault, token: &IssuedToken) -> Result<bool, StoreError> {
    let row = clients::by_id(tx, &token.client_id)?;
    let client = row.and_then(|row| vault.verify(row).ok());
    Ok(client.is_some_and(|client| client.status == ClientStatus::Active))
}

fn session_lives(
    tx: &mut Tx<'_>,
    vault: &Vault,
    token: &IssuedToken,
    (user, now): (&User, UnixMillis),
) -> Result<bool, StoreError> {
    let row = sessions::by_id(tx, &token.session_id)?;
    let session = row
        .filter(|(_, ended)| ended.is_none())
        .and_then(|(row, _)| vault.verify(row).ok());
    Ok(session.is_some_and(|session| session.expires_at > now && session.outlives_reset_of(user)))
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
