//! Scopes as a list, which is how a person writes them.

use serde::{Deserialize, Serialize};
use vouchsafe_oauth_types::{InvalidScope, Scope};

/// Scope names, one per item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct ScopeNames(Scope);

impl ScopeNames {
    /// As a scope.
    pub const fn as_scope(&self) -> &Scope {
        &self.0
    }
}

impl TryFrom<Vec<String>> for ScopeNames {
    type Error = InvalidScope;

    fn try_from(names: Vec<String>) -> Result<Self, InvalidScope> {
        Scope::from_tokens(names.iter().map(String::as_str)).map(Self)
    }
}

impl From<ScopeNames> for Vec<String> {
    fn from(names: ScopeNames) -> Self {
        names.0.iter().map(str::to_owned).collect()
    }
}
