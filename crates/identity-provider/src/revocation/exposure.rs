//! Which released raw tokens may still work (AR-08).
//!
//! The record knows: each `token.exchanged` names connection, client and lifetime. It is read backwards from its end, no
//! further than the oldest token that can still be alive was issued, and never more than a bounded number of entries.

use std::time::Duration;

use serde::Deserialize;
use vouchsafe_audit::EventKind;
use vouchsafe_model::{AccessToken, ClientId, ConnectionId, UnixMillis};
use vouchsafe_store::{RecordRow, StoreError, Tx, head, records};

use super::RawRelease;
use crate::holdings::Holdings;

/// How far back a token that is out can have been issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    since: Option<UnixMillis>,
}

impl Bounds {
    /// No bound but the number of entries.
    pub(super) const fn unknown() -> Self {
        Self { since: None }
    }

    /// From the tokens in the vault: none that is out and alive was issued before the oldest live one, nor longer ago
    /// than the longest of their lives (a refresh replaces tokens here that live on elsewhere).
    pub(super) fn of(held: &Holdings, now: UnixMillis) -> Self {
        let tokens = || held.grants.iter().flat_map(|holding| &holding.tokens);
        if tokens().any(|token| token.expires_at.is_none()) {
            return Self::unknown();
        }
        let longest = tokens().map(life).max().unwrap_or_default();
        let live = tokens().filter(|token| token.expires_at.is_some_and(|end| end > now));
        let oldest = live.map(|token| token.issued_at).min().unwrap_or(now);
        Self {
            since: Some(oldest.min(now - longest)),
        }
    }
}

fn life(token: &AccessToken) -> Duration {
    token
        .expires_at
        .map_or(Duration::ZERO, |end| token.issued_at.until(end))
}

/// The releases of a connection that may still work, newest first.
pub(super) fn alive(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
    bounds: Bounds,
    now: UnixMillis,
) -> Result<Vec<RawRelease>, StoreError> {
    let mut before = head::peek(tx)?.seq + 1;
    let oldest = (before - MOST_ENTRIES).max(1);
    let mut found = Vec::new();
    while before > oldest {
        let from = (before - CHUNK).max(oldest);
        let entries = records::range(tx, from, before - from)?;
        for entry in entries.iter().rev() {
            if bounds.since.is_some_and(|since| entry.time < since) {
                return Ok(found);
            }
            found.extend(
                release(entry, connection).filter(|release| release.expires_at.is_none_or(|end| end > now)),
            );
        }
        before = from;
    }
    Ok(found)
}

fn release(entry: &RecordRow, connection: &ConnectionId) -> Option<RawRelease> {
    if entry.event != EventKind::TokenExchanged.as_str() {
        return None;
    }
    let body: Body = serde_json::from_slice(&entry.body).ok()?;
    let facts = body.facts;
    if facts.connection_id.as_deref() != Some(connection.as_str()) {
        return None;
    }
    Some(RawRelease {
        client_id: facts.client_id?,
        record_id: entry.id.clone(),
        released_at: entry.time,
        expires_at: facts
            .expires_in
            .map(|seconds| entry.time + Duration::from_secs(seconds)),
    })
}

/// The part of a body that matters here.
#[derive(Deserialize)]
struct Body {
    facts: Facts,
}

#[derive(Deserialize)]
struct Facts {
    connection_id: Option<String>,
    client_id: Option<ClientId>,
    /// Seconds from the release; absent = without bound.
    expires_in: Option<u64>,
}

const MOST_ENTRIES: i64 = 10_000;
const CHUNK: i64 = 500;
