//! Looks for entries of the record, with a bound on how many are looked at: the record has no index but its order.

use vouchsafe_model::{ClientId, ConnectionId, UnixMillis, UserId};
use vouchsafe_store::{RecordRow, StoreError, Tx, records, users};

use crate::body::Body;

/// What is looked for. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Only behind this place.
    pub after: i64,
    /// Only before this place.
    pub before: Option<i64>,
    /// Not before this time.
    pub since: Option<UnixMillis>,
    /// Before this time.
    pub until: Option<UnixMillis>,
    /// Of this event, by its stable name.
    pub event: Option<String>,
    /// About this user.
    pub user_id: Option<UserId>,
    /// About this client.
    pub client_id: Option<ClientId>,
    /// About this connection.
    pub connection_id: Option<ConnectionId>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The entries, in order.
    pub records: Vec<RecordRow>,
    /// The `after` to go on with; `None` when everything was looked at. There may be one although nothing was found.
    pub next: Option<i64>,
}

/// Up to `limit` entries, after a look at no more than [`LOOKED_AT`].
pub fn search(tx: &mut Tx<'_>, search: &Search, limit: usize) -> Result<Found, StoreError> {
    let mut from = search.after.saturating_add(1);
    if let Some(since) = search.since {
        from = from.max(records::first_since(tx, since)?);
    }
    let mut end = search.before.unwrap_or(i64::MAX);
    if let Some(until) = search.until {
        end = end.min(records::first_since(tx, until)?);
    }
    let wanted = Wanted::of(tx, search)?;
    let (mut found, mut looked_at) = (Vec::new(), 0);
    while looked_at < LOOKED_AT {
        let size = wanted.step(limit).min(end.saturating_sub(from));
        if size <= 0 {
            break;
        }
        let page = records::range(tx, from, size)?;
        looked_at += size;
        let Some(last) = page.last().map(|row| row.seq) else {
            break;
        };
        for row in page.into_iter().take_while(|row| row.seq < end) {
            let seq = row.seq;
            if wanted.is(&row) {
                found.push(row);
            }
            if found.len() == limit {
                let more = seq + 1 < end && records::by_seq(tx, seq + 1)?.is_some();
                return Ok(Found {
                    records: found,
                    next: more.then_some(seq),
                });
            }
        }
        from = last + 1;
    }
    let more = from < end && records::by_seq(tx, from)?.is_some();
    Ok(Found {
        records: found,
        next: more.then(|| from - 1),
    })
}

/// What an entry must say.
struct Wanted<'a> {
    search: &'a Search,
    /// How the record names the user; `None` once the person is erased.
    pseudonym: Option<String>,
}

impl<'a> Wanted<'a> {
    fn of(tx: &mut Tx<'_>, search: &'a Search) -> Result<Self, StoreError> {
        let user = match &search.user_id {
            Some(id) => users::by_id(tx, id)?,
            None => None,
        };
        Ok(Self {
            search,
            pseudonym: user
                .map(|user| user.unverified().pseudonym.clone())
                .filter(|pseudonym| !pseudonym.is_empty()),
        })
    }

    /// How many entries to read at once: none too many where each is wanted.
    fn step(&self, limit: usize) -> i64 {
        let Search {
            event,
            user_id,
            client_id,
            connection_id,
            ..
        } = self.search;
        if event.is_none() && user_id.is_none() && client_id.is_none() && connection_id.is_none() {
            i64::try_from(limit).map_or(PAGE, |limit| limit.clamp(1, PAGE))
        } else {
            PAGE
        }
    }

    fn is(&self, row: &RecordRow) -> bool {
        let Search {
            event,
            user_id,
            client_id,
            connection_id,
            ..
        } = self.search;
        if event.as_ref().is_some_and(|event| *event != row.event) {
            return false;
        }
        if user_id.is_none() && client_id.is_none() && connection_id.is_none() {
            return true;
        }
        // A damaged entry is about nobody; `audit verify` reports it.
        let Ok(body) = serde_json::from_slice::<Body>(&row.body) else {
            return false;
        };
        let about = |fact: &str, kind: &str, id: &str| {
            body.facts.get(fact).and_then(|value| value.as_str()) == Some(id)
                || body
                    .changes
                    .iter()
                    .any(|(of, changed)| of == kind && changed == id)
        };
        let by_pseudonym = self.pseudonym.is_some() && body.user == self.pseudonym;
        user_id
            .as_ref()
            .is_none_or(|id| by_pseudonym || about("user_id", "user", id.as_str()))
            && client_id
                .as_ref()
                .is_none_or(|id| about("client_id", "client", id.as_str()))
            && connection_id
                .as_ref()
                .is_none_or(|id| about("connection_id", "connection", id.as_str()))
    }
}

/// How many entries one search looks at.
pub const LOOKED_AT: i64 = 10_000;
const PAGE: i64 = 1_000;
