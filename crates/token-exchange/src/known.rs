//! What this process remembers of the database, so that a warm exchange asks it for nothing but the record.
//!
//! A memory can only be late, never wrong: each thing is kept with the point of the record at which it was read, a release
//! rests on that point, and the recorder compares it under the head with what has changed since. A *refusal* is never
//! given from memory: who would be refused is looked at again in the database.

mod reader;
mod shelf;
mod standing;

use std::sync::Arc;

use vouchsafe_audit::Recorder;
use vouchsafe_identity_provider::LoadedProvider;
use vouchsafe_model::{
    Change, ChangeKind, Client, ClientId, IssuedToken, ProviderId, TokenId, UnixMillis, UserId,
};

use crate::leave::Leaves;
use shelf::Shelf;

pub(crate) use reader::{Reader, Stop};
pub(crate) use shelf::{Held, Kept};
pub(crate) use standing::Fallen;
use standing::{Standing, StandingKey};

/// Whose leave, for whom, where.
pub(crate) type LeaveKey = (UserId, ClientId, ProviderId);

/// Everything that is remembered.
pub(crate) struct Known {
    recorder: Recorder,
    clients: Shelf<ClientId, Client>,
    tokens: Shelf<TokenId, IssuedToken>,
    standings: Shelf<StandingKey, Standing>,
    providers: Shelf<ProviderId, LoadedProvider>,
    leaves: Shelf<LeaveKey, Leaves>,
}

impl Known {
    /// Takes at most seven eighths of `bytes`; signatures have the rest.
    pub(crate) fn new(recorder: Recorder, bytes: u64) -> Self {
        Self {
            recorder,
            clients: Shelf::of(bytes / 16),
            tokens: Shelf::of(bytes / 8),
            standings: Shelf::of(bytes / 8),
            providers: Shelf::of(bytes / 16),
            leaves: Shelf::of(bytes / 2),
        }
    }

    /// A token of ours that was just issued by the record `seq`: it will be presented soon.
    pub(crate) fn issued(&self, token: IssuedToken, (seq, now): (i64, UnixMillis)) {
        let id = token.id.clone();
        let subjects = vec![Change::of(ChangeKind::Token, &id)];
        let kept = Kept::new(token, subjects, (seq, now), TOKEN_BYTES);
        self.tokens.put(id, Arc::new(kept));
    }

    /// Lets go of what has changed anywhere, and of what is old: secrets do not lie about in an idle process.
    pub(crate) async fn sweep(&self, now: UnixMillis) {
        if self.recorder.catch_up().await.is_err() {
            // What is behind cannot be told from what is not.
            return self.forget();
        }
        let feed = self.recorder.feed();
        self.clients.sweep(feed, now);
        self.tokens.sweep(feed, now);
        self.standings.sweep(feed, now);
        self.providers.sweep(feed, now);
        self.leaves.sweep(feed, now);
    }

    /// Forgets all of it.
    pub(crate) fn forget(&self) {
        self.clients.clear();
        self.tokens.clear();
        self.standings.clear();
        self.providers.clear();
        self.leaves.clear();
    }
}

/// The row of a token, roughly.
const TOKEN_BYTES: usize = 400;
