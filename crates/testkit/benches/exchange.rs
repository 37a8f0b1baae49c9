//! `just bench`: what an exchange costs, as ratios of one interleaved run.
//!
//! Every server runs in a process of its own, and its processor time comes from the kernel's accounting; so what asking
//! costs does not count. Rounds alternate between the contestants, so that whatever else the machine does meets all
//! alike, and each figure is the median of its rounds. Figures are for comparing lines of one table, never tables of two
//! runs.
//!
//! - *nothing done*: actix-web parses the form and answers.
//! - `ed`: the same, and one Ed25519 verification.
//! - *first presentation*: a subject token that the server has not seen since it issued it.
//! - *repeat*: the same subject token again and again.

#![expect(clippy::print_stdout, reason = "the table is the result")]

use mimalloc::MiMalloc;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[path = "support/bare.rs"]
mod bare;
#[path = "support/child.rs"]
mod child;
#[path = "support/load.rs"]
mod load;
#[path = "support/served.rs"]
mod served;
#[path = "support/table.rs"]
mod table;

use child::Served;
use load::{Contestant, requests_in_a_round};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    // Nothing is logged: what is measured is the server, not the log.
    tracing_subscriber::registry().with(LevelFilter::OFF).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == "serve" => runtime.block_on(served::run(rest)),
        _ => runtime.block_on(compare()),
    }
}

async fn compare() {
    let many = (requests_in_a_round() * (ROUNDS + 1)).to_string();
    let mut servers = Vec::new();
    let mut contestants = Vec::new();
    for (database, first, repeat) in DATABASES {
        let Some(server) = Served::start(&[database, &many]) else {
            println!("no {database} on this machine");
            continue;
        };
        if servers.is_empty() {
            let bare = Served::start(&["bare"]).expect("it needs nothing");
            let verifying =
                Served::start(&["bare", &serde_json::to_string(&server.ready.key).expect("bytes")])
                    .expect("it needs nothing");
            let token = &server.ready.subject_token;
            contestants.push(Contestant::repeating("nothing done", 0, token));
            contestants.push(Contestant::repeating("`ed`", 1, token));
            servers.extend([bare, verifying]);
        }
        let place = servers.len();
        contestants.push(Contestant::presenting(first, place, &server.ready.unpresented));
        contestants.push(Contestant::repeating(repeat, place, &server.ready.subject_token));
        println!(
            "{database}: {:.1} MiB resident before the first request",
            mebibytes(&server)
        );
        servers.push(server);
    }
    // The first round warms everything up and does not count.
    for round in 0..=ROUNDS {
        for contestant in &mut contestants {
            let server = &mut servers[contestant.server];
            contestant.round(server, round > 0).await;
        }
    }
    table::print(&contestants);
    println!("\n{ROUNDS} interleaved rounds, medians");
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn mebibytes(server: &Served) -> f64 {
    server.resident() as f64 / (1024.0 * 1024.0)
}

/// Database, and what its lines are called.
const DATABASES: [(&str, &str, &str); 2] = [
    ("sqlite", "first presentation, SQLite", "repeat, SQLite"),
    ("postgres", "first presentation, PostgreSQL", "repeat, PostgreSQL"),
];

const ROUNDS: usize = 8;
