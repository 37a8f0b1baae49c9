//! Users as the configuration wants them.
//!
//! A user is `(iss, sub)`: built-in ones have our issuer and their own id. Whoever sets the password of an existing
//! user could sign in as that user; so it counts as a reset of the credentials by an admin: sessions end, and
//! connections made before stay locked until the user reconnects them (`architecture` section 8).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{
    Change, ChangeKind, Credential, Identity, ManagedBy, Tagged, UnixMillis, User, UserId, UserStatus,
};
use vouchsafe_store::{StoreError, Tx, identities, user_credentials, users};

use crate::definition::{Applied, DefinedPassword, UserDefinition};
use crate::error::SignInError;
use crate::password_sign_in::credential;
use crate::sessions::end_all;
use crate::sign_in::{Inner, SignIn};
use crate::username;

/// What is there of a defined user.
struct Stored {
    user: User,
    credential: Option<Credential>,
    identified: bool,
}

/// What becomes of a user's password.
#[derive(Clone)]
pub(crate) enum PasswordChange {
    Keep,
    Set(String),
    Remove,
}

impl SignIn {
    /// Makes the user as defined. Unchanged means no write and no event.
    pub async fn apply_user(&self, definition: UserDefinition) -> Result<(User, Applied), SignInError> {
        match self.apply_once(definition.clone()).await {
            // Another replica with the same configuration was first: what it made is what we find now.
            Err(SignInError::Unavailable(StoreError::Conflict)) => self.apply_once(definition).await,
            applied => applied,
        }
    }

