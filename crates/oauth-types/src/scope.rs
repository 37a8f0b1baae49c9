//! `scope` (RFC 6749 section 3.3).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A set of scope tokens; written as one space-separated string. Clones share it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope(Arc<BTreeSet<Box<str>>>);

/// The text is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a scope is one or more tokens of printable ASCII without quote and backslash, with single spaces between"
)]
pub struct InvalidScope;

impl Scope {
    /// The scope without tokens.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Parses the wire form: tokens separated by single spaces. The empty string is the empty scope.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        if text.is_empty() {
            return Ok(Self::empty());
        }
        Self::from_tokens(text.split(' '))
    }

    /// From single tokens, each checked.
    pub fn from_tokens<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidScope> {
        let checked = tokens.into_iter().map(|token| {
            if is_token(token) {
                Ok(token.into())
            } else {
                Err(InvalidScope)
            }
        });
        checked.collect::<Result<_, _>>().map(Self::of)
    }

    fn of(tokens: BTreeSet<Box<str>>) -> Self {
        Self(Arc::new(tokens))
    }

    /// Whether `token` is in it.
    pub fn contains(&self, token: &str) -> bool {
        self.0.contains(token)
    }

    /// Whether all of it is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// What both have.
    pub fn intersection(&self, other: &Self) -> Self {
        Self::of(self.0.intersection(&other.0).cloned().collect())
    }

    /// What either has.
    pub fn union(&self, other: &Self) -> Self {
        Self::of(self.0.union(&other.0).cloned().collect())
    }

    /// What it has and `other` has not.
    pub fn difference(&self, other: &Self) -> Self {
        Self::of(self.0.difference(&other.0).cloned().collect())
    }

    /// Its tokens, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|token| &**token)
    }

    /// Whether it has no tokens.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many tokens it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, token) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;

    fn try_from(text: String) -> Result<Self, InvalidScope> {
        Self::parse(&text)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

/// scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
fn is_token(token: &str) -> bool {
    !token.is_empty()
        && token
            .bytes()
            .all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scopes() -> impl Strategy<Value = Scope> {
        proptest::collection::vec("[!#-\\[\\]-~]{1,6}", 0..6)
            .prop_map(|tokens| Scope::from_tokens(tokens.iter().map(String::as_str)).unwrap())
    }

    #[test]
    fn te_2_1_14__malformed_scope_is_refused() {
        for text in [" ", "a ", " a", "a  b", "a\tb", "a\"b", "a\\b", "é", "a\u{7f}"] {
            assert_eq!(Scope::parse(text), Err(InvalidScope), "{text:?}");
        }
        assert_eq!(Scope::parse("b a").unwrap().to_string(), "a b");
    }

    #[test]
    fn te_4_2_01__scope_is_one_string_in_json() {
        assert_eq!(
            serde_json::to_string(&Scope::parse("b a").unwrap()).unwrap(),
            r#""a b""#
        );
    }

    proptest! {
        #[test]
        fn a_scope_reads_back_as_itself(scope in scopes()) {
            prop_assert_eq!(Scope::parse(&scope.to_string()).unwrap(), scope);
        }

        #[test]
        fn intersection_never_widens(a in scopes(), b in scopes()) {
            let both = a.intersection(&b);
            prop_assert!(both.is_subset(&a) && both.is_subset(&b));
        }
    }
}
