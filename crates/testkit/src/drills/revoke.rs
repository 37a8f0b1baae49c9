//! Two servers on one PostgreSQL: nothing that is *sent* after a revocation was answered is released, by either.

use vouchsafe::demo::Problem;

use super::stage::{CLIENT, Stage, USER};
use super::witness::Refused;
use super::{Outcome, Plan};

/// Runs it; `None` where there is no such database.
pub async fn revoke(plan: &Plan<'_>) -> Option<Outcome> {
    let mut stage = Stage::set(plan).await?;
    stage.other = Some(stage.server.another().await);
    let load = stage.load(AGENTS);
    let mut held_back = 0;
    for round in 1..=plan.times {
        // Both remember everything.
        for server in [0, 1] {
            stage.witness.until_released(server, WARM).await;
        }
        if let Err(problem) = revoked_once(&mut stage, &mut held_back).await {
            stage.witness.failed(format!("revocation {round}: {problem}"));
            break;
        }
    }
    load.stop().await;
    stage.verify("at the end").await;
    let figures = format!("{held_back} exchanges refused that were sent after a revocation");
    Some(stage.outcome("revoke", plan, figures))
}

async fn revoked_once(stage: &mut Stage, held_back: &mut u64) -> Result<(), Problem> {
    // The call goes to either server, and holds for both.
    let at = usize::try_from(stage.seed.below(2)).unwrap_or_default();
    let base = stage.bases()[at].to_owned();
    let kind = stage.seed.below(7);
    let operator = stage.operator.clone();
    let (path, undo) = match kind {
        0 => (operator.connection(&base).await? + "/revoke", None),
        1 => (operator.delegation(&base).await? + "/withdraw", None),
        2 => (format!("/clients/{CLIENT}/revoke"), None),
        3 => (
            format!("/clients/{CLIENT}/disable"),
            Some(format!("/clients/{CLIENT}/enable")),
        ),
        4 => (operator.user(&base, USER).await? + "/revoke", None),
        5 => (operator.user(&base, USER).await? + "/sign-out", None),
        _ => {
            let user = operator.user(&base, USER).await?;
            (format!("{user}/disable"), Some(format!("{user}/enable")))
        }
    };
    operator.post(&base, &path).await?;
    stage.witness.forbid(Refused::Somehow);
    let before = stage.witness.counts().held_back;
    let enough = |counts: &super::witness::Counts| {
        (0..2).all(|server| counts.held_back[server] >= before[server] + REFUSALS)
    };
    stage.witness.until(enough).await;
    stage.witness.allow().await;
    let after = stage.witness.counts().held_back;
    *held_back += after.iter().sum::<u64>() - before.iter().sum::<u64>();
    if let Some(undo) = undo {
        operator.post(&base, &undo).await?;
    }
    stage.person.restore().await
}

/// At each server.
const AGENTS: usize = 8;
/// Tokens that each server releases before something is revoked.
const WARM: u64 = 16;
/// Refusals that are waited for at each server after it.
const REFUSALS: u64 = 16;