    /// The users that `managed_by` maintains, disabled ones included. For disabling those whose line has gone. A row that
    /// was changed past the server is left out and reported in the log: nothing of it counts anyway.
    pub async fn users_managed_by(&self, managed_by: ManagedBy) -> Result<Vec<User>, SignInError> {
        let sign_in = self.clone();
        let all = move |tx: &mut Tx<'_>| {
            let mut found = Vec::new();
            let mut after = String::new();
            loop {
                let page = users::each_after(tx, &after, PAGE)?;
                let Some((last, _)) = page.last() else {
                    return Ok(found);
                };
                after.clone_from(last);
                for (id, row) in page {
                    match row {
                        Ok(row) => {
                            let user = sign_in.inner().readable(row);
                            found.extend(user.filter(|user| user.managed_by == managed_by));
                        }
                        Err(error @ StoreError::Corrupt { .. }) => {
                            tracing::error!(user.id = id, error = %error, "a user is left out");
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        };
        self.inner().store.read(all).await
    }

    /// From here on nothing is done in the user's name. One change covers everything that rests on the user.
    pub async fn disable_user(&self, id: &UserId, origin: &Origin) -> Result<Applied, SignInError> {
        let (sign_in, id, origin) = (self.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            let user = held(inner, tx, &id)?;
            if user.status == UserStatus::Disabled {
                return Ok(Applied::Unchanged);
            }
            disable(inner, tx, user, &origin)?;
            Ok(Applied::Changed)
        };
        self.inner().store.write(work).await
    }

    async fn apply_once(&self, definition: UserDefinition) -> Result<(User, Applied), SignInError> {
        let UserDefinition {
            username,
            password,
            password_hash,
            managed_by,
        } = definition;
        let username = username::normalise(&username)?;
        let defined = DefinedPassword::of(password, password_hash)?;
        let stored = self.stored(username.clone()).await?;
        let password = self.password_change(defined, stored.as_ref()).await?;
        match stored {
            None => self.insert(username, managed_by, password).await,
            Some(stored) => self.update(stored, managed_by, password).await,
        }
    }

    async fn stored(&self, username: String) -> Result<Option<Stored>, SignInError> {
        let sign_in = self.clone();
        let find = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            let Some(user) = users::by_username(tx, &username)? else {
                return Ok(None);
            };
            let user = inner.vault.verify(user)?;
            let credential = credential(inner, tx, &user.id)?;
            let identified = is_identified(inner, tx, &user.id)?;
            Ok(Some(Stored {
                user,
                credential,
                identified,
            }))
        };
        self.inner().store.read(find).await
    }

    async fn password_change(
        &self,
        defined: DefinedPassword,
        stored: Option<&Stored>,
    ) -> Result<PasswordChange, SignInError> {
        let known = stored
            .and_then(|stored| stored.credential.as_ref())
            .map(|known| known.password_hash.clone());
        let passwords = &self.inner().passwords;
        match (defined, known) {
            (DefinedPassword::None, None) => Ok(PasswordChange::Keep),
            (DefinedPassword::None, Some(_)) => Ok(PasswordChange::Remove),
            (DefinedPassword::Hash(hash), Some(known)) if hash == known => Ok(PasswordChange::Keep),
            (DefinedPassword::Hash(hash), _) if hash.starts_with("$argon2id$") => {
                Ok(PasswordChange::Set(hash))
            }
            (DefinedPassword::Hash(_), _) => Err(SignInError::PasswordHashUnusable),
            (DefinedPassword::Plain(password), known) => {
                if known.is_some() && passwords.matches(password.clone(), known).await? {
                    return Ok(PasswordChange::Keep);
                }
                Ok(PasswordChange::Set(
                    passwords.hash(password, self.inner().ids.clone()).await?,
                ))
            }
        }
    }

    async fn insert(
        &self,
        username: String,
        managed_by: ManagedBy,
        password: PasswordChange,
    ) -> Result<(User, Applied), SignInError> {
        let sign_in = self.clone();
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            let (user, event) = create(inner, tx, username, managed_by, password)?;
            inner.ledger.append(tx, event)?;
            Ok((user, Applied::Changed))
        };
        self.inner().store.write(work).await
    }

    async fn update(
        &self,
        stored: Stored,
        managed_by: ManagedBy,
        password: PasswordChange,
    ) -> Result<(User, Applied), SignInError> {
        let now = self.inner().clock.now();
        let Stored {
            user: before,
            credential: known,
            identified,
        } = stored;
        let password_changes = !matches!(password, PasswordChange::Keep);
        let reset = matches!(password, PasswordChange::Set(_));
        let user = User {
            status: UserStatus::Active,
            managed_by,
            credentials_reset_at: if reset {
                Some(now)
            } else {
                before.credentials_reset_at
            },
            ..before.clone()
        };
        if user == before && identified && !password_changes {
            return Ok((user, Applied::Unchanged));
        }
        let sign_in = self.clone();
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            // Somebody else has changed the user since: what they made may be what is wanted.
            if held(inner, tx, &user.id)? != before || credential(inner, tx, &user.id)? != known {
                return Err(StoreError::Conflict.into());
            }
            let row = inner.vault.tag(user.clone());
            users::put(tx, &row)?;
            let identity = if identified {
                None
            } else {
                Some(identify(inner, tx, &user.id, now)?)
            };
            let event = written(EventKind::UserChanged, &user, &row)
                .fact("password_changed", password_changes)
                .changes(Change::of(ChangeKind::User, &user.id));
            let event = identity.iter().fold(event, Event::identity);
            let event = if password_changes {
                end_all(tx, &user.id, now, event)?.0
            } else {
                event
            };
            let event = change_password(inner, tx, &user.id, password, event)?;
            inner.ledger.append(tx, event)?;
            Ok((user, Applied::Changed))
        };
        self.inner().store.write(work).await
    }
}

/// The user, whom nobody else changes until the end of the transaction.
pub(crate) fn held(inner: &Inner, tx: &mut Tx<'_>, id: &UserId) -> Result<User, SignInError> {
    let not_found = || SignInError::UserNotFound(id.clone());
    if !users::hold(tx, id)? {
        return Err(not_found());
    }
    let stored = users::by_id(tx, id)?.ok_or_else(not_found)?;
    Ok(inner.vault.verify(stored)?)
}

