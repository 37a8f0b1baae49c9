//! `jobs`: durable background work, run at least once.

use diesel::dsl::min;
use diesel::prelude::*;
use vouchsafe_model::{Job, JobId, JobState, UnixMillis};

use crate::column::{Keyed, millis, parsed, readable, time};
use crate::conn::MultiBackend;
use crate::error::StoreError;
use crate::transaction::Tx;

mod schema {
    diesel::table! {
        jobs (id) {
            id -> Text,
            kind -> Text,
            payload -> Text,
            state -> Text,
            run_at -> BigInt,
            attempts -> Integer,
            lease_until -> Nullable<BigInt>,
            created_at -> BigInt,
        }
    }
}
use schema::jobs;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = jobs, treat_none_as_default_value = false)]
struct JobRow {
    id: String,
    kind: String,
    payload: String,
    state: String,
    run_at: i64,
    attempts: i32,
    lease_until: Option<i64>,
    created_at: i64,
}

impl Keyed for JobRow {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Inserts a job.
pub fn insert(tx: &mut Tx<'_>, job: &Job) -> Result<(), StoreError> {
    let row = JobRow::from(job);
    tx.run(|conn| diesel::insert_into(jobs::table).values(&row).execute(conn))?;
    Ok(())
}

/// Takes up to `limit` jobs that are due and that no worker holds, and holds them until `lease_until`. Those that cannot be
/// read hold up no others.
pub fn take_due(
    tx: &mut Tx<'_>,
    now: UnixMillis,
    lease_until: UnixMillis,
    limit: i64,
) -> Result<Vec<Job>, StoreError> {
    let mut due: Vec<String> = tx.run(|conn| {
        jobs::table
            .filter(jobs::state.eq(JobState::Waiting.as_str()))
            .filter(jobs::run_at.le(now.0))
            .filter(
                jobs::lease_until
                    .is_null()
                    .or(jobs::lease_until.assume_not_null().le(now.0)),
            )
            .order((jobs::run_at, jobs::id))
            .limit(limit)
            .select(jobs::id)
            .load(conn)
    })?;
    // Another worker may take the same ones: each row decides again, and all workers lock them in the same order.
    due.sort_unstable();
    let mut taken = Vec::with_capacity(due.len());
    for id in &due {
        let free = jobs::table
            .filter(jobs::id.eq(id))
            .filter(jobs::state.eq(JobState::Waiting.as_str()))
            .filter(
                jobs::lease_until
                    .is_null()
                    .or(jobs::lease_until.assume_not_null().le(now.0)),
            );
        let job = tx.run(|conn| {
            diesel::update(free)
                .set(jobs::lease_until.eq(Some(lease_until.0)))
                .returning(<JobRow as Selectable<MultiBackend>>::construct_selection())
                .get_result::<JobRow>(conn)
                .optional()
        })?;
        taken.extend(job);
    }
    Ok(readable(taken))
}

/// Frees every job: who held one is gone.
pub fn abandon_leases(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let held = jobs::table
        .filter(jobs::state.eq(JobState::Waiting.as_str()))
        .filter(jobs::lease_until.is_not_null());
    let free = jobs::lease_until.eq(None::<i64>);
    tx.run(|conn| diesel::update(held).set(free).execute(conn))?;
    Ok(())
}

/// Notes that a job is finished; whether there was one waiting.
pub fn done(tx: &mut Tx<'_>, id: &JobId) -> Result<bool, StoreError> {
    end(tx, id, JobState::Done)
}

/// Gives a job up; whether there was one waiting.
pub fn dead(tx: &mut Tx<'_>, id: &JobId) -> Result<bool, StoreError> {
    end(tx, id, JobState::Dead)
}

/// Counts a failed attempt and lets the job wait until `run_at`; whether there was one waiting.
pub fn retry(tx: &mut Tx<'_>, id: &JobId, run_at: UnixMillis) -> Result<bool, StoreError> {
    let again = (
        jobs::attempts.eq(jobs::attempts + 1),
        jobs::run_at.eq(run_at.0),
        jobs::lease_until.eq(None::<i64>),
    );
    let updated = tx.run(|conn| diesel::update(waiting(id)).set(again).execute(conn))?;
    Ok(updated > 0)
}

/// Deletes jobs that have ended and were made before `before`; how many.
pub fn purge_ended(tx: &mut Tx<'_>, before: UnixMillis) -> Result<usize, StoreError> {
    let ended = jobs::table
        .filter(jobs::state.ne(JobState::Waiting.as_str()))
        .filter(jobs::created_at.lt(before.0));
    tx.run(|conn| diesel::delete(ended).execute(conn))
}

/// Whether a job of one of these kinds has not ended, due or not.
pub fn any_waiting(tx: &mut Tx<'_>, kinds: &[&str]) -> Result<bool, StoreError> {
    let waiting = jobs::table
        .filter(jobs::state.eq(JobState::Waiting.as_str()))
        .filter(jobs::kind.eq_any(kinds.iter().copied()))
        .select(jobs::id);
    let found = tx.run(|conn| waiting.first::<String>(conn).optional())?;
    Ok(found.is_some())
}

/// When the next job becomes due or free.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<UnixMillis>, StoreError> {
    let waiting = jobs::table.filter(jobs::state.eq(JobState::Waiting.as_str()));
    let (free, held): (Option<i64>, Option<i64>) = tx.run(|conn| {
        let free = waiting
            .filter(jobs::lease_until.is_null())
            .select(min(jobs::run_at))
            .first(conn)?;
        Ok((free, waiting.select(min(jobs::lease_until)).first(conn)?))
    })?;
    Ok(free.into_iter().chain(held).min().map(UnixMillis))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn waiting<'a>(id: &'a JobId) -> _ {
    let text: &'a str = id.as_str();
    let state: &'static str = JobState::Waiting.as_str();
    jobs::table
        .filter(jobs::id.eq(text))
        .filter(jobs::state.eq(state))
}

fn end(tx: &mut Tx<'_>, id: &JobId, state: JobState) -> Result<bool, StoreError> {
    let over = (jobs::state.eq(state.as_str()), jobs::lease_until.eq(None::<i64>));
    let updated = tx.run(|conn| diesel::update(waiting(id)).set(over).execute(conn))?;
    Ok(updated > 0)
}

impl From<&Job> for JobRow {
    fn from(job: &Job) -> Self {
        Self {
            id: job.id.to_string(),
            kind: job.kind.clone(),
            payload: job.payload.clone(),
            state: job.state.to_string(),
            run_at: job.run_at.0,
            attempts: job.attempts,
            lease_until: millis(job.lease_until),
            created_at: job.created_at.0,
        }
    }
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            kind: row.kind,
            payload: row.payload,
            state: parsed(&row.state, TABLE, "state")?,
            run_at: UnixMillis(row.run_at),
            attempts: row.attempts,
            lease_until: time(row.lease_until),
            created_at: UnixMillis(row.created_at),
        })
    }
}

const TABLE: &str = "jobs";
