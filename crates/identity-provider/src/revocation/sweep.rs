//! Writing down, one after the other, what [`super::access`] has ended at once: connections are revoked here and at the
//! provider, leave is taken back. It may be interrupted anywhere, run twice, and begin again; what it cannot read waits in
//! [`super::left_over`].

use vouchsafe_audit::{Event, Origin};
use vouchsafe_model::{AccessOf, ClientId, ConnectionId, Delegation, DelegationDecision, DelegationId};
use vouchsafe_store::delegations::DelegationFilter;
use vouchsafe_store::{StoreError, Tx, connections, delegations, jobs, revoked_access};

use super::{RevokeError, RevokedBy};
use crate::identity_provider::IdentityProvider;
use crate::jobs::{Outcome, new_job};
use crate::withdrawal::take_leave_back;

/// `kind` of the job.
pub(crate) const SWEEP_JOB: &str = "sweep_revoked_access";

/// Where a sweep goes on; `None` = it is done.
type Next = Option<String>;

impl IdentityProvider {
    /// One run: some pages, then another job goes on, so that no run outlives its lease.
    pub(crate) async fn sweep(&self, payload: &str, attempts: i32) -> Outcome {
        // Of whom, and behind which id: `kind id` or `kind id cursor`.
        let mut words = payload.splitn(3, ' ');
        let (kind, id) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let Ok(of) = format!("{kind} {id}").parse::<AccessOf>() else {
            return Outcome::Dead;
        };
        let mut next = words.next().map(str::to_owned);
        for _ in 0..PAGES {
            let swept = match &of {
                AccessOf::Client(client) => self.sweep_leave(client.clone(), next).await,
                of => self.sweep_connections(of.clone(), next).await,
            };
            match swept {
                Ok(None) => return Outcome::Done,
                Ok(behind) => next = behind,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        of = %of,
                        "what is revoked could not be swept; it stays dead"
                    );
                    return Outcome::retry(attempts, None);
                }
            }
        }
        match self.go_on(&of, &next.unwrap_or_default()).await {
            Ok(()) => Outcome::Done,
            Err(_) => Outcome::retry(attempts, None),
        }
    }

    async fn sweep_connections(&self, of: AccessOf, after: Next) -> Result<Next, RevokeError> {
        let page = move |tx: &mut Tx<'_>| connections::unswept(tx, &of, after.as_deref(), PAGE);
        let page = self.inner().store.read(page).await?;
        for id in page.items {
            if let Err(error) = self.revoke_with_all(id.clone()).await {
                // One row keeps none behind it alive. Where the database itself fails, so does this.
                self.leave_over(id, &error).await?;
            }
        }
        Ok(page.next)
    }

    pub(super) async fn revoke_with_all(&self, id: ConnectionId) -> Result<(), RevokeError> {
        let this = self.clone();
        let revoked = self
            .persist(move |tx| this.revoke_in(tx, &id, &RevokedBy::WithAll, &Origin::background()))
            .await;
        self.inner().new_job.notify_one();
        revoked.map(|_| ())
    }

    /// A page of leave, each taken back in one transaction, in order of id, so that two who sweep do not wait for each
    /// other crosswise.
    async fn sweep_leave(&self, client: ClientId, after: Next) -> Result<Next, RevokeError> {
        let this = self.clone();
        let after: Option<DelegationId> = after.and_then(|id| id.parse().ok());
        self.persist(move |tx| this.take_back_page(tx, &client, after.as_ref()))
            .await
            .map_err(RevokeError::Store)
    }

    fn take_back_page(
        &self,
        tx: &mut Tx<'_>,
        client: &ClientId,
        after: Option<&DelegationId>,
    ) -> Result<Next, StoreError> {
        let filter = DelegationFilter {
            client_id: Some(client.clone()),
            ..DelegationFilter::default()
        };
        let page = delegations::page(tx, &filter, after, PAGE)?;
        let mut events = Vec::new();
        let mut left = page.unreadable;
        for row in &page.items {
            let id = &row.unverified().id;
            match self.take_back_in(tx, id) {
                Err(StoreError::Corrupt { .. }) => left.push(id.to_string()),
                taken => events.extend(taken?),
            }
        }
        for id in &left {
            self.leave_over_in(tx, id)?;
        }
        if !events.is_empty() {
            self.inner().ledger.append_all(tx, events)?;
        }
        Ok(page.next)
    }

    /// The leave of this id alone.
    pub(super) async fn take_back(&self, id: DelegationId) -> Result<(), RevokeError> {
        let this = self.clone();
        let taken = self.persist(move |tx| {
            let event = this.take_back_in(tx, &id)?;
            match event {
                Some(event) => this.inner().ledger.append(tx, event).map(|_| ()),
                None => Ok(()),
            }
        });
        taken.await.map_err(RevokeError::Store)
    }

    /// Takes leave back that its client had when everything of it was revoked, and says what the record has to.
    fn take_back_in(&self, tx: &mut Tx<'_>, id: &DelegationId) -> Result<Option<Event>, StoreError> {
        let inner = self.inner();
        delegations::hold(tx, id)?;
        let Some(row) = delegations::by_id(tx, id)? else {
            return Ok(None);
        };
        // A tampered row is taken back as well: that only takes.
        let given = row.unverified().clone();
        let revoked = revoked_access::of_client(tx, &given.client_id)?;
        if given.decision != DelegationDecision::Granted || !revoked_access::covers(revoked, given.decided_at)
        {
            return Ok(None);
        }
        let taken = Delegation {
            decision: DelegationDecision::Revoked,
            decided_at: inner.clock.now(),
            ..given
        };
        let (_, event) = take_leave_back(tx, &inner.vault, taken)?;
        Ok(Some(
            Origin::background().note(event.fact("by", "access_revoked")),
        ))
    }

    async fn go_on(&self, of: &AccessOf, behind: &str) -> Result<(), StoreError> {
        let job = new_job(self.inner(), SWEEP_JOB, &format!("{of} {behind}"));
        let inserted = self.persist(move |tx| jobs::insert(tx, &job)).await;
        self.inner().new_job.notify_one();
        inserted
    }
}

const PAGE: i64 = 50;
const PAGES: usize = 20;
