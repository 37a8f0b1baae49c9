//! Revoking: dead here at once, dead at the provider as soon as it can be.
//!
//! 1. One transaction: the connection becomes `Revoked` for ever, every sealed secret moves unchanged into
//!    `upstream_revocations`, grants and access tokens are gone, a job waits, and the record says so (AR-05).
//! 2. The job runs at once, and the answer waits a moment for it.
//! 3. It is tried with growing pauses until the provider confirms, refuses, or the deadline passes. Then the secrets and
//!    their key are destroyed; only then is the answer `forgotten`.
//!
//! Everything of a user, a client or a provider at once is one small change ([`access`]): from its commit all of it is
//! dead, and a job ([`sweep`]) then does the above for each connection, and takes each leave back.
//!
//! Every transaction of this crate locks rows in this order: attempt, connection, access tokens, upstream grants, the
//! rest; and takes the head last.

mod access;
mod answer;
mod exposure;
pub(crate) mod left_over;
mod moving;
mod sharing;
pub(crate) mod sweep;
mod unclaimed;
mod verdict;
pub(crate) mod worker;

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{
    AdminKeyId, Change, ChangeKind, ClientId, Connection, ConnectionId, ConnectionState, Job, RecordId,
    RevocationState, UnixMillis, UpstreamRevocation, UserId,
};
use vouchsafe_store::{StoreError, Tx, connections, data_keys, jobs, upstream_grants, upstream_revocations};

use crate::holdings::{Holdings, holdings};
use crate::identity_provider::{IdentityProvider, pseudonym};
use crate::jobs::new_job;

/// Who revokes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokedBy {
    /// The owner; other people's connections are not found.
    User(UserId),
    /// An admin key with the scope `revoke`.
    Admin {
        /// The key.
        key_id: AdminKeyId,
    },
    /// Whoever may open the server's local socket.
    Local,
    /// It goes with everything of its user, or at its provider.
    WithAll,
}

/// What has become of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeAnswer {
    /// The connection. It is dead here, whatever the rest says.
    pub connection_id: ConnectionId,
    /// What the provider has done.
    pub state: RevocationState,
    /// Why it was abandoned, or the last failure: a fixed word.
    pub reason: Option<String>,
    /// Whether the secrets and their key are destroyed.
    pub forgotten: bool,
    /// Until when a released raw token may still work; `None` when none does, or when one lives without bound.
    pub exposed_until: Option<UnixMillis>,
    /// Raw releases that may still work.
    pub raw_releases_alive: Vec<RawRelease>,
}

/// A raw token that is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRelease {
    /// Who has it.
    pub client_id: ClientId,
    /// The record of its release.
    pub record_id: RecordId,
    /// When it was released.
    pub released_at: UnixMillis,
    /// When it ends; `None` = lives without bound.
    pub expires_at: Option<UnixMillis>,
}

/// Why nothing was revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// There is nothing of this id, or it is somebody else's.
    #[error("there is no such thing")]
    NotFound,
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
}

/// What the transaction of a revocation leaves to do.
struct Begun {
    connection: Connection,
    job: Option<Job>,
    exposure: exposure::Bounds,
}

impl IdentityProvider {
    /// Revokes a connection. Asking again gives the present state.
    #[tracing::instrument(name = "revoke", skip_all, fields(connection.id = %id))]
    pub async fn revoke_connection(
        &self,
        id: &ConnectionId,
        by: RevokedBy,
        origin: Origin,
    ) -> Result<RevokeAnswer, RevokeError> {
        let (this, id) = (self.clone(), id.clone());
        let begun = self
            .persist(move |tx| this.revoke_in(tx, &id, &by, &origin))
            .await?;
        if let Some(job) = begun.job {
            self.run_here(job).await;
        }
        self.revocation_answer(&begun.connection, begun.exposure).await
    }

    /// Runs a job whose lease is ours, and waits a moment for its end.
    pub(crate) async fn run_here(&self, job: Job) {
        let (this, inner) = (self.clone(), self.inner());
        let attempt = inner
            .tasks
            .spawn(&inner.handle, async move { this.run_job(job).await });
        tokio::select! {
            _ = attempt => {}
            () = inner.clock.sleep(inner.options.revocation_wait) => {}
        }
        inner.new_job.notify_one();
    }

