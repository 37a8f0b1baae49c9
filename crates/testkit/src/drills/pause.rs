//! Two servers on one PostgreSQL, and one of them stops at the very moment at which it holds the head of the record. The
//! other one goes on within seconds, and what was stopped releases nothing that is not on the record.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use vouchsafe_store::raw_sql;

use super::stage::Stage;
use super::{Outcome, Plan};

/// Runs it; `None` where there is no such database.
pub async fn pause(plan: &Plan<'_>) -> Option<Outcome> {
    let mut stage = Stage::set(plan).await?;
    stage.other = Some(stage.server.another().await);
    let load = stage.load(AGENTS);
    let mut pauses = Pauses::default();
    for round in 1..=plan.times {
        for server in [0, 1] {
            stage.witness.until_released(server, WARM).await;
        }
        let victim = usize::try_from(stage.seed.below(2)).unwrap_or_default();
        paused_once(&mut stage, victim, &mut pauses).await;
        if pauses.longest_wait > PROMISE {
            let wait = pauses.longest_wait;
            let what = format!("pause {round}: the other server was delayed by {wait:?}");
            stage.witness.failed(what);
            break;
        }
        // Nobody does anything for it.
        stage.witness.until_released(victim, WARM).await;
        stage.person.restore().await.expect("the server answers");
    }
    load.stop().await;
    stage.verify("at the end").await;
    Some(stage.outcome("SIGSTOP under the head", plan, pauses.to_string()))
}

/// What the server that was not stopped has gone through.
#[derive(Default)]
struct Pauses {
    /// Until its next token.
    waits: Vec<Duration>,
    longest_wait: Duration,
    /// Until the last of its agents had an answer.
    longest_answer: Duration,
    unavailable: u64,
}

impl std::fmt::Display for Pauses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = |time: &Duration| time.as_secs_f64();
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let median = waits.get(waits.len() / 2).map_or(0.0, seconds);
        write!(
            f,
            "the other one's next token after {median:.2} s (median), {:.2} s at most; its slowest answer {:.2} s, {} of them 503",
            seconds(&self.longest_wait),
            seconds(&self.longest_answer),
            self.unavailable,
        )
    }
}

async fn paused_once(stage: &mut Stage, victim: usize, pauses: &mut Pauses) {
    let other = 1 - victim;
    let stopped_at = stop_under_the_head(stage, victim).await;
    let unavailable = stage.witness.counts().unavailable[other];
    let before_measuring = stopped_at.elapsed();
    stage.witness.measure();
    stage.witness.until_asked_and_released(other).await;
    let measured = stage.witness.measured();
    let wait = measured.first[other].unwrap_or_default() + before_measuring;
    pauses.waits.push(wait);
    pauses.longest_wait = pauses.longest_wait.max(wait);
    // Whoever was waiting all along is answered by now as well.
    stage.witness.until_released(other, WARM).await;
    pauses.longest_answer = pauses.longest_answer.max(stage.witness.measured().slowest[other]);
    pauses.unavailable += stage.witness.counts().unavailable[other] - unavailable;
    stage.process(victim).signal(Signal::CONT);
}

/// Stops a server again and again, until one of its sessions is found to hold the head; since when it is stopped.
async fn stop_under_the_head(stage: &mut Stage, victim: usize) -> Instant {
    loop {
        let stopped_at = Instant::now();
        stage.process(victim).signal(Signal::STOP);
        if holds_the_head(stage, victim) {
            return stopped_at;
        }
        stage.process(victim).signal(Signal::CONT);
        let few = 1 + stage.seed.below(8);
        stage.witness.until_released(victim, few).await;
    }
}

/// Whether the head is held by a session that waits for its stopped server, between two statements or in the middle of
/// one. What PostgreSQL was told before may have yet to happen: a COMMIT, or the head being granted.
fn holds_the_head(stage: &Stage, victim: usize) -> bool {
    let query = format!(
        "SELECT CASE WHEN a.wait_event = 'ClientRead' THEN 'waits' ELSE 'works' END AS text \
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND (l.classid::bigint << 32) + l.objid::bigint = {HEAD} \
         AND a.datname = current_database() AND a.application_name = '{}'",
        ["first", "second"][victim]
    );
    loop {
        let sessions = raw_sql::texts(stage.server.location(), &query);
        if sessions.iter().any(|does| does == "waits") {
            return true;
        }
        if sessions.is_empty() {
            return false;
        }
    }
}

/// At each server.
const AGENTS: usize = 8;
/// Tokens that a server releases before one is stopped, and after.
const WARM: u64 = 16;
/// The lock of the head (`vouchsafe_store::head`).
const HEAD: i64 = 8_534_168_888_704_983_398;
/// What the time-outs of a session add up to, and a little for a machine that has other things to do.
const PROMISE: Duration = Duration::from_millis(5_500);
