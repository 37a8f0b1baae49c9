//! What a release rests on.

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
    /// `change_seq` of the head for the subjects that follow.
    at: i64,
    /// Client, user, session, authorization, provider, connection, delegation …, each with its own point in time.
    subjects: Vec<(i64, Change)>,
    /// Single-use ids.
    pub(crate) replay_ids: Vec<ReplayId>,
}

impl Basis {
    /// A basis read at `change_seq`, resting on nothing yet.
    pub const fn at(change_seq: i64) -> Self {
        Self {
            at: change_seq,
            subjects: Vec::new(),
            replay_ids: Vec::new(),
        }
    }

    /// Also rests on `subject`, whose row was read at or after this basis' point.
    pub fn on(mut self, subject: Change) -> Self {
        self.subjects.push((self.at, subject));
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
        self.subjects.extend(other.subjects);
        self.replay_ids.extend(other.replay_ids);
        self
    }

    /// The earliest point: changes up to it need not be looked at.
    pub(crate) fn earliest(&self) -> i64 {
        self.subjects.iter().map(|(at, _)| *at).fold(self.at, i64::min)
    }

    /// Whether a change at `seq` came after something here was read.
    pub(crate) fn is_touched_by(&self, seq: i64, change: &Change) -> bool {
        self.subjects
            .iter()
            .any(|(at, subject)| subject == change && seq > *at)
    }
}
