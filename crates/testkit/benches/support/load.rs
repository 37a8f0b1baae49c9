//! Asking a server, and what came of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use vouchsafe_testkit::{AGENT_ID, AGENT_SECRET, Line, PROVIDER, exchange_request};

use super::child::Served;

/// One line of the table: a server, and what it is asked.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// Which server of the list.
    pub(crate) server: usize,
    tokens: Tokens,
    /// For each number of connections, what each round came to.
    pub(crate) rounds: Vec<Vec<Round>>,
}

/// Which subject token is presented.
enum Tokens {
    Same(Vec<u8>),
    Next(Arc<Mutex<VecDeque<Vec<u8>>>>),
}

/// What one round came to, per request.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) p50: Duration,
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    pub(crate) transactions: f64,
}

impl Contestant {
    /// Presents one token again and again.
    pub(crate) fn repeating(name: &'static str, server: usize, token: &str) -> Self {
        Self::new(name, server, Tokens::Same(request(token)))
    }

    /// Presents each token once.
    pub(crate) fn presenting(name: &'static str, server: usize, tokens: &[String]) -> Self {
        let requests = tokens.iter().map(|token| request(token)).collect();
        Self::new(name, server, Tokens::Next(Arc::new(Mutex::new(requests))))
    }

    fn new(name: &'static str, server: usize, tokens: Tokens) -> Self {
        Self {
            name,
            server,
            tokens,
            rounds: vec![Vec::new(); CONNECTIONS.len()],
        }
    }

    /// Asks with one number of connections after the other.
    pub(crate) async fn round(&mut self, server: &mut Served, counts: bool) {
        for (place, (connections, requests)) in CONNECTIONS.into_iter().enumerate() {
            let (cpu, transactions, begin) = (server.cpu(), server.transactions(), Instant::now());
            let asking = (0..connections).map(|_| {
                let address = server.ready.address.clone();
                tokio::spawn(ask(address, self.source(), requests / connections))
            });
            let mut times = Vec::new();
            for asked in asking.collect::<Vec<_>>() {
                times.extend(asked.await.expect("every request is answered with 200"));
            }
            let wall = begin.elapsed();
            times.sort_unstable();
            let many = u32::try_from(times.len()).expect("a few thousand");
            let round = Round {
                p50: times[times.len() / 2],
                cpu: server.cpu().saturating_sub(cpu) / many,
                wall: wall / many,
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                transactions: (server.transactions() - transactions) as f64 / f64::from(many),
            };
            if counts {
                self.rounds[place].push(round);
            }
        }
    }

    fn source(&self) -> Tokens {
        match &self.tokens {
            Tokens::Same(request) => Tokens::Same(request.clone()),
            Tokens::Next(queue) => Tokens::Next(Arc::clone(queue)),
        }
    }
}

async fn ask(address: String, tokens: Tokens, times: u32) -> Vec<Duration> {
    let mut line = Line::open(&address).await.expect("the server listens");
    let mut taken = Vec::new();
    for _ in 0..times {
        let next = match &tokens {
            Tokens::Same(request) => request.clone(),
            Tokens::Next(queue) => {
                let next = queue.lock().expect("nobody panics").pop_front();
                next.expect("there are enough tokens")
            }
        };
        let begin = Instant::now();
        let answer = line.ask(&next).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{answer:?}");
        taken.push(begin.elapsed());
    }
    taken
}

fn request(token: &str) -> Vec<u8> {
    exchange_request((AGENT_ID, AGENT_SECRET), token, PROVIDER, &[])
}

/// Requests that a contestant is asked in a round.
pub(crate) fn requests_in_a_round() -> usize {
    CONNECTIONS.iter().map(|(_, requests)| *requests as usize).sum()
}

/// How many connections at a time, and how many requests in a round.
pub(crate) const CONNECTIONS: [(u32, u32); 3] = [(1, 100), (16, 480), (64, 960)];
