//! Everything of a user, a client or a provider, dead at once (`architecture` section 4).
//!
//! One row says until when: every connection of that user, or at that provider, that began by then reads as revoked
//! wherever it is read; leave that a client had by then counts no more, nor do tokens of ours that it was issued. It
//! costs the same for one connection and for a million. [`super::sweep`] then writes it down for each.

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{AccessOf, Change, ChangeKind, Job, UnixMillis};
use vouchsafe_store::{StoreError, Tx, clients, head, jobs, providers, revoked_access, users};

use super::RevokeError;
use super::sweep::SWEEP_JOB;
use crate::identity_provider::{IdentityProvider, pseudonym};

impl IdentityProvider {
    /// Revokes everything of `of` that is there now, and says until when that reaches. When this returns, no server of
    /// this database releases any of it; what the provider does with each connection is told by
    /// the answer about that connection, later.
    ///
    /// Never refused to one who may revoke: neither the configuration nor a damaged row stands in its way.
    #[tracing::instrument(name = "revoke_access", skip_all, fields(of = %of))]
    pub async fn revoke_access(&self, of: AccessOf, origin: Origin) -> Result<UnixMillis, RevokeError> {
        let this = self.clone();
        let (revoked_at, job) = self
            .persist(move |tx| this.revoke_access_in(tx, &of, &origin))
            .await?;
        self.run_here(job).await;
        Ok(revoked_at)
    }

    fn revoke_access_in(
        &self,
        tx: &mut Tx<'_>,
        of: &AccessOf,
        origin: &Origin,
    ) -> Result<(UnixMillis, Job), RevokeError> {
        if !exists(tx, of)? {
            return Err(RevokeError::NotFound);
        }
        let job = self.begin_revoking(tx, of)?;
        let (until, event) = self.epoch(tx, of)?;
        self.inner().ledger.append(tx, origin.note(event))?;
        Ok((until, job))
    }

    /// Its rows, before the head is taken; the job that sweeps.
    pub(crate) fn begin_revoking(&self, tx: &mut Tx<'_>, of: &AccessOf) -> Result<Job, StoreError> {
        revoked_access::hold(tx, of)?;
        let job = self.leased_job(SWEEP_JOB, &of.to_string());
        jobs::insert(tx, &job)?;
        Ok(job)
    }

    /// Takes the head. Until when everything of `of` is revoked, and what the record has to say about that.
    pub(crate) fn epoch(&self, tx: &mut Tx<'_>, of: &AccessOf) -> Result<(UnixMillis, Event), StoreError> {
        let now = self.inner().clock.now();
        // The record's time is never behind the clock of a server that has written on it: with the head in hand,
        // everything that is committed began by then, or one behind an epoch that was ahead of a clock. The row is ours
        // already, so nothing new is locked.
        let clock = now.max(head::take(tx)?.time);
        let until = revoked_access::behind(revoked_access::latest(tx)?, clock);
        revoked_access::put(tx, of, until)?;
        Ok((until, revoked(tx, of)?.revoked_access(of, until)))
    }
}

fn exists(tx: &mut Tx<'_>, of: &AccessOf) -> Result<bool, StoreError> {
    let found = match of {
        AccessOf::User(id) => users::by_id(tx, id).map(|found| found.is_some()),
        AccessOf::Client(id) => clients::by_id(tx, id).map(|found| found.is_some()),
        AccessOf::Provider(id) => providers::by_id(tx, id).map(|found| found.is_some()),
    };
    match found {
        Err(StoreError::Corrupt { .. }) => Ok(true),
        found => found,
    }
}

fn revoked(tx: &mut Tx<'_>, of: &AccessOf) -> Result<Event, StoreError> {
    let event = Event::new(EventKind::AccessRevoked);
    Ok(match of {
        AccessOf::User(id) => event
            .user(&pseudonym(tx, id)?)
            .fact("user_id", id.as_str())
            .changes(Change::of(ChangeKind::User, id)),
        AccessOf::Client(id) => event
            .fact("client_id", id.as_str())
            .changes(Change::of(ChangeKind::Client, id)),
        AccessOf::Provider(id) => event
            .fact("provider_id", id.as_str())
            .changes(Change::of(ChangeKind::Provider, id)),
    })
}
