//! What a token of ours stands on, beside itself: the person, the browser session, the consent and the client that it was
//! issued to. Many tokens stand on the same.

use std::sync::Arc;

use vouchsafe_model::{
    AuthorizationId, Change, ChangeKind, ClientId, ClientStatus, IssuedToken, Session, SessionId, UnixMillis,
    User, UserId, UserStatus,
};
use vouchsafe_store::{StoreError, Tx, authorizations, clients, revoked_access, sessions, users};
use vouchsafe_vault::Vault;

/// By what a standing is found.
pub(crate) type StandingKey = (UserId, SessionId, AuthorizationId, ClientId);

/// As the database has it. Rows without a valid MAC are not there.
pub(crate) struct Standing {
    user: Option<Arc<User>>,
    session: Option<Session>,
    has_consent: bool,
    has_client: bool,
    /// Until when everything of the client is revoked.
    client_revoked: Option<UnixMillis>,
}

/// Why nothing stands on it.
pub(crate) enum Fallen {
    Revoked,
    UserDisabled,
}

impl Standing {
    pub(super) fn key(token: &IssuedToken) -> StandingKey {
        (
            token.user_id.clone(),
            token.session_id.clone(),
            token.authorization_id.clone(),
            token.client_id.clone(),
        )
    }

    pub(super) fn read(
        tx: &mut Tx<'_>,
        vault: &Vault,
        (user, session, authorization, client): &StandingKey,
    ) -> Result<Self, StoreError> {
        let consent = authorizations::by_id(tx, authorization)?;
        let issued_to = clients::by_id(tx, client)?.and_then(|row| vault.verify(row).ok());
        let session = sessions::by_id(tx, session)?.filter(|(_, ended)| ended.is_none());
        Ok(Self {
            user: users::by_id(tx, user)?
                .and_then(|row| vault.verify(row).ok())
                .map(Arc::new),
            session: session.and_then(|(row, _)| vault.verify(row).ok()),
            has_consent: consent
                .is_some_and(|(row, withdrawn)| withdrawn.is_none() && vault.verify(row).is_ok()),
            has_client: issued_to.is_some_and(|client| client.status == ClientStatus::Active),
            client_revoked: revoked_access::of_client(tx, client)?,
        })
    }

    pub(super) fn subjects((user, session, authorization, client): &StandingKey) -> Vec<Change> {
        vec![
            Change::of(ChangeKind::User, user),
            Change::of(ChangeKind::Client, client),
            Change::of(ChangeKind::Session, session),
            Change::of(ChangeKind::Authorization, authorization),
        ]
    }

    /// The person in whose name the token may be used now.
    pub(crate) fn of(&self, token: &IssuedToken, now: UnixMillis) -> Result<&Arc<User>, Fallen> {
        // Or everything of the client that it was issued to was revoked, since.
        if !self.has_consent
            || !self.has_client
            || revoked_access::covers(self.client_revoked, token.issued_at)
        {
            return Err(Fallen::Revoked);
        }
        let user = self
            .user
            .as_ref()
            .filter(|user| user.status == UserStatus::Active);
        let user = user.ok_or(Fallen::UserDisabled)?;
        let session = self.session.as_ref();
        if session.is_some_and(|session| session.expires_at > now && session.outlives_reset_of(user)) {
            Ok(user)
        } else {
            Err(Fallen::Revoked)
        }
    }
}

/// Roughly.
pub(super) const BYTES: usize = 800;
