//! What an administrator does with users. Each change is on the record with who asked for it.

use std::collections::{BTreeMap, BTreeSet};

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{Authority, Change, ChangeKind, ManagedBy, Secret, Tagged, User, UserId, UserStatus};
use vouchsafe_store::{Page, StoreError, Tx, users};
use vouchsafe_vault::password;

use crate::error::SignInError;
use crate::sessions::end_all;
use crate::sign_in::{Inner, SignIn};
use crate::username;
use crate::users::{PasswordChange, change_password, create, disable, held, written};

/// A password that an administrator gives to somebody.
#[derive(Debug, Clone)]
pub enum NewPassword {
    /// The password itself.
    Plain(Secret<String>),
    /// Its argon2id PHC string.
    Hash(String),
}

impl SignIn {
    /// The user of this id.
    pub async fn user(&self, id: &UserId) -> Result<User, SignInError> {
        let (sign_in, id) = (self.clone(), id.clone());
        let find = move |tx: &mut Tx<'_>| {
            let found = users::by_id(tx, &id)?.ok_or(SignInError::UserNotFound(id))?;
            Ok(sign_in.inner().vault.verify(found)?)
        };
        self.inner().store.read(find).await
    }

    /// The user who signs in by this name, as a page of one.
    pub async fn user_named(&self, name: &str) -> Result<Page<User>, SignInError> {
        let name = username::normalise(name)?;
        let sign_in = self.clone();
        let find = move |tx: &mut Tx<'_>| -> Result<_, SignInError> {
            let page = users::page_of_username(tx, &name)?;
            Ok(page.try_map(|row| sign_in.inner().listed(row, |user| user.id.to_string())))
        };
        self.inner().store.read(find).await
    }

    /// Up to `limit` users in order of id, beginning behind `after`.
    pub async fn users(&self, after: Option<UserId>, limit: i64) -> Result<Page<User>, SignInError> {
        let sign_in = self.clone();
        let page = move |tx: &mut Tx<'_>| -> Result<_, SignInError> {
            let page = users::page(tx, after.as_ref(), limit)?;
            Ok(page.try_map(|row| sign_in.inner().listed(row, |user| user.id.to_string())))
        };
        self.inner().store.read(page).await
    }

    /// By what names these users sign in. Rows that were changed past the server have none.
    pub async fn usernames(&self, ids: BTreeSet<UserId>) -> Result<BTreeMap<UserId, String>, SignInError> {
        let sign_in = self.clone();
        let find = move |tx: &mut Tx<'_>| -> Result<_, SignInError> {
            let rows = users::by_ids(tx, &ids)?.into_iter();
            let users = rows.filter_map(|row| sign_in.inner().readable(row));
            let users = users.filter(|user| user.status != UserStatus::Erased);
            Ok(users.map(|user| (user.id, user.username)).collect())
        };
        self.inner().store.read(find).await
    }

    /// Makes a user. Without a password nobody can sign in by this name yet.
    pub async fn create_user(
        &self,
        name: &str,
        password: Option<NewPassword>,
        origin: &Origin,
    ) -> Result<User, SignInError> {
        let name = username::normalise(name)?;
        let password = match password {
            Some(password) => self.to_set(password).await?,
            None => PasswordChange::Keep,
        };
        let (sign_in, origin) = (self.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            if users::by_username(tx, &name)?.is_some() {
                return Err(SignInError::UsernameTaken);
            }
            let (user, event) = create(inner, tx, name, ManagedBy::Admin, password)?;
            inner.ledger.append(tx, origin.note(event))?;
            Ok(user)
        };
        match self.inner().store.write(work).await {
            // Somebody else was first with the name.
            Err(SignInError::Unavailable(StoreError::Conflict)) => Err(SignInError::UsernameTaken),
            made => made,
        }
    }

    /// Switches everything that is done in a user's name off or on. Off ends every session: on again does not bring
    /// them back.
    pub async fn set_user_status(
        &self,
        id: &UserId,
        status: UserStatus,
        origin: &Origin,
    ) -> Result<User, SignInError> {
        let (sign_in, id, origin) = (self.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            let user = administered(inner, tx, &id)?;
            match status {
                same if same == user.status => Ok(user),
                // Erasing is more than a status.
                UserStatus::Disabled | UserStatus::Erased => disable(inner, tx, user, &origin),
                UserStatus::Active => enable(inner, tx, user, &origin),
            }
        };
        self.inner().store.write(work).await
    }

    /// Gives the user another password: whoever sets it could sign in, so every session ends, and the user's connections
    /// stay locked until the user has connected them again (`architecture` section 8).
    pub async fn reset_password(
        &self,
        id: &UserId,
        password: NewPassword,
        origin: &Origin,
    ) -> Result<User, SignInError> {
        let password = self.to_set(password).await?;
        let (sign_in, id, origin) = (self.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            let now = inner.clock.now();
            let user = User {
                credentials_reset_at: Some(now),
                ..administered(inner, tx, &id)?
            };
            let row = inner.vault.tag(user.clone());
            users::put(tx, &row)?;
            let event = written(EventKind::UserChanged, &user, &row)
                .fact("password_changed", true)
                .changes(Change::of(ChangeKind::User, &id));
            let (event, _) = end_all(tx, &id, now, event)?;
            let event = change_password(inner, tx, &id, password, event)?;
            inner.ledger.append(tx, origin.note(event))?;
            Ok(user)
        };
        self.inner().store.write(work).await
    }

    /// Ends every session of the user, and says how many there were. Never refused, not even by a damaged row: it only
    /// takes.
    pub async fn sign_out_user(&self, id: &UserId, origin: &Origin) -> Result<usize, SignInError> {
        let (sign_in, id, origin) = (self.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = sign_in.inner();
            match users::by_id(tx, &id) {
                Ok(None) => return Err(SignInError::UserNotFound(id)),
                Ok(Some(_)) | Err(StoreError::Corrupt { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let event = Event::new(EventKind::SessionEnded)
                .user(&users::pseudonym(tx, &id)?.unwrap_or_default())
                .fact("user_id", id.as_str())
                .fact("reason", "signed_out_by_admin");
            let (event, ended) = end_all(tx, &id, inner.clock.now(), event)?;
            if !ended.is_empty() {
                let event = ended.iter().fold(event.fact("count", ended.len()), |event, id| {
                    event.changes(Change::of(ChangeKind::Session, id))
                });
                inner.ledger.append(tx, origin.note(event))?;
            }
            Ok(ended.len())
        };
        self.inner().store.write(work).await
    }

    async fn to_set(&self, given: NewPassword) -> Result<PasswordChange, SignInError> {
        match given {
            NewPassword::Hash(hash) if password::is_usable(&hash) => Ok(PasswordChange::Set(hash)),
            NewPassword::Hash(_) => Err(SignInError::PasswordHashUnusable),
            NewPassword::Plain(text) => {
                if !PASSWORD_CHARACTERS.contains(&text.expose().chars().count()) {
                    return Err(SignInError::PasswordLength);
                }
                let hash = self.inner().passwords.hash(text, self.inner().ids.clone());
                Ok(PasswordChange::Set(hash.await?))
            }
        }
    }
}

impl Inner {
    /// For lists: a row that was changed past the server is not in them.
    pub(crate) fn readable<T: Authority>(&self, row: Tagged<T>) -> Option<T> {
        let verified = self.vault.verify(row);
        verified
            .map_err(
                |error| tracing::error!(error = %error, "a row was changed past the server and is left out"),
            )
            .ok()
    }

    /// For pages: the id of a row that was changed past the server, instead of it.
    pub(crate) fn listed<T: Authority>(
        &self,
        row: Tagged<T>,
        id: impl Fn(&T) -> String,
    ) -> Result<T, String> {
        let id = id(row.unverified());
        self.vault.verify(row).map_err(|error| {
            tracing::error!(row.id = id, error = %error, "a row was changed past the server and is left out");
            id
        })
    }
}

/// The user, held, if the configuration does not say what this user is.
fn administered(inner: &Inner, tx: &mut Tx<'_>, id: &UserId) -> Result<User, SignInError> {
    let user = held(inner, tx, id)?;
    match (user.managed_by, user.status) {
        (_, UserStatus::Erased) => Err(SignInError::UserErased),
        (ManagedBy::Config, _) => Err(SignInError::ManagedByConfiguration),
        (ManagedBy::Admin, _) => Ok(user),
    }
}

fn enable(inner: &Inner, tx: &mut Tx<'_>, user: User, origin: &Origin) -> Result<User, SignInError> {
    let user = User {
        status: UserStatus::Active,
        ..user
    };
    let row = inner.vault.tag(user.clone());
    users::put(tx, &row)?;
    let event = written(EventKind::UserChanged, &user, &row).changes(Change::of(ChangeKind::User, &user.id));
    inner.ledger.append(tx, origin.note(event))?;
    Ok(user)
}

const PASSWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 8..=1024;
