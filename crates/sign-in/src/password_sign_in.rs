//! Signing in with a password.
//!
//! 1. Count the attempt as a failure until it is forgiven, or taken back undecided; refuse when there were too many.
//! 2. Find user and password hash; an unknown name goes on without one.
//! 3. Check the password: the same work in every case.
//! 4. In one transaction: the user is still active, the password still the one checked; end the session that this
//!    browser brought along; start a new one with a new id and a new secret; record both.

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{Credential, Secret, Session, User, UserId, UserStatus};
use vouchsafe_store::{Tx, sessions, user_credentials, users};

use crate::error::SignInError;
use crate::sessions::{DIGEST_KIND, SignedIn, end_previous, is_secret_text};
use crate::sign_in::{Inner, SignIn};
use crate::username;

/// Someone who can sign in with a password.
struct Candidate {
    user: User,
    password_hash: String,
}

impl SignIn {
    /// Starts a session for whoever knows the password, and gives the value of its cookie. `previous` is the session
    /// cookie that the browser sent along: that session ends.
    pub async fn with_password(
        &self,
        username: &str,
        password: Secret<String>,
        previous: Option<&str>,
        origin: &Origin,
    ) -> Result<(SignedIn, Secret<String>), SignInError> {
        let username = username::normalise(username).ok();
        let previous = previous
            .filter(|cookie| is_secret_text(cookie))
            .map(str::to_owned);
        let (sign_in, origin) = (self.clone(), origin.clone());
        self.to_the_end(async move { sign_in.attempt(username, password, previous, origin).await })
            .await
    }

    async fn attempt(
        self,
        username: Option<String>,
        password: Secret<String>,
        previous: Option<String>,
        origin: Origin,
    ) -> Result<(SignedIn, Secret<String>), SignInError> {
        let (throttle, source) = (&self.inner().throttle, origin.address.as_deref());
        let account = username.clone().unwrap_or_default();
        if let Err(retry_after) = throttle.begin(&account, source, self.inner().clock.now()) {
            self.record_failure(None, &origin).await;
            return Err(SignInError::Throttled { retry_after });
        }
        let candidate = self.candidate(username).await;
        let result = match candidate {
            Ok(candidate) => self.decide(candidate, password, previous, &origin).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(_) => throttle.forgive(&account, source),
            Err(SignInError::Refused) => {}
            // Too much to do, or no database: nobody has looked at the password.
            Err(_) => throttle.take_back(&account, source),
        }
        result
    }

    async fn decide(
        &self,
        candidate: Option<Candidate>,
        password: Secret<String>,
        previous: Option<String>,
        origin: &Origin,
    ) -> Result<(SignedIn, Secret<String>), SignInError> {
        let hash = candidate
            .as_ref()
            .map(|candidate| candidate.password_hash.clone());
        let matches = self.inner().passwords.matches(password, hash).await?;
        let user = candidate.as_ref().map(|candidate| candidate.user.clone());
        let started = match candidate {
            Some(candidate) if matches => self.start(candidate, previous, origin).await,
            _ => Err(SignInError::Refused),
        };
        if matches!(started, Err(SignInError::Refused)) {
            self.record_failure(user.as_ref(), origin).await;
        }
        started
    }

    /// An unknown name, a user without a password and a tampered row are all nobody.
    async fn candidate(&self, username: Option<String>) -> Result<Option<Candidate>, SignInError> {
        let Some(username) = username else { return Ok(None) };
        let sign_in = self.clone();
        let found = self.inner().store.read(move |tx| {
            let vault = &sign_in.inner().vault;
            let Some(user) = users::by_username(tx, &username)? else {
                return Ok(None);
            };
            let user = vault.verify(user)?;
            let credential = credential(sign_in.inner(), tx, &user.id)?;
            Ok(credential.map(|credential| Candidate {
                user,
                password_hash: credential.password_hash,
            }))
        });
        match found.await {
            Err(SignInError::RowTampered(error)) => {
                self.alarm(&error).await;
                Ok(None)
            }
            found => found,
        }
    }

    async fn start(
        &self,
        candidate: Candidate,
        previous: Option<String>,
        origin: &Origin,
    ) -> Result<(SignedIn, Secret<String>), SignInError> {
        let (sign_in, origin) = (self.clone(), origin.clone());
        let secret = self.inner().ids.secret_text();
        let cookie = secret.clone();
        let signed_in = self.inner().store.write(move |tx| {
            let inner = sign_in.inner();
            let user = still_the_same(inner, tx, &candidate)?;
            let now = inner.clock.now();
            let replaced = match &previous {
                Some(previous) => end_previous(inner, tx, previous, now)?,
                None => None,
            };
            let session = Session {
                id: inner.ids.next(),
                user_id: user.id.clone(),
                secret: inner.vault.digest(DIGEST_KIND, secret.expose()),
                authenticated_at: now,
                expires_at: now + inner.options.lifetime,
            };
            sessions::insert(tx, &inner.vault.tag(session.clone()))?;
            let started = Event::new(EventKind::SessionStarted)
                .user(&user.pseudonym)
                .fact("user_id", user.id.as_str())
                .fact("session_id", session.id.as_str())
                .fact("method", "password");
            let events = replaced
                .into_iter()
                .chain([started])
                .map(|event| origin.note(event));
            inner.ledger.append_all(tx, events)?;
            Ok::<_, SignInError>(SignedIn { user, session })
        });
        Ok((signed_in.await?, cookie))
    }

    /// Some per minute and source; then a count. The name that was typed is not recorded: it may be a password.
    async fn record_failure(&self, user: Option<&User>, origin: &Origin) {
        let inner = self.inner();
        let Some(tally) = inner.failures.admit(origin.address.as_deref(), inner.clock.now()) else {
            return;
        };
        let mut event = tally.note(Event::new(EventKind::SignInFailed));
        if let Some(user) = user {
            event = event.user(&user.pseudonym).fact("user_id", user.id.as_str());
        }
        let (ledger, event) = (inner.ledger.clone(), origin.note(event));
        let noted = inner.store.write(move |tx| ledger.append(tx, event)).await;
        if let Err(error) = noted {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a failed sign-in could not be recorded"
            );
        }
    }
}

/// A user disabled or a password changed while it was being checked counts.
fn still_the_same(inner: &Inner, tx: &mut Tx<'_>, candidate: &Candidate) -> Result<User, SignInError> {
    // A reset that runs beside us either waits for this session and ends it, or is seen here.
    users::hold(tx, &candidate.user.id)?;
    let user = users::by_id(tx, &candidate.user.id)?.ok_or(SignInError::Refused)?;
    let user = inner.vault.verify(user)?;
    let credential = credential(inner, tx, &user.id)?.ok_or(SignInError::Refused)?;
    if user.status == UserStatus::Active && credential.password_hash == candidate.password_hash {
        Ok(user)
    } else {
        Err(SignInError::Refused)
    }
}

pub(crate) fn credential(
    inner: &Inner,
    tx: &mut Tx<'_>,
    user_id: &UserId,
) -> Result<Option<Credential>, SignInError> {
    let stored = user_credentials::of_user(tx, user_id)?;
    Ok(stored
        .map(|credential| inner.vault.verify(credential))
        .transpose()?)
}
