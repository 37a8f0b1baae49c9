//! Agents that exchange one token after the other, whatever the server answers, and whether it is there or not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::witness::Witness;
use crate::line::Line;

/// Agents at work. Dropped, they stop as soon as they are answered.
pub(super) struct Load {
    over: watch::Sender<bool>,
    agents: Vec<JoinHandle<()>>,
}

/// The request that all agents send. It may be replaced by another one at any time.
#[derive(Clone, Default)]
pub(super) struct Request(Arc<Mutex<Arc<[u8]>>>);

impl Request {
    pub(super) fn replace(&self, request: &[u8]) {
        *self.0.lock().expect("nobody panics here") = request.into();
    }

    fn current(&self) -> Arc<[u8]> {
        Arc::clone(&self.0.lock().expect("nobody panics here"))
    }
}

impl Load {
    /// So many agents at each of these servers.
    pub(super) fn start(bases: &[&str], agents: usize, request: &Request, witness: &Arc<Witness>) -> Self {
        let over = watch::Sender::new(false);
        let at_each = bases.iter().enumerate().flat_map(|at| vec![at; agents]);
        let agents = at_each.map(|(server, base)| {
            let agent = Agent {
                server,
                address: base.trim_start_matches("http://").to_owned(),
                request: request.clone(),
                witness: Arc::clone(witness),
            };
            tokio::spawn(agent.work(over.subscribe()))
        });
        Self {
            agents: agents.collect(),
            over,
        }
    }

    /// They stop, once they are answered.
    pub(super) async fn stop(self) {
        self.over.send_replace(true);
        for agent in self.agents {
            agent.await.expect("no agent panics");
        }
    }
}

struct Agent {
    server: usize,
    address: String,
    request: Request,
    witness: Arc<Witness>,
}

impl Agent {
    async fn work(self, over: watch::Receiver<bool>) {
        let mut line = None;
        // Whoever drops the load has no more use for it.
        while !*over.borrow() && over.has_changed().is_ok() {
            let mut open = match line.take() {
                Some(open) => open,
                None => match Line::open(&self.address).await {
                    Ok(open) => open,
                    Err(_gone) => {
                        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
                        continue;
                    }
                },
            };
            let request = self.request.current();
            let asked = self.witness.asks(self.server);
            if let Ok(answer) = open.ask(&request).await {
                self.witness.received(&asked, answer);
                line = Some(open);
            } else {
                self.witness.cut_off(&asked);
            }
        }
    }
}

/// An agent that finds no server tries again.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(5);
