//! Browser sessions: a random cookie value, of which the row holds only the keyed digest.

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{Change, ChangeKind, Session, SessionId, Tagged, UnixMillis, User, UserId, UserStatus};
use vouchsafe_store::{StoreError, Tx, sessions, users};

use crate::error::SignInError;
use crate::sign_in::{Inner, SignIn};

/// A person in a browser. Made only from a live session of an active user.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// In which browser.
    pub session: Session,
}

impl SignIn {
    /// The person behind a session cookie. `None` when the session is unknown, over, changed past the server, or its
    /// user may not do anything.
    pub async fn session(&self, cookie: &str) -> Result<Option<SignedIn>, SignInError> {
        if !is_secret_text(cookie) {
            return Ok(None);
        }
        let (sign_in, cookie) = (self.clone(), cookie.to_owned());
        match self
            .inner()
            .store
            .read(move |tx| live(sign_in.inner(), tx, &cookie))
            .await
        {
            Err(SignInError::RowTampered(error)) => {
                self.alarm(&error).await;
                Ok(None)
            }
            found => found,
        }
    }

    /// Ends the session. Ending it twice records it once.
    pub async fn sign_out(&self, signed_in: &SignedIn, origin: &Origin) -> Result<(), SignInError> {
        let (sign_in, signed_in, origin) = (self.clone(), signed_in.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            if sessions::end(tx, &signed_in.session.id, inner.clock.now())? {
                let event = ended(&signed_in.session.id, &signed_in.user.pseudonym, "signed_out");
                inner.ledger.append(tx, origin.note(event))?;
            }
            Ok(())
        };
        self.inner().store.write(work).await
    }

    /// Whether the person proved who they are lately enough for a sensitive action (AR-01).
    pub fn is_recent(&self, session: &Session) -> bool {
        let inner = self.inner();
        inner.clock.now() < session.authenticated_at + inner.options.recent
    }
}

fn live(inner: &Inner, tx: &mut Tx<'_>, cookie: &str) -> Result<Option<SignedIn>, SignInError> {
    let Some(session) = by_cookie(inner, tx, cookie)? else {
        return Ok(None);
    };
    let session = inner.vault.verify(session)?;
    if session.expires_at <= inner.clock.now() {
        return Ok(None);
    }
    let Some(user) = users::by_id(tx, &session.user_id)? else {
        return Ok(None);
    };
    let user = inner.vault.verify(user)?;
    let live = user.status == UserStatus::Active && session.outlives_reset_of(&user);
    Ok(live.then_some(SignedIn { user, session }))
}

/// Ends the session that this browser brought along, if it is one, and says so in an event.
pub(crate) fn end_previous(
    inner: &Inner,
    tx: &mut Tx<'_>,
    cookie: &str,
    now: UnixMillis,
) -> Result<Option<Event>, SignInError> {
    let Some(previous) = by_cookie(inner, tx, cookie)? else {
        return Ok(None);
    };
    let (id, user_id) = (
        previous.unverified().id.clone(),
        previous.unverified().user_id.clone(),
    );
    if !sessions::end(tx, &id, now)? {
        return Ok(None);
    }
    let pseudonym = users::by_id(tx, &user_id)?.map(|user| user.unverified().pseudonym.clone());
    Ok(Some(ended(&id, &pseudonym.unwrap_or_default(), "replaced")))
}

fn ended(id: &SessionId, pseudonym: &str, reason: &'static str) -> Event {
    Event::new(EventKind::SessionEnded)
        .user(pseudonym)
        .fact("session_id", id.as_str())
        .fact("reason", reason)
        .version("sessions", id, 0)
        .changes(Change::of(ChangeKind::Session, id))
}

/// Ends every session of the user, named in the event: one that comes back is found by its id.
pub(crate) fn end_all(
    tx: &mut Tx<'_>,
    user: &UserId,
    now: UnixMillis,
    event: Event,
) -> Result<(Event, Vec<SessionId>), StoreError> {
    let ended = sessions::end_all_of_user(tx, user, now)?;
    let event = ended
        .iter()
        .fold(event, |event, id| event.version("sessions", id, 0));
    Ok((event, ended))
}

/// The row of a session that has not ended, under any live cookie key.
fn by_cookie(inner: &Inner, tx: &mut Tx<'_>, cookie: &str) -> Result<Option<Tagged<Session>>, SignInError> {
    for digest in inner.vault.digests(DIGEST_KIND, cookie) {
        if let Some((session, ended_at)) = sessions::by_secret(tx, &digest)? {
            return Ok(ended_at.is_none().then_some(session));
        }
    }
    Ok(None)
}

/// What a secret of ours looks like: 256 bits in lower-case hexadecimal.
pub(crate) fn is_secret_text(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Keeps a session's secret from being found as any other token of ours.
pub(crate) const DIGEST_KIND: &str = "session";