    fn revoke_in(
        &self,
        tx: &mut Tx<'_>,
        id: &ConnectionId,
        by: &RevokedBy,
        origin: &Origin,
    ) -> Result<Begun, RevokeError> {
        let now = self.inner().clock.now();
        // As it is stored: what goes with everything of somebody is dead already, and this writes it down.
        let connection = connections::stored(tx, id)?.filter(|connection| by.may_see(connection));
        let old = connection.ok_or(RevokeError::NotFound)?;
        if matches!(old.state, ConnectionState::Revoked { .. }) {
            return Ok(Begun {
                exposure: exposure::Bounds::unknown(),
                connection: old,
                job: None,
            });
        }
        let held = holdings(tx, &old)?;
        let connection = Connection {
            state: ConnectionState::Revoked { at: now },
            version: old.version + 1,
            updated_at: now,
            ..old.clone()
        };
        if !connections::update(tx, &connection, old.version)? {
            return Err(StoreError::Conflict.into());
        }
        for holding in &held.grants {
            upstream_grants::delete(tx, &holding.grant)?;
        }
        let revocation = self.new_revocation(&connection);
        let secrets = moving::secrets_of(&revocation.id, &old, &held);
        upstream_revocations::insert(tx, &revocation, &secrets)?;
        data_keys::delete_unused(tx, id)?;
        let job = match by {
            // There may be thousands: the runner takes them as it can.
            RevokedBy::WithAll => new_job(self.inner(), worker::REVOKE_JOB, revocation.id.as_str()),
            _ => self.leased_job(worker::REVOKE_JOB, revocation.id.as_str()),
        };
        jobs::insert(tx, &job)?;
        let event = revoked(&connection, &held, by, &revocation).user(&pseudonym(tx, &connection.user_id)?);
        self.inner().ledger.append(tx, origin.note(event))?;
        Ok(Begun {
            exposure: exposure::Bounds::of(&held, now),
            connection,
            job: Some(job),
        })
    }

    pub(crate) fn new_revocation(&self, connection: &Connection) -> UpstreamRevocation {
        let inner = self.inner();
        let now = inner.clock.now();
        UpstreamRevocation {
            id: inner.ids.next(),
            connection_id: connection.id.clone(),
            user_id: connection.user_id.clone(),
            provider_id: connection.provider_id.clone(),
            state: RevocationState::PendingUpstream,
            reason: None,
            attempts: 0,
            deadline_at: now + inner.options.revocation_deadline,
            created_at: now,
            forgotten_at: None,
        }
    }

    /// Held by us from the start: the first attempt is made here, and the runner takes over when we die.
    pub(crate) fn leased_job(&self, kind: &str, payload: &str) -> Job {
        let inner = self.inner();
        let lease_until = Some(inner.clock.now() + self.job_lease());
        Job {
            lease_until,
            ..new_job(inner, kind, payload)
        }
    }
}

impl RevokedBy {
    fn may_see(&self, connection: &Connection) -> bool {
        match self {
            Self::User(user) => connection.user_id == *user,
            Self::Admin { .. } | Self::Local | Self::WithAll => true,
        }
    }
}

impl crate::identity_provider::Transient for RevokeError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_transient())
    }
}

fn revoked(
    connection: &Connection,
    held: &Holdings,
    by: &RevokedBy,
    revocation: &UpstreamRevocation,
) -> Event {
    let mut event = Event::new(EventKind::ConnectionRevoked)
        .fact("connection_id", connection.id.as_str())
        .fact("provider_id", connection.provider_id.as_str())
        .fact("revocation_id", revocation.id.as_str())
        .changes(Change::of(ChangeKind::Connection, &connection.id))
        .connection(connection)
        .upstream_revocation(revocation);
    event = match by {
        RevokedBy::User(_) => event.fact("by", "user"),
        RevokedBy::Local => event.fact("by", "local"),
        RevokedBy::WithAll => event.fact("by", "access_revoked"),
        RevokedBy::Admin { key_id } => event.fact("by", "admin").fact("admin_key_id", key_id.as_str()),
    };
    for holding in &held.grants {
        event = event.upstream_grant_gone(&holding.grant.id);
    }
    event
}
