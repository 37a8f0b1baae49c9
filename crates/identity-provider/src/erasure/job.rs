//! What is left to do once a person is erased: the details beside the record, then the accounts of connections, then the
//! pseudonym. The payload of the job is the id of the user and how far it has come.

use std::time::Duration;

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{Connection, ConnectionState, User, UserId, UserStatus};
use vouchsafe_store::{
    RecordRow, StoreError, Tx, connections, head, jobs, records, upstream_revocations, users,
};

use super::EraseError;
use crate::identity_provider::IdentityProvider;
use crate::jobs::{Outcome, new_job};

/// `kind` of the job.
pub(crate) const ERASE_JOB: &str = "erase_user";

/// Where the look through the record goes on; `None` = everything was looked at.
type Next = Option<i64>;

impl IdentityProvider {
    /// One run: some stretches of the record, then another job goes on, so that no run outlives its lease.
    pub(crate) async fn go_on_erasing(&self, payload: &str, attempts: i32) -> Outcome {
        let mut words = payload.splitn(2, ' ');
        let Some(Ok(id)) = words.next().map(str::parse::<UserId>) else {
            return Outcome::Dead;
        };
        let next = words.next().map_or(Some(1), |next| next.parse().ok());
        let left = match self.forget_some(&id, next).await {
            // Providers may be told for days.
            Ok(true) => return Outcome::retry(attempts, Some(PAUSE)),
            Ok(false) => return Outcome::Done,
            Err(error) => error,
        };
        tracing::warn!(
            error = &left as &dyn std::error::Error,
            user.id = %id,
            "not everything about an erased user could be forgotten yet; it is tried again"
        );
        Outcome::retry(attempts, None)
    }

    /// Whether this job has to come back: not where another one goes on, or nothing is left.
    async fn forget_some(&self, id: &UserId, mut next: Next) -> Result<bool, EraseError> {
        let Some(user) = self.unfinished(id).await? else {
            return Ok(false);
        };
        let looked_before = next.is_none();
        for _ in 0..STRETCHES {
            let Some(from) = next else { break };
            next = self.forget_details(&user.pseudonym, from).await?;
        }
        if next.is_none() && self.forget_accounts(id).await? {
            self.finish_erasing(id).await?;
            return Ok(false);
        }
        if next.is_none() && looked_before {
            return Ok(true);
        }
        self.leave_to_another(id, next).await?;
        Ok(false)
    }

    /// The user, if there is still something to do.
    async fn unfinished(&self, id: &UserId) -> Result<Option<User>, EraseError> {
        let (this, id) = (self.clone(), id.clone());
        let find = move |tx: &mut Tx<'_>| this.stored_user(tx, &id);
        let user = match self.inner().store.read(find).await {
            Err(EraseError::NotFound) => return Ok(None),
            user => user?,
        };
        Ok(Some(user).filter(|user| user.status == UserStatus::Erased && !user.pseudonym.is_empty()))
    }

    /// Forgets what stands beside one stretch of the record about the person, up to the entry that says that they are
    /// erased: what comes later names whoever administers.
    async fn forget_details(&self, pseudonym: &str, from: i64) -> Result<Next, EraseError> {
        let text = format!("\"user\":\"{pseudonym}\"");
        let (rows, end) = self
            .inner()
            .store
            .read(move |tx| -> Result<_, StoreError> {
                let end = head::peek(tx)?.seq;
                let stretch = (from, from + STRETCH - 1);
                Ok((records::holding(tx, stretch, None, &text)?, end))
            })
            .await?;
        let is_the_end = |row: &RecordRow| row.event == EventKind::UserErased.as_str();
        let places: Vec<i64> = rows
            .iter()
            .take_while(|row| !is_the_end(row))
            .filter(|row| row.details.is_some() || row.salt.is_some())
            .map(|row| row.seq)
            .collect();
        if !places.is_empty() {
            self.persist(move |tx| records::forget_details(tx, &places))
                .await?;
        }
        let next = from + STRETCH;
        Ok(Some(next).filter(|next| *next <= end && !rows.iter().any(is_the_end)))
    }

    /// Forgets the accounts of connections that nobody needs any more; whether that is all of them.
    async fn forget_accounts(&self, id: &UserId) -> Result<bool, EraseError> {
        let of = id.clone();
        let all = self
            .inner()
            .store
            .read(move |tx| connections::each_of_user(tx, &of))
            .await?;
        let mut done = true;
        for connection in all {
            let connection = connection?;
            if connection.account_id == FORGOTTEN {
                continue;
            }
            let this = self.clone();
            done &= self
                .persist(move |tx| this.forget_account(tx, &connection))
                .await?;
        }
        Ok(done)
    }

    /// Whether it is forgotten. Until its provider was told, the account says who else shares it.
    fn forget_account(&self, tx: &mut Tx<'_>, connection: &Connection) -> Result<bool, EraseError> {
        let Some(stored) = connections::stored(tx, &connection.id)? else {
            return Ok(true);
        };
        let told = upstream_revocations::of_connection(tx, &stored.id)?
            .iter()
            .all(|revocation| revocation.forgotten_at.is_some());
        if !told || !matches!(stored.state, ConnectionState::Revoked { .. }) {
            return Ok(false);
        }
        let forgotten = Connection {
            account_id: FORGOTTEN.to_owned(),
            account_label: None,
            version: stored.version.saturating_add(1),
            updated_at: self.inner().clock.now(),
            ..stored
        };
        if !connections::forget_account(tx, &forgotten, forgotten.version - 1)? {
            return Err(StoreError::Conflict.into());
        }
        let pseudonym = users::pseudonym(tx, &forgotten.user_id)?.unwrap_or_default();
        let event = Event::new(EventKind::ConnectionErased)
            .user(&pseudonym)
            .fact("connection_id", forgotten.id.as_str())
            .fact("provider_id", forgotten.provider_id.as_str())
            .connection(&forgotten);
        self.inner().ledger.append(tx, Origin::background().note(event))?;
        Ok(true)
    }

    /// Nothing here needs the pseudonym any more.
    async fn finish_erasing(&self, id: &UserId) -> Result<(), EraseError> {
        let (this, id) = (self.clone(), id.clone());
        self.persist(move |tx| -> Result<(), EraseError> {
            users::hold(tx, &id)?;
            let user = this.stored_user(tx, &id)?;
            let pseudonym = user.pseudonym.clone();
            if pseudonym.is_empty() {
                return Ok(());
            }
            let tombstone = User {
                pseudonym: String::new(),
                ..user
            };
            let event = this.put_tombstone(tx, tombstone, &pseudonym, EventKind::UserErasureFinished)?;
            this.inner().ledger.append(tx, Origin::background().note(event))?;
            Ok(())
        })
        .await
    }

    async fn leave_to_another(&self, id: &UserId, next: Next) -> Result<(), EraseError> {
        let place = next.map_or_else(|| LOOKED.to_owned(), |next| next.to_string());
        let mut job = new_job(self.inner(), ERASE_JOB, &format!("{id} {place}"));
        if next.is_none() {
            job.run_at = job.run_at + PAUSE;
        }
        self.persist(move |tx| jobs::insert(tx, &job)).await?;
        self.inner().new_job.notify_one();
        Ok(())
    }
}

/// What stands in the place of an account.
const FORGOTTEN: &str = "erased";
/// In the payload: the record was looked through.
const LOOKED: &str = "-";
/// Entries in one transaction.
const STRETCH: i64 = 5_000;
/// Stretches in one run.
const STRETCHES: usize = 20;
/// How soon to ask again whether providers have been told.
const PAUSE: Duration = Duration::from_secs(5);
