//! Erasing a person (VA-06): what names them goes, the record stays whole.
//!
//! 1. One transaction: everything of the person is revoked as a whole; password, identities, sessions and what waited for
//!    an answer are deleted; the row of the user becomes a tombstone, for other rows point to it; the record says so under
//!    the pseudonym. From its commit on the person can do nothing, and nothing is done in their name.
//! 2. A job then forgets what stands beside the record about the person, and the accounts of their connections as soon as
//!    the providers have been told. It may be interrupted anywhere, and run twice.

mod job;

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{AccessOf, Change, ChangeKind, Job, ManagedBy, Tagged, User, UserId, UserStatus};
use vouchsafe_store::{StoreError, Tx, identities, interactions, jobs, sessions, user_credentials, users};
use vouchsafe_vault::TagError;

use crate::identity_provider::{IdentityProvider, Transient};

pub(crate) use job::ERASE_JOB;

/// Why nobody was erased.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The next start would make the user again.
    #[error(
        "this user is managed by the configuration file: take their entry out of it and restart, then erase them"
    )]
    ManagedByConfiguration,
    /// Its pseudonym may be that of somebody else.
    #[error("the row of the user was changed past the server")]
    Tampered(#[from] TagError),
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

impl Transient for EraseError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

impl IdentityProvider {
    /// Erases a user, and says what is left of the row. When this returns, the person can do nothing any more on any
    /// replica; the rest follows in the background, and is finished when the row has no pseudonym. Asking again gives the
    /// present state.
    #[tracing::instrument(name = "erase_user", skip_all, fields(user.id = %id))]
    pub async fn erase_user(&self, id: &UserId, origin: Origin) -> Result<User, EraseError> {
        let (this, user) = (self.clone(), id.clone());
        let jobs = self.persist(move |tx| this.erase_in(tx, &user, &origin)).await?;
        for job in jobs {
            self.run_here(job).await;
        }
        let (this, id) = (self.clone(), id.clone());
        let look = move |tx: &mut Tx<'_>| this.stored_user(tx, &id);
        self.inner().store.read(look).await
    }

    fn erase_in(&self, tx: &mut Tx<'_>, id: &UserId, origin: &Origin) -> Result<Vec<Job>, EraseError> {
        if !users::hold(tx, id)? {
            return Err(EraseError::NotFound);
        }
        let user = self.stored_user(tx, id)?;
        match (user.status, user.managed_by) {
            (UserStatus::Erased, _) => return Ok(Vec::new()),
            // One whose entry has gone is disabled, and stays marked as the configuration's.
            (UserStatus::Active, ManagedBy::Config) => return Err(EraseError::ManagedByConfiguration),
            _ => {}
        }
        let pseudonym = user.pseudonym.clone();
        let tombstone = User {
            // Nobody can sign in by such a name, or be given it.
            username: format!("erased:{id}"),
            status: UserStatus::Erased,
            credentials_reset_at: None,
            ..user
        };
        let erased = self.put_tombstone(tx, tombstone, &pseudonym, EventKind::UserErased)?;
        let erased = self.forget_rows(tx, id, erased)?;
        let of = AccessOf::User(id.clone());
        let sweep = self.begin_revoking(tx, &of)?;
        let erase = self.leased_job(ERASE_JOB, id.as_str());
        jobs::insert(tx, &erase)?;
        let (_, revoked) = self.epoch(tx, &of)?;
        let events = [revoked, erased].map(|event| origin.note(event));
        self.inner().ledger.append_all(tx, events)?;
        Ok(vec![sweep, erase])
    }

    /// Deletes what only the person needed, and tells it in the event. A damaged row goes as well.
    fn forget_rows(&self, tx: &mut Tx<'_>, id: &UserId, event: Event) -> Result<Event, StoreError> {
        let mut event = event;
        if user_credentials::delete(tx, id)? {
            event = event.version("user_credentials", id, 0);
        }
        for identity in identities::each_of_user(tx, id)?.iter().flatten() {
            event = event.identity_gone(identity);
        }
        identities::delete_of_user(tx, id)?;
        for session in sessions::end_all_of_user(tx, id, self.inner().clock.now())? {
            event = event.version("sessions", &session, 0);
        }
        sessions::delete_of_user(tx, id)?;
        for interaction in interactions::delete_of_user(tx, id)? {
            event = event.interaction_gone(&interaction);
        }
        Ok(event)
    }

    /// Writes what is left of a user; the event is for the end of the transaction.
    fn put_tombstone(
        &self,
        tx: &mut Tx<'_>,
        tombstone: User,
        pseudonym: &str,
        kind: EventKind,
    ) -> Result<Event, StoreError> {
        let row: Tagged<User> = self.inner().vault.tag(tombstone);
        users::put(tx, &row)?;
        let user = row.unverified();
        Ok(Event::new(kind)
            .user(pseudonym)
            .fact("user_id", user.id.as_str())
            .fact("status", user.status.as_str())
            .row("users", &user.id, &row)
            .changes(Change::of(ChangeKind::User, &user.id)))
    }

    fn stored_user(&self, tx: &mut Tx<'_>, id: &UserId) -> Result<User, EraseError> {
        let found = users::by_id(tx, id)?.ok_or(EraseError::NotFound)?;
        Ok(self.inner().vault.verify(found)?)
    }
}
