//! `just drill`: the durability drills in full, on the program as it is released. One row of a table for each, then
//! everything that did not hold; the status says whether anything did not.

#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use vouchsafe_testkit::drills::{self, Database, Outcome, Plan, Seed};

/// Durability drills over real processes.
#[derive(Parser)]
#[command(name = "drill")]
struct Arguments {
    /// What to do.
    drill: Drill,
    /// How many rounds; as many as a full run has, if not said.
    #[arg(long)]
    times: Option<u32>,
    /// Repeats what that seed decided.
    #[arg(long)]
    seed: Option<u64>,
    /// On one database only.
    #[arg(long)]
    database: Option<On>,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Drill {
    /// One after the other.
    All,
    /// kill -9 at any moment, under load and changes.
    Kill,
    /// Revocations on two servers of one PostgreSQL.
    Revoke,
    /// SIGSTOP of one of two servers while it holds the head of the record.
    Pause,
    /// A record that cannot be written for a while.
    Unwritable,
    /// pg_dump and audit verify beside the agents.
    Beside,
}

#[derive(Clone, Copy, ValueEnum)]
enum On {
    Sqlite,
    Postgres,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    println!("{}", Outcome::HEADER);
    let mut failures = Vec::new();
    for (drill, times) in FULL {
        if arguments.drill != Drill::All && arguments.drill != drill {
            continue;
        }
        for database in databases(arguments.database) {
            let plan = Plan {
                executable: env!("CARGO_BIN_EXE_vouchsafe"),
                database,
                times: arguments.times.unwrap_or(times),
                seed: arguments.seed.unwrap_or_else(Seed::any),
            };
            if let Some(outcome) = run(drill, &plan).await {
                println!("{outcome}");
                failures.extend(outcome.failures);
            }
        }
    }
    for failure in &failures {
        println!("\n{failure}");
    }
    ExitCode::from(u8::from(!failures.is_empty()))
}

async fn run(drill: Drill, plan: &Plan<'_>) -> Option<Outcome> {
    match drill {
        Drill::All => None,
        Drill::Kill => drills::kill(plan).await,
        Drill::Unwritable => drills::unwritable(plan).await,
        Drill::Beside => drills::beside(plan).await,
        // One process alone may use the embedded database.
        Drill::Revoke | Drill::Pause if plan.database == Database::Sqlite => None,
        Drill::Revoke => drills::revoke(plan).await,
        Drill::Pause => drills::pause(plan).await,
    }
}

fn databases(only: Option<On>) -> Vec<Database> {
    match only {
        Some(On::Sqlite) => vec![Database::Sqlite],
        Some(On::Postgres) => vec![Database::Postgres],
        None => vec![Database::Sqlite, Database::Postgres],
    }
}

/// Every drill, and how often it is run in full.
const FULL: [(Drill, u32); 5] = [
    (Drill::Kill, 200),
    (Drill::Revoke, 1_000),
    (Drill::Pause, 20),
    (Drill::Unwritable, 30),
    (Drill::Beside, 20),
];
