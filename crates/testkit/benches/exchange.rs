//! `just bench`: what an exchange costs, as ratios of one interleaved run.
//!
//! Three servers answer the same bytes on the same machine at the same time: a handler that parses the form and does
//! nothing, the same with one EdDSA verification, and the whole server with a warm exchange, whose record is durable
//! before the answer leaves. Rounds alternate between them, so that whatever else the machine does meets all alike.
//! Figures are for comparing lines of one table, never tables of two runs.

#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::time::{Duration, Instant};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Backend, PROVIDER, TestApp};

#[path = "support/bare.rs"]
mod bare;
#[path = "support/line.rs"]
mod line;

use line::Line;

/// One line of the table.
struct Contestant {
    name: &'static str,
    address: String,
    request: Vec<u8>,
    /// One request after the other.
    alone: Vec<Duration>,
    /// Requests per second with [`ABREAST`] connections, per round.
    together: Vec<f64>,
}

impl Contestant {
    fn new(name: &'static str, base: &str, request: &[u8]) -> Self {
        Self {
            name,
            address: base.trim_start_matches("http://").to_owned(),
            request: request.to_vec(),
            alone: Vec::new(),
            together: Vec::new(),
        }
    }

    async fn round(&mut self) {
        let mut line = Line::open(&self.address).await;
        for _ in 0..ALONE {
            let begin = Instant::now();
            line.ask(&self.request).await;
            self.alone.push(begin.elapsed());
        }
        let begin = Instant::now();
        let asking = (0..ABREAST).map(|_| {
            let (address, request) = (self.address.clone(), self.request.clone());
            tokio::spawn(async move {
                let mut line = Line::open(&address).await;
                for _ in 0..TOGETHER / ABREAST {
                    line.ask(&request).await;
                }
            })
        });
        for asked in asking.collect::<Vec<_>>() {
            asked.await.expect("every request is answered with 200");
        }
        self.together
            .push(f64::from(TOGETHER) / begin.elapsed().as_secs_f64());
    }

    /// Microseconds.
    fn percentile(&self, hundredths: usize) -> f64 {
        let mut sorted = self.alone.clone();
        sorted.sort_unstable();
        sorted[(sorted.len() - 1) * hundredths / 100].as_secs_f64() * 1e6
    }

    fn per_second(&self) -> f64 {
        let mut sorted = self.together.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

fn main() {
    // Nothing is logged: what is measured is the server, not the log.
    tracing_subscriber::registry().with(LevelFilter::OFF).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(compare());
}

async fn compare() {
    let mut apps = vec![("warm exchange, SQLite", TestApp::start(Backend::sqlite()).await)];
    if let Some(backend) = Backend::postgres() {
        apps.push(("warm exchange, PostgreSQL", TestApp::start(backend).await));
    }
    let mut contestants = Vec::new();
    for (name, app) in &apps {
        let connected = app.connected("ada").await;
        let request = line::exchange(AGENT_ID, AGENT_SECRET, &connected.subject_token, PROVIDER);
        if contestants.is_empty() {
            let bare = bare::serve(app.instance.vault.verification_keys());
            contestants.push(Contestant::new("form parsed, nothing done", &bare.idle, &request));
            contestants.push(Contestant::new(
                "the same, one EdDSA verification",
                &bare.verifying,
                &request,
            ));
        }
        contestants.push(Contestant::new(name, &app.base, &request));
    }
    // The first round warms everything up and does not count.
    for round in 0..=ROUNDS {
        for contestant in &mut contestants {
            contestant.round().await;
            if round == 0 {
                contestant.alone.clear();
                contestant.together.clear();
            }
        }
    }
    print(&contestants);
}

fn print(contestants: &[Contestant]) {
    let (alone, together) = (contestants[0].percentile(50), contestants[0].per_second());
    println!(
        "\n{:34} {:>9} {:>9} {:>7}   {:>9} {:>7}",
        "", "p50 µs", "p95 µs", "ratio", "req/s", "ratio"
    );
    for contestant in contestants {
        let (p50, per_second) = (contestant.percentile(50), contestant.per_second());
        println!(
            "{:34} {:>9.0} {:>9.0} {:>7.2}   {:>9.0} {:>7.2}",
            contestant.name,
            p50,
            contestant.percentile(95),
            p50 / alone,
            per_second,
            together / per_second,
        );
    }
    println!(
        "\none connection: {} requests each; {ABREAST} connections: {} each; {ROUNDS} interleaved rounds",
        ALONE * ROUNDS,
        TOGETHER * ROUNDS
    );
}

const ROUNDS: u32 = 10;
const ALONE: u32 = 200;
const ABREAST: u32 = 16;
const TOGETHER: u32 = 800;
