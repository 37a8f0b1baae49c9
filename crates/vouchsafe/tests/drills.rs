//! A few rounds of each durability drill; `just drill` runs them in full.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

use vouchsafe_testkit::drills::{self, Database, Outcome, Plan, Seed};

/// So many rounds, of a seed that a failure names.
fn plan(database: Database, times: u32) -> Plan<'static> {
    Plan {
        executable: env!("CARGO_BIN_EXE_vouchsafe"),
        database,
        times,
        seed: Seed::any(),
    }
}

/// `None` is a database that is not installed, which was said loudly.
#[track_caller]
fn holds(outcome: Option<Outcome>) {
    if let Some(outcome) = outcome {
        outcome.must_hold();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tv_17__a_killed_server_has_recorded_every_token_that_anybody_received() {
    holds(drills::kill(&plan(Database::Sqlite, 2)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tv_17__a_killed_server_has_recorded_every_token_that_anybody_received_on_postgresql() {
    holds(drills::kill(&plan(Database::Postgres, 2)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ar_07__nothing_sent_after_a_revocation_is_released_by_any_of_two_processes() {
    holds(drills::revoke(&plan(Database::Postgres, 4)).await);
}

/// The time-outs of a session promise how long it takes at most, so that is looked at as well.
#[tokio::test(flavor = "multi_thread")]
async fn tv_17__a_process_that_stops_under_the_head_delays_the_other_one_by_seconds_and_loses_nothing() {
    holds(drills::pause(&plan(Database::Postgres, 1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tv_17__no_token_leaves_while_the_record_cannot_be_written() {
    holds(drills::unwritable(&plan(Database::Sqlite, 3)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tv_17__no_token_leaves_while_the_record_cannot_be_written_on_postgresql() {
    holds(drills::unwritable(&plan(Database::Postgres, 5)).await);
}

/// How fast it goes on is for `just drill beside` to say.
#[tokio::test(flavor = "multi_thread")]
async fn tv_18__the_record_is_dumped_and_verified_beside_the_agents() {
    holds(drills::beside(&plan(Database::Postgres, 1)).await);
}
