//! What a release rests on.

use std::sync::Arc;

use vouchsafe_model::{Change, UnixMillis};

/// A single-use id that the release consumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayId {
    /// Name space, e.g. `jti:<issuer>`.
    pub kind: String,
    /// The id.
    pub id: String,
    /// Until when it must be remembered.
    pub expires_at: UnixMillis,
}

/// The authority state a decision was made under, and everything it rests on.
///
/// Each subject carries the `change_seq` that was read *before* its row. If it has not changed since, the decision still
/// holds at the moment of recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// The earliest point of all: `change_seq` of the head, read before anything else.
    at: i64,
    /// Client, user, session, authorization, provider, connection, delegation …, each group with its own point in time.
    groups: Vec<(i64, Arc<[Change]>)>,
    /// Single-use ids.
    pub(crate) replay_ids: Vec<ReplayId>,
}

impl Basis {
    /// A basis read at `change_seq`, resting on nothing yet.
    pub const fn at(change_seq: i64) -> Self {
        Self {
            at: change_seq,
            groups: Vec::new(),
            replay_ids: Vec::new(),
        }
    }

    /// Also rests on `subject`, whose row was read at or after this basis' point.
    pub fn on(self, subject: Change) -> Self {
        let at = self.at;
        self.on_all(at, Arc::new([subject]))
    }

    /// Also rests on all of these, whose rows were read at or after `at`.
    pub fn on_all(mut self, at: i64, subjects: Arc<[Change]>) -> Self {
        self.at = self.at.min(at);
        self.groups.push((at, subjects));
        self
    }

    /// Also consumes a single-use id.
    pub fn once(mut self, id: ReplayId) -> Self {
        self.replay_ids.push(id);
        self
    }

    /// Both together; each subject keeps its own point.
    pub fn and(mut self, other: Self) -> Self {
        self.at = self.at.min(other.at);
        self.groups.extend(other.groups);
        self.replay_ids.extend(other.replay_ids);
        self
    }

    /// The earliest point: changes up to it need not be looked at.
    pub(crate) fn earliest(&self) -> i64 {
        self.at
    }

    /// What it rests on, each with the point at which it was read.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = (&i64, &Change)> {
        self.groups
            .iter()
            .flat_map(|(at, group)| group.iter().map(move |subject| (at, subject)))
    }

    /// Whether a change at `seq` came after something here was read.
    pub(crate) fn is_touched_by(&self, seq: i64, change: &Change) -> bool {
        self.subjects()
            .any(|(at, subject)| subject == change && seq > *at)
    }
}
