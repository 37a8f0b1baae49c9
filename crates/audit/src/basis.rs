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
/// `change_seq` is read *before* the rows that the decision uses. If nothing among `subjects` has changed since, the
/// decision still holds at the moment of recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Basis {
    /// `change_seq` of the head before the first row was read.
    pub change_seq: i64,
    /// Client, user, session, authorization, provider, connection, delegation …
    pub subjects: Vec<Change>,
    /// Single-use ids.
    pub replay_ids: Vec<ReplayId>,
}

impl Basis {
    /// A basis read at `change_seq`, resting on nothing yet.
    pub const fn at(change_seq: i64) -> Self {
        Self {
            change_seq,
            subjects: Vec::new(),
            replay_ids: Vec::new(),
        }
    }

    /// Also rests on `subject`.
    pub fn on(mut self, subject: Change) -> Self {
        self.subjects.push(subject);
        self
    }

    /// Both together, from the earlier point.
    pub fn and(mut self, other: Self) -> Self {
        self.change_seq = self.change_seq.min(other.change_seq);
        self.subjects.extend(other.subjects);
        self.replay_ids.extend(other.replay_ids);
        self
    }
}
