//! Details that are not there: right where their person was erased later, and a finding everywhere else.

use std::collections::BTreeMap;

use crate::body::Body;
use crate::event::EventKind;

/// Whose details are missing so far without a reason.
#[derive(Default)]
pub(super) struct Erasures(BTreeMap<String, Missing>);

struct Missing {
    first: i64,
    more: u64,
}

impl Erasures {
    /// An entry about this person has lost its details.
    pub(super) fn missing(&mut self, pseudonym: &str, seq: i64) {
        if let Some(missing) = self.0.get_mut(pseudonym) {
            missing.more += 1;
        } else {
            self.0
                .insert(pseudonym.to_owned(), Missing { first: seq, more: 0 });
        }
    }

    /// What the next entry explains of those before it; not of itself.
    pub(super) fn next(&mut self, body: &Body) {
        if body.event == EventKind::UserErased.as_str()
            && let Some(pseudonym) = &body.user
        {
            self.0.remove(pseudonym);
        }
    }

    /// Nothing follows: what was never explained, each with the first entry that it is about.
    pub(super) fn unexplained(self) -> impl Iterator<Item = (i64, String)> {
        self.0.into_values().map(|Missing { first, more }| {
            let others = match more {
                0 => String::new(),
                more => format!(", as were those of {more} more about the same person"),
            };
            let what = format!(
                "the details beside the body were removed{others}, and no later user.erased says that the person was erased"
            );
            (first, what)
        })
    }
}
