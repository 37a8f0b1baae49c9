//! What became of a requirement.

use std::fmt;

/// What became of one requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, as far as can be seen from outside.
    Passed,
    /// It does not; what was seen instead.
    Failed(String),
    /// It could not be asked; why.
    NotChecked(String),
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The requirement's id.
    pub id: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// Why a check did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Miss {
    /// The server did something else.
    Failed(String),
    /// Something that the check needs is not there.
    NotChecked(String),
}

/// What a check returns.
pub(crate) type Checked = Result<(), Miss>;

impl Miss {
    pub(crate) fn failed(seen: impl Into<String>) -> Self {
        Self::Failed(seen.into())
    }

    pub(crate) fn not_checked(why: impl Into<String>) -> Self {
        Self::NotChecked(why.into())
    }

    /// For a check that only needs what another one is about: this is not its failure.
    pub(crate) fn as_lack(&self, of: &str) -> Self {
        match self {
            Self::Failed(seen) => Self::NotChecked(format!("{of}: {seen}")),
            Self::NotChecked(_) => self.clone(),
        }
    }
}

impl Verdict {
    /// In one word for machines.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::NotChecked(_) => "not_checked",
        }
    }

    /// What was seen instead, or what was missing.
    pub(crate) fn why(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed(why) | Self::NotChecked(why) => Some(why),
        }
    }
}

impl From<Checked> for Verdict {
    fn from(checked: Checked) -> Self {
        match checked {
            Ok(()) => Self::Passed,
            Err(Miss::Failed(seen)) => Self::Failed(seen),
            Err(Miss::NotChecked(why)) => Self::NotChecked(why),
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match &self.verdict {
            Verdict::Passed => write!(f, "{id:<14} passed"),
            Verdict::Failed(seen) => write!(f, "{id:<14} FAILED: {seen}"),
            Verdict::NotChecked(why) => write!(f, "{id:<14} not checked: {why}"),
        }
    }
}

/// Ends a check with what was seen, unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($seen:tt)+) => {
        if !$holds {
            return Err($crate::verdict::Miss::failed(format!($($seen)+)));
        }
    };
}
pub(crate) use ensure;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_seen() {
        let line = |checked: Checked| {
            let id = "TE-2.1-01".to_owned();
            let verdict = checked.into();
            Line { id, verdict }.to_string()
        };
        assert_eq!(line(Ok(())), "TE-2.1-01      passed");
        assert_eq!(line(Err(Miss::failed("200"))), "TE-2.1-01      FAILED: 200");
        assert_eq!(
            line(Err(Miss::not_checked("no fixture"))),
            "TE-2.1-01      not checked: no fixture"
        );
    }
}
