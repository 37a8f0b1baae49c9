//! The subject: in whose name (RFC 8693 section 2.1), and whether this client may present that token.
//!
//! 1. the declared type is one we accept and drives validation;
//! 2. the token verifies;
//! 3. it still stands: not revoked, its consent and session alive, its user active;
//! 4. the presenter rule (D-03).

use vouchsafe_audit::Basis;
use vouchsafe_model::{Change, ChangeKind, IssuedToken, Session, UnixMillis, User, UserStatus};
use vouchsafe_oauth_types::{AccessTokenClaims, SecretText, TokenType};
use vouchsafe_store::{StoreError, Tx, authorizations, head, issued_tokens, sessions, users};
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

    /// Steps 3 and 4. The outer result is the database's, the inner one ours.
    pub(crate) fn verify(
        &self,
        tx: &mut Tx<'_>,
        vault: &Vault,
        client: &AuthenticatedClient,
        now: UnixMillis,
    ) -> Result<Result<VerifiedSubject, Reason>, StoreError> {
        let change_seq = head::peek(tx)?.change_seq;
        let Some(token) = self.issued(tx)? else {
            return Ok(Err(Reason::SubjectRevoked));
        };
        if token.revoked_at.is_some()
            || !consent_stands(tx, vault, &token)?
            || !session_lives(tx, vault, &token, now)?
        {
            return Ok(Err(Reason::SubjectRevoked));
        }
        let user = users::by_id(tx, &token.user_id)?.and_then(|row| vault.verify(row).ok());
        let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
            return Ok(Err(Reason::SubjectUserDisabled));
        };
        if !may_present(&self.claims, client) {
            return Ok(Err(Reason::SubjectPresenter));
        }
        let basis = Basis::at(change_seq)
            .on(Change::of(ChangeKind::User, &user.id))
            .on(Change::of(ChangeKind::Session, &token.session_id))
            .on(Change::of(ChangeKind::Authorization, &token.authorization_id))
            .on(Change::of(ChangeKind::Token, &token.id));
        Ok(Ok(VerifiedSubject {
            user,
            claims: self.claims.clone(),
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
    /// The person.
    pub(crate) const fn user(&self) -> &User {
        &self.user
    }

    /// The claims.
    pub(crate) const fn claims(&self) -> &AccessTokenClaims {
        &self.claims
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

fn session_lives(
    tx: &mut Tx<'_>,
    vault: &Vault,
    token: &IssuedToken,
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let row = sessions::by_id(tx, &token.session_id)?;
    Ok(row.is_some_and(|(row, ended)| {
        let session: Option<Session> = vault.verify(row).ok();
        ended.is_none() && session.is_some_and(|session| session.expires_at > now)
    }))
}

/// D-03: its own client; or a client that an admin has linked to it as the resource the token was meant for; or the
/// party that `may_act` names. Absence of `may_act` means that nobody else may (TE-4.4-02).
fn may_present(claims: &AccessTokenClaims, client: &AuthenticatedClient) -> bool {
    let registration = client.registration();
    let presenter = registration.id.as_str();
    let linked = registration
        .accepts_tokens_of
        .iter()
        .any(|id| id.as_str() == claims.client_id);
    let named = claims.may_act.as_ref().is_some_and(|party| {
        party.sub == presenter && party.iss.as_deref().is_none_or(|issuer| issuer == claims.iss)
    });
    match &claims.may_act {
        // TE-4.4-01: who is named may act, and no one else, not even its own client.
        Some(_) => named,
        None => claims.client_id == presenter || linked,
    }
}
