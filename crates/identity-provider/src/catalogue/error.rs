//! What can be wrong with an entry, or with asking it for something.

/// Why an entry cannot be used, or not for this. The texts are for operators: they name the entry, the field and what
/// to do, and never contain a secret or a provider's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// The text or table is not an entry.
    #[error("provider entry `{entry}` cannot be read: {message}")]
    Syntax {
        /// The entry.
        entry: String,
        /// Where and what, from the parser.
        message: String,
    },
    /// A field has a value that cannot work.
    #[error("provider entry `{entry}`, field `{field}`: {problem}; {remedy}")]
    Field {
        /// The entry.
        entry: String,
        /// The field, dotted.
        field: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// An endpoint is not known: the entry lacks it, or discovery has not been applied yet.
    #[error("provider entry `{entry}` has no `{field}`; set it, or let discovery find it")]
    EndpointUnknown {
        /// The entry.
        entry: String,
        /// The field.
        field: &'static str,
    },
    /// No scope was named. Without explicit scopes a provider may give whatever it gave before.
    #[error("provider entry `{entry}` needs at least one scope; set `default_scopes` or ask for one")]
    ScopeMissing {
        /// The entry.
        entry: String,
    },
    /// The flow did not bring what the provider's protection needs (UP-02, UP-03).
    #[error("provider entry `{entry}` needs `{parameter}` in every authorization request")]
    ProtectionMissing {
        /// The entry.
        entry: String,
        /// `code_challenge` or `nonce`.
        parameter: &'static str,
    },
    /// The provider has no refresh tokens.
    #[error("provider entry `{entry}` has no refresh tokens")]
    RefreshUnsupported {
        /// The entry.
        entry: String,
    },
    /// A smaller token cannot be asked for without harm.
    #[error("provider entry `{entry}` cannot return a smaller token on refresh")]
    NarrowingUnsupported {
        /// The entry.
        entry: String,
    },
}

impl CatalogueError {
    pub(super) fn field(
        entry: &str,
        field: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Field {
            entry: entry.to_owned(),
            field: field.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}