/// Writes a user who was not there; the event is for the end of the transaction.
pub(crate) fn create(
    inner: &Inner,
    tx: &mut Tx<'_>,
    username: String,
    managed_by: ManagedBy,
    password: PasswordChange,
) -> Result<(User, Event), SignInError> {
    let now = inner.clock.now();
    let user = User {
        id: inner.ids.next(),
        username,
        pseudonym: URL_SAFE_NO_PAD.encode(inner.ids.bytes::<16>()),
        status: UserStatus::Active,
        managed_by,
        credentials_reset_at: None,
        created_at: now,
    };
    let row = inner.vault.tag(user.clone());
    users::put(tx, &row)?;
    let identity = identify(inner, tx, &user.id, now)?;
    let event = written(EventKind::UserChanged, &user, &row)
        .fact("created", true)
        .identity(&identity);
    let event = change_password(inner, tx, &user.id, password, event)?;
    Ok((user, event))
}

/// From here on nothing is done in the user's name.
pub(crate) fn disable(
    inner: &Inner,
    tx: &mut Tx<'_>,
    user: User,
    origin: &Origin,
) -> Result<User, SignInError> {
    let user = User {
        status: UserStatus::Disabled,
        ..user
    };
    let row = inner.vault.tag(user.clone());
    users::put(tx, &row)?;
    let event = written(EventKind::UserDisabled, &user, &row).changes(Change::of(ChangeKind::User, &user.id));
    let (event, _) = end_all(tx, &user.id, inner.clock.now(), event)?;
    inner.ledger.append(tx, origin.note(event))?;
    Ok(user)
}

pub(crate) fn about(user: &User, kind: EventKind) -> Event {
    Event::new(kind)
        .user(&user.pseudonym)
        .fact("user_id", user.id.as_str())
}

/// The row as it is after this event, and whether the user may do anything.
pub(crate) fn written(kind: EventKind, user: &User, row: &Tagged<User>) -> Event {
    about(user, kind)
        .fact("status", user.status.as_str())
        .row("users", &user.id, row)
}

fn is_identified(inner: &Inner, tx: &mut Tx<'_>, id: &UserId) -> Result<bool, SignInError> {
    let identity = identities::by_issuer_subject(tx, &inner.issuer, id.as_str())?;
    let identity = identity
        .map(|identity| inner.vault.verify(identity))
        .transpose()?;
    Ok(identity.is_some_and(|identity| identity.user_id == *id))
}

fn identify(
    inner: &Inner,
    tx: &mut Tx<'_>,
    id: &UserId,
    now: UnixMillis,
) -> Result<Tagged<Identity>, SignInError> {
    let identity = Identity {
        issuer: inner.issuer.clone(),
        subject: id.as_str().to_owned(),
        user_id: id.clone(),
        created_at: now,
    };
    let row = inner.vault.tag(identity);
    identities::insert(tx, &row)?;
    Ok(row)
}

/// Writes the change, and tells it in the event.
pub(crate) fn change_password(
    inner: &Inner,
    tx: &mut Tx<'_>,
    id: &UserId,
    change: PasswordChange,
    event: Event,
) -> Result<Event, SignInError> {
    match change {
        PasswordChange::Keep => Ok(event),
        PasswordChange::Remove => {
            user_credentials::delete(tx, id)?;
            Ok(event.version("user_credentials", id, 0))
        }
        PasswordChange::Set(password_hash) => {
            let credential = Credential {
                user_id: id.clone(),
                password_hash,
                updated_at: inner.clock.now(),
            };
            let row = inner.vault.tag(credential);
            user_credentials::put(tx, &row)?;
            Ok(event.row("user_credentials", id, &row))
        }
    }
}

const PAGE: i64 = 500;
