//! Which releases a token was: whoever finds one somewhere learns from the record who it was given to, and what it rests
//! on that is still alive. The record knows tokens by keyed fingerprints, so the vault's keys are needed.

use std::collections::BTreeMap;

use serde_json::Value;
use vouchsafe_model::{RecordId, Secret, UnixMillis};
use vouchsafe_store::{RecordRow, Store, StoreError, head, records};
use vouchsafe_vault::Vault;

use crate::body::Body;
use crate::event::EventKind;

mod standing;

pub use standing::{Standing, standing};

/// Where an entry of the record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: i64,
    /// Its id.
    pub id: RecordId,
    /// Its time.
    pub time: UnixMillis,
}

/// What releases of a token have in common. A token that a provider made is released as often as somebody asks for it: what
/// differs is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// The event, by its stable name: of an exchange, or of a token of ours.
    pub event: String,
    /// To whom.
    pub client_id: Option<String>,
    /// Whose power it carries.
    pub user_id: Option<String>,
    /// The same, as the record names the person.
    pub pseudonym: Option<String>,
    /// What was asked for.
    pub audience: Vec<String>,
    /// What it may do, where that is known.
    pub scope: Option<String>,
    /// The provider that made it.
    pub provider_id: Option<String>,
    /// The connection that it came from.
    pub connection_id: Option<String>,
    /// The leave that it was released by; none where a trusted mark stood for it.
    pub delegation_id: Option<String>,
    /// The session that it came from.
    pub session_id: Option<String>,
    /// The id of a token of ours.
    pub jti: Option<String>,
    /// When its time is over, where that is known.
    pub expires_at: Option<UnixMillis>,
}

/// Releases that have everything in common but their time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases {
    /// What they have in common.
    pub release: Release,
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first: Entry,
    /// The last of them.
    pub last: Entry,
}

/// Finds every release of `token` that is not before `since`, in the order of their last ones. Each transaction reads a
/// stretch of the record, and what is kept grows with who got the token and not with how often.
///
/// # Errors
/// The database cannot be read.
pub fn of_token(
    store: &Store,
    vault: &Vault,
    token: &Secret<String>,
    since: Option<UnixMillis>,
) -> Result<Vec<Releases>, StoreError> {
    let fingerprints: Vec<String> = vault
        .fingerprints(token.expose())
        .iter()
        .map(ToString::to_string)
        .collect();
    let (mut from, end) = store.read_blocking(|tx| -> Result<_, StoreError> {
        let first = since.map(|since| records::first_since(tx, since)).transpose()?;
        Ok((first.unwrap_or(1), head::peek(tx)?.seq))
    })?;
    let mut found = BTreeMap::new();
    while from <= end {
        let to = end.min(from + STRETCH - 1);
        for fingerprint in &fingerprints {
            let rows =
                store.read_blocking(|tx| records::holding(tx, (from, to), Some(EVENTS), fingerprint))?;
            for row in rows {
                note(&mut found, row, fingerprint);
            }
        }
        from = to + 1;
    }
    let mut found: Vec<Releases> = found.into_values().collect();
    found.sort_unstable_by_key(|releases| releases.last.seq);
    Ok(found)
}

fn note(found: &mut BTreeMap<Release, Releases>, row: RecordRow, fingerprint: &str) {
    // A damaged entry says nothing; `audit verify` reports it.
    let Ok(body) = serde_json::from_slice::<Body>(&row.body) else {
        return;
    };
    if body.facts.get("token_fingerprint").and_then(Value::as_str) != Some(fingerprint) {
        return;
    }
    let entry = Entry {
        seq: row.seq,
        id: row.id,
        time: row.time,
    };
    let release = release(body);
    let releases = found.entry(release.clone()).or_insert_with(|| Releases {
        release,
        count: 0,
        first: entry.clone(),
        last: entry.clone(),
    });
    releases.count += 1;
    releases.last = entry;
}

fn release(body: Body) -> Release {
    let text = |name: &str| body.facts.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |name: &str| body.facts.get(name).and_then(Value::as_i64);
    let audience = body.facts.get("audience").and_then(Value::as_array);
    // The life of our own tokens begins with their record.
    let own_end = number("expires_in").filter(|_| body.event == EventKind::TokenIssued.as_str());
    let own_end = own_end.map(|seconds| body.time.0.saturating_add(seconds.saturating_mul(1_000)));
    Release {
        client_id: text("client_id"),
        user_id: text("user_id"),
        pseudonym: body.user.clone(),
        audience: audience
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        scope: text("granted_scope"),
        provider_id: text("provider_id"),
        connection_id: text("connection_id"),
        delegation_id: text("delegation_id"),
        session_id: text("session_id").filter(|_| body.event == EventKind::TokenIssued.as_str()),
        jti: text("jti"),
        expires_at: number("expires_at").or(own_end).map(UnixMillis),
        event: body.event,
    }
}

/// What releases tokens.
const EVENTS: &[&str] = &[
    EventKind::TokenExchanged.as_str(),
    EventKind::TokenIssued.as_str(),
];
/// Entries in one transaction: some tens of megabytes.
const STRETCH: i64 = 20_000;
