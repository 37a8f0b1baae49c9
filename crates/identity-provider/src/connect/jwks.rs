//! The keys that ID tokens are verified with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use serde_json::Value;
use vouchsafe_model::UnixMillis;

use super::identify::Unidentified;
use crate::identity_provider::IdentityProvider;
use crate::provider::discover::get_json;

/// Key sets by their URL, for a few minutes.
#[derive(Default)]
pub(crate) struct JwksCache(Mutex<HashMap<String, Cached>>);

#[derive(Clone)]
struct Cached {
    keys: Arc<Vec<Jwk>>,
    fetched_at: UnixMillis,
}

/// A key set, and whether it was fetched just now.
pub(super) struct KeySet {
    pub(super) keys: Arc<Vec<Jwk>>,
    pub(super) just_fetched: bool,
}

impl IdentityProvider {
    /// The key set at `uri`: a recent one, if there is one.
    pub(super) async fn key_set(&self, uri: &str) -> Result<KeySet, Unidentified> {
        let now = self.inner().clock.now();
        match self.inner().jwks.recent(uri, now) {
            Some(keys) => Ok(KeySet {
                keys,
                just_fetched: false,
            }),
            None => self.fetch_key_set(uri).await,
        }
    }

    /// The key set at `uri`, fetched.
    pub(super) async fn fetch_key_set(&self, uri: &str) -> Result<KeySet, Unidentified> {
        let inner = self.inner();
        let answer = inner
            .egress
            .send(get_json(uri.to_owned()))
            .await
            .map_err(|_| Unidentified::NotYet)?;
        if answer.status != 200 {
            return Err(Unidentified::NotYet);
        }
        let keys = parse(answer.body.expose()).ok_or(Unidentified::NotYet)?;
        let keys = Arc::new(keys);
        inner.jwks.put(
            uri,
            Cached {
                keys: Arc::clone(&keys),
                fetched_at: inner.clock.now(),
            },
        );
        Ok(KeySet {
            keys,
            just_fetched: true,
        })
    }
}

impl JwksCache {
    fn recent(&self, uri: &str, now: UnixMillis) -> Option<Arc<Vec<Jwk>>> {
        let sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cached = sets.get(uri)?;
        (now < cached.fetched_at + TIME_TO_LIVE).then(|| Arc::clone(&cached.keys))
    }

    fn put(&self, uri: &str, cached: Cached) {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= MOST_SETS && !sets.contains_key(uri) {
            sets.clear();
        }
        sets.insert(uri.to_owned(), cached);
    }
}

/// Keys that cannot be read are left out: a set may hold key types that we do not know.
fn parse(body: &[u8]) -> Option<Vec<Jwk>> {
    let mut set: Value = serde_json::from_slice(body).ok()?;
    let keys = set.get_mut("keys")?.as_array_mut()?;
    Some(
        keys.drain(..)
            .take(MOST_KEYS)
            .filter_map(|key| serde_json::from_value(key).ok())
            .collect(),
    )
}

const TIME_TO_LIVE: Duration = Duration::from_secs(600);
const MOST_SETS: usize = 64;
const MOST_KEYS: usize = 64;
