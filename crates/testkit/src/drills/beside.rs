//! What reads the whole database, `pg_dump` and `vouchsafe audit verify`, runs beside the agents: how many tokens are
//! released meanwhile, compared with a quiet time just before. Whether that is much or little is for people to judge.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use vouchsafe_store::{Location, ThrowawayPostgres};

use super::stage::Stage;
use super::{Outcome, Plan};

/// Runs it; `None` where there is no such database.
pub async fn beside(plan: &Plan<'_>) -> Option<Outcome> {
    let mut stage = Stage::set(plan).await?;
    let load = stage.load(AGENTS);
    stage.witness.until_released(0, FIRST_TOKENS).await;
    let (mut verifying, mut dumping) = (Vec::new(), Vec::new());
    for round in 1..=plan.times {
        let quiet = rate(&stage, async { tokio::time::sleep(WINDOW).await }).await;
        let verify = || stage.server.program.command(&["audit", "verify"]);
        verifying.push(rate(&stage, again_and_again(&stage, verify)).await / quiet);
        if let Location::Postgres(database) = stage.server.location() {
            let quiet = rate(&stage, async { tokio::time::sleep(WINDOW).await }).await;
            let server = ThrowawayPostgres::shared().expect("it is the server of this database");
            let dump = || {
                let mut command = Command::new(server.program("pg_dump"));
                let file = stage.server.program.path("dump.sql");
                command
                    .arg("--dbname")
                    .arg(database.expose())
                    .arg("--file")
                    .arg(file);
                command
            };
            dumping.push(rate(&stage, again_and_again(&stage, dump)).await / quiet);
        }
        if let Err(problem) = stage.person.restore().await {
            stage.witness.failed(format!("round {round}: {problem}"));
            break;
        }
    }
    load.stop().await;
    stage.verify("at the end").await;
    let mut figures = vec![format!("`audit verify` {:.2}", median(verifying))];
    if !dumping.is_empty() {
        figures.push(format!("`pg_dump` {:.2}", median(dumping)));
    }
    let figures = format!("of the quiet rate beside {}", figures.join(", beside "));
    Some(stage.outcome("reading beside", plan, figures))
}

/// Tokens a second while something goes on.
async fn rate(stage: &Stage, meanwhile: impl Future<Output = ()>) -> f64 {
    let released = || stage.witness.counts().released[0];
    let (before, begin) = (released(), Instant::now());
    meanwhile.await;
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let more = (released() - before) as f64;
    more / begin.elapsed().as_secs_f64()
}

/// One after the other, until the time is over and the last one has ended.
async fn again_and_again(stage: &Stage, command: impl Fn() -> Command) {
    let begin = Instant::now();
    while begin.elapsed() < WINDOW {
        let mut command = command();
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output: Output = output.expect("it does not panic").expect("it starts");
        if !output.status.success() {
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            stage.witness.failed(format!("beside the agents: {said}"));
        }
    }
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_unstable_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or_default()
}

const AGENTS: usize = 16;
/// Before anything is read: an empty record is read at once.
const FIRST_TOKENS: u64 = 500;
/// How long something goes on, at least.
const WINDOW: Duration = Duration::from_secs(1);
