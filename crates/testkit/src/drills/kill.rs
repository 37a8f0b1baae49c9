//! `kill -9` at any moment: whoever has received a token finds its release on the record, and what an operator or a person
//! was told to have happened has happened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vouchsafe::demo::{Exchanged, Problem};

use super::operator::Operator;
use super::person::Person;
use super::stage::Stage;
use super::witness::Witness;
use super::{Outcome, Plan, Seed};

/// Runs it; `None` where there is no such database.
pub async fn kill(plan: &Plan<'_>) -> Option<Outcome> {
    let mut stage = Stage::set(plan).await?;
    let mut changes = 0;
    for round in 1..=plan.times {
        let load = stage.load(AGENTS);
        let standing = killed_under(&mut stage, &mut changes).await;
        load.stop().await;
        stage.keep_checkpoint();
        stage.server.restart().await;
        stage.server.is_ready().await;
        stage.verify(&format!("after kill {round}")).await;
        let served = serves_again(&mut stage, standing).await;
        if let Err(problem) = served {
            stage.witness.failed(format!("after kill {round}: {problem}"));
            break;
        }
    }
    let cut_off = stage.witness.counts().cut_off;
    let figures = format!("{cut_off} exchanges cut off, {changes} changes answered");
    Some(stage.outcome("kill -9", plan, figures))
}

/// What the last change that was answered, or not, has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// The account is connected, and the agent has leave.
    Granted,
    /// One of them has been taken back.
    Ended,
    /// The answer was lost.
    Unknown,
}

/// Changes go on until the server is killed, at some moment; how they stand.
async fn killed_under(stage: &mut Stage, changes: &mut u64) -> Standing {
    let Stage {
        server,
        person,
        operator,
        witness,
        seed,
        ..
    } = stage;
    let base = server.process().base.clone();
    let is_killed = AtomicBool::new(false);
    let mut changing = Changing {
        operator,
        base: &base,
        person,
        seed: Seed::new(seed.below(u64::MAX)),
        standing: Standing::Granted,
        answered: 0,
    };
    let killing = async {
        // Either at the very moment at which somebody receives a token: what was not durable by then is lost. Or out of
        // step with that.
        witness.until_released(0, seed.below(MOST_EXCHANGES)).await;
        if seed.below(2) == 0 {
            tokio::time::sleep(seed.time_below(A_FEW_COMMITS)).await;
        }
        is_killed.store(true, Ordering::Release);
        server.kill();
    };
    tokio::join!(killing, changing.until_killed(&is_killed, witness));
    *changes += changing.answered;
    changing.standing
}

/// Whether what was answered before the kill is so after it; then everything is in order again.
async fn serves_again(stage: &mut Stage, standing: Standing) -> Result<(), Problem> {
    let exchanged = stage.person.exchange().await?;
    let is_released = matches!(exchanged, Exchanged::Token { .. });
    let wrong = match standing {
        Standing::Granted if !is_released => Some("what a person had given is lost"),
        Standing::Ended if is_released => Some("what an operator had revoked is back"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        stage.witness.failed(format!("{wrong}: {exchanged:?}"));
    }
    stage.person.restore().await
}

/// An operator who takes back, and a person who gives again.
struct Changing<'a> {
    operator: &'a Operator,
    base: &'a str,
    person: &'a mut Person,
    seed: Seed,
    standing: Standing,
    answered: u64,
}

impl Changing<'_> {
    async fn until_killed(&mut self, is_killed: &AtomicBool, witness: &Witness) {
        loop {
            match self.change(witness).await {
                Ok(()) => {}
                Err(_cut_off) if is_killed.load(Ordering::Acquire) => break,
                Err(problem) => {
                    witness.failed(format!("a change failed while the server ran: {problem}"));
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    async fn change(&mut self, witness: &Witness) -> Result<(), Problem> {
        let path = match self.seed.below(2) {
            0 => self.operator.connection(self.base).await? + "/revoke",
            _ => self.operator.delegation(self.base).await? + "/withdraw",
        };
        self.standing = Standing::Unknown;
        self.operator.post(self.base, &path).await?;
        self.standing = Standing::Ended;
        self.answered += 1;
        // It stays like this for a while.
        for _ in 0..self.seed.below(MOST_REFUSALS) {
            if let Exchanged::Token { record, .. } = self.person.exchange().await? {
                witness.failed(format!("released after {path}: {record}"));
            }
        }
        self.standing = Standing::Unknown;
        self.person.restore().await?;
        self.standing = Standing::Granted;
        self.answered += 1;
        Ok(())
    }
}

/// Of agents.
const AGENTS: usize = 16;
/// Before a kill.
const MOST_EXCHANGES: u64 = 250;
/// While something is taken back.
const MOST_REFUSALS: u64 = 20;
const A_FEW_COMMITS: Duration = Duration::from_millis(20);
const AFTER_FAILURE: Duration = Duration::from_millis(100);
