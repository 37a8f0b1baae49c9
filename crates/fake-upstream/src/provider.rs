//! One running personality: its books, the knobs tests turn, and the count of refreshes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fault::{Endpoint, Fault};
use crate::ledger::Ledger;
use crate::options::ConsentMode;
use crate::personality::Personality;

/// A personality with its state.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) personality: &'static Personality,
    ledger: Mutex<Ledger>,
    knobs: Mutex<Knobs>,
    refreshes: Arc<Mutex<Refreshes>>,
}

/// What tests set.
#[derive(Debug)]
pub(crate) struct Knobs {
    pub(crate) faults: HashMap<Endpoint, VecDeque<Fault>>,
    pub(crate) delays_ms: HashMap<Endpoint, u64>,
    pub(crate) access_ttl: Option<u64>,
    pub(crate) consent: ConsentMode,
    pub(crate) next_account: Option<String>,
    pub(crate) next_untick: Vec<String>,
}

/// Refresh requests, and how many of one chain overlapped.
#[derive(Debug, Default)]
pub(crate) struct Refreshes {
    pub(crate) received: usize,
    pub(crate) succeeded: usize,
    pub(crate) most_at_once: usize,
    in_flight: HashMap<String, usize>,
}

impl Provider {
    pub(crate) fn new(
        personality: &'static Personality,
        consent: ConsentMode,
        access_ttl: Option<u64>,
    ) -> Self {
        let ttl = personality.access.ttl;
        Self {
            personality,
            ledger: Mutex::default(),
            knobs: Mutex::new(Knobs {
                faults: HashMap::new(),
                delays_ms: HashMap::new(),
                access_ttl: ttl.map(|usual| access_ttl.unwrap_or(usual)),
                consent,
                next_account: None,
                next_untick: Vec::new(),
            }),
            refreshes: Arc::default(),
        }
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    pub(crate) fn knobs(&self) -> MutexGuard<'_, Knobs> {
        lock(&self.knobs)
    }

    pub(crate) fn refreshes(&self) -> MutexGuard<'_, Refreshes> {
        lock(&self.refreshes)
    }

    /// Takes the fault at the front of an endpoint's queue, if it is of the wanted kind.
    pub(crate) fn take_fault(&self, endpoint: Endpoint, wanted: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut knobs = self.knobs();
        let queue = knobs.faults.get_mut(&endpoint)?;
        if queue.front().is_some_and(wanted) {
            queue.pop_front()
        } else {
            None
        }
    }

    /// Counts a refresh request in; it is counted out when the guard is dropped.
    pub(crate) fn refresh_arrived(&self, refresh_token: &str) -> RefreshInFlight {
        let chain = match self.ledger().chain_of(refresh_token) {
            Some(number) => format!("chain {number}"),
            None => refresh_token.to_owned(),
        };
        let mut refreshes = self.refreshes();
        refreshes.received += 1;
        let now = refreshes.in_flight.entry(chain.clone()).or_default();
        *now += 1;
        let now = *now;
        refreshes.most_at_once = refreshes.most_at_once.max(now);
        drop(refreshes);
        RefreshInFlight {
            refreshes: Arc::clone(&self.refreshes),
            chain,
        }
    }
}

/// A refresh request being worked on.
pub(crate) struct RefreshInFlight {
    refreshes: Arc<Mutex<Refreshes>>,
    chain: String,
}

impl Drop for RefreshInFlight {
    fn drop(&mut self) {
        let mut refreshes = lock(&self.refreshes);
        if let Some(count) = refreshes.in_flight.get_mut(&self.chain) {
            *count -= 1;
        }
    }
}

/// A panic in another test thread must not hide behind a second one here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
