//! Nothing that a flow rests on may have changed since it began (AR-19).

use vouchsafe_model::{
    ApprovedDelegation, Change, ChangeKind, ClientId, ClientStatus, ConnectAttempt, Session, UnixMillis,
    User, UserStatus,
};
use vouchsafe_store::{StoreError, Tx, changes, clients, head, sessions, users};
use vouchsafe_vault::Vault;

use super::ConnectError;
use super::delegate::Delegated;

/// Takes the head, and then looks: what is committed before us is seen, and nothing can be committed between this look
/// and our own record. Everything of this transaction but the record must be written already.
///
/// A change of the connection itself does not count: two tabs may renew the same one, and a refresh may find it dead
/// meanwhile. Its revocation does, and shows in its state.
pub(super) fn still_holds(
    tx: &mut Tx<'_>,
    attempt: &ConnectAttempt,
    approved: Option<&ApprovedDelegation>,
    delegated: Option<&Delegated>,
) -> Result<(), ConnectError> {
    let head = head::take(tx)?;
    if head.change_seq <= attempt.change_seq {
        return Ok(());
    }
    let mut subjects = vec![
        Change::of(ChangeKind::User, &attempt.user_id),
        Change::of(ChangeKind::Session, &attempt.session_id),
        Change::of(ChangeKind::Provider, &attempt.provider_id),
    ];
    let clients = attempt
        .client_id
        .iter()
        .chain(approved.map(|approved| &approved.client_id));
    subjects.extend(clients.map(|id| Change::of(ChangeKind::Client, id)));
    let before = delegated.and_then(|delegated| delegated.before.as_ref());
    subjects.extend(before.map(|id| Change::of(ChangeKind::Delegation, id)));
    let since = changes::since(tx, attempt.change_seq)?;
    if since.iter().any(|(_, change)| subjects.contains(change)) {
        return Err(ConnectError::AuthorityChanged);
    }
    Ok(())
}

/// The user of the flow, if anything may be done in that name.
pub(super) fn active_user(
    tx: &mut Tx<'_>,
    vault: &Vault,
    attempt: &ConnectAttempt,
) -> Result<User, ConnectError> {
    let user = users::by_id(tx, &attempt.user_id)?.and_then(|user| vault.verify(user).ok());
    user.filter(|user| user.status == UserStatus::Active)
        .ok_or(ConnectError::AuthorityChanged)
}

/// Whether this person is still signed in there, and may do anything.
pub fn still_signed_in(
    tx: &mut Tx<'_>,
    vault: &Vault,
    (user, session): (&User, &Session),
    now: UnixMillis,
) -> Result<bool, StoreError> {
    let user = users::by_id(tx, &user.id)?.and_then(|user| vault.verify(user).ok());
    let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
        return Ok(false);
    };
    let session = sessions::by_id(tx, &session.id)?;
    Ok(session.is_some_and(|(session, ended)| {
        ended.is_none()
            && vault.verify(session).is_ok_and(|session| {
                session.user_id == user.id && session.expires_at > now && session.outlives_reset_of(&user)
            })
    }))
}

/// Whether the client that asked may still do anything.
pub(super) fn client_is_active(tx: &mut Tx<'_>, vault: &Vault, id: &ClientId) -> Result<bool, ConnectError> {
    let client = clients::by_id(tx, id)?.and_then(|client| vault.verify(client).ok());
    Ok(client.is_some_and(|client| client.status == ClientStatus::Active))
}
