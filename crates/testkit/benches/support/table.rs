//! The result, as Markdown.

use std::time::Duration;

use super::load::{CONNECTIONS, Contestant, Round};

/// Prints what every contestant came to, as a ratio of the second one: a form and one Ed25519 verification.
pub(crate) fn print(contestants: &[Contestant]) {
    println!("\n| | connections | CPU µs | CPU / `ed` | p50 µs | requests/s | transactions / request |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (place, (connections, _)) in CONNECTIONS.into_iter().enumerate() {
        let ed = micros(median(&contestants[1].rounds[place], |round| round.cpu));
        for contestant in contestants {
            let rounds = &contestant.rounds[place];
            let cpu = micros(median(rounds, |round| round.cpu));
            let wall = median(rounds, |round| round.wall).as_secs_f64();
            let mut transactions: Vec<f64> = rounds.iter().map(|round| round.transactions).collect();
            transactions.sort_unstable_by(f64::total_cmp);
            println!(
                "| {} | {connections} | {cpu:.1} | {:.2} | {:.0} | {:.0} | {:.2} |",
                contestant.name,
                cpu / ed,
                micros(median(rounds, |round| round.p50)),
                1.0 / wall,
                transactions[transactions.len() / 2],
            );
        }
    }
}

fn median(rounds: &[Round], figure: impl Fn(&Round) -> Duration) -> Duration {
    let mut figures: Vec<Duration> = rounds.iter().map(figure).collect();
    figures.sort_unstable();
    figures[figures.len() / 2]
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
