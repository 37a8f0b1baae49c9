//! One call for all who want the same.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use vouchsafe_model::{ProviderId, UnixMillis, UpstreamGrantId};

use super::RefreshError;
use crate::holdings::Want;
use crate::tasks::Tasks;

type Landing = Option<Result<(), RefreshError>>;
type Task = Pin<Box<dyn Future<Output = Result<(), RefreshError>> + Send>>;

/// The flights of this process.
#[derive(Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<Board>>);

#[derive(Default)]
struct Board {
    flying: HashMap<Want, watch::Receiver<Landing>>,
    turns: HashMap<UpstreamGrantId, Weak<tokio::sync::Mutex<()>>>,
    /// Until when a provider wants to be left alone.
    pauses: HashMap<ProviderId, UnixMillis>,
}

/// A flight that one may wait for.
pub(crate) struct Flight {
    landing: watch::Receiver<Landing>,
    /// For the one who boards first.
    departure: Option<(Task, Departure)>,
}

/// Announces the landing, also when the task panics or is dropped.
struct Departure {
    flights: Flights,
    want: Want,
    landing: watch::Sender<Landing>,
}

impl Flights {
    /// The flight that is under way for this want, or a new one.
    pub(crate) fn join<F>(&self, want: &Want, task: impl FnOnce() -> F) -> Flight
    where
        F: Future<Output = Result<(), RefreshError>> + Send + 'static,
    {
        let mut board = self.board();
        if let Some(landing) = board.flying.get(want) {
            return Flight {
                landing: landing.clone(),
                departure: None,
            };
        }
        let (sender, landing) = watch::channel(None);
        board.flying.insert(want.clone(), landing.clone());
        let departure = Departure {
            flights: self.clone(),
            want: want.clone(),
            landing: sender,
        };
        Flight {
            landing,
            departure: Some((Box::pin(task()), departure)),
        }
    }

    /// Flights of one grant, for whatever audience or scope, take turns: they would spend the same refresh token.
    pub(crate) fn turn(&self, grant: &UpstreamGrantId) -> Arc<tokio::sync::Mutex<()>> {
        let mut board = self.board();
        if let Some(turn) = board.turns.get(grant).and_then(Weak::upgrade) {
            return turn;
        }
        board.turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::default();
        board.turns.insert(grant.clone(), Arc::downgrade(&turn));
        turn
    }

    /// Leaves a provider alone for as long as it asked, within reason: its limits count for all grants together (F1).
    pub(crate) fn pause(&self, provider: &ProviderId, now: UnixMillis, asked: Duration) {
        self.board()
            .pauses
            .insert(provider.clone(), now + asked.min(LONGEST_PAUSE));
    }

    /// How long a provider still wants to be left alone.
    pub(crate) fn paused(&self, provider: &ProviderId, now: UnixMillis) -> Option<Duration> {
        let mut board = self.board();
        board.pauses.retain(|_, until| *until > now);
        board.pauses.get(provider).map(|until| now.until(*until))
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Waits. The first to board sends it off, on `handle`.
    pub(crate) async fn landed(mut self, tasks: &Tasks, handle: &Handle) -> Result<(), RefreshError> {
        if let Some((task, departure)) = self.departure.take() {
            tasks.spawn(handle, async move {
                let outcome = task.await;
                departure.land(outcome);
            });
        }
        match self.landing.wait_for(Option::is_some).await {
            Ok(landing) => landing.unwrap_or(Err(RefreshError::unavailable())),
            Err(_) => Err(RefreshError::unavailable()),
        }
    }
}

impl Departure {
    /// Off the board first: who comes after this begins anew, and finds the token warm.
    fn land(self, outcome: Result<(), RefreshError>) {
        self.flights.board().flying.remove(&self.want);
        // Nobody may be waiting any more.
        let _ = self.landing.send(Some(outcome));
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        let mut board = self.flights.board();
        let ours = board
            .flying
            .get(&self.want)
            .is_some_and(|landing| self.landing.subscribe().same_channel(landing));
        if ours {
            board.flying.remove(&self.want);
        }
    }
}

const LONGEST_PAUSE: Duration = Duration::from_secs(300);
