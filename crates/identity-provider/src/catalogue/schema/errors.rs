//! How a failure is recognised, and whose business it is.

use serde::{Deserialize, Serialize};

/// How an answer shows that it is an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorDetection {
    /// The signs; one is enough.
    pub detect: Vec<ErrorSign>,
    /// Where the code stands; the first string or number wins.
    pub code_pointer: Vec<String>,
    /// Where finer codes stand: a string, a number, or an array of them.
    pub subcode_pointer: Vec<String>,
    /// Where the description stands.
    pub description_pointer: Vec<String>,
}

impl Default for ErrorDetection {
    fn default() -> Self {
        Self {
            detect: vec![ErrorSign::Status, ErrorSign::BodyErrorField],
            code_pointer: vec!["/error".into()],
            subcode_pointer: Vec::new(),
            description_pointer: vec!["/error_description".into()],
        }
    }
}

/// One sign of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorSign {
    /// A status other than 2xx.
    Status,
    /// A code at `code_pointer`, whatever the status.
    BodyErrorField,
    /// `"ok": false`.
    OkFalse,
}

/// Matchers, applied in the order operator, soft, dead.
///
/// Everywhere, without being listed: `invalid_client` and `unauthorized_client` are the operator's (unless the code is
/// listed as dead), `server_error`, `temporarily_unavailable` and `slow_down` are soft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorRules {
    /// The grant is gone: the user must connect again.
    pub dead: Vec<Matcher>,
    /// Our registration is at fault: the operator must act, and every grant is kept.
    pub operator: Vec<Matcher>,
    /// It will pass.
    pub soft: Vec<Matcher>,
}

impl Default for ErrorRules {
    fn default() -> Self {
        Self {
            dead: vec![Matcher::code("invalid_grant")],
            operator: Vec::new(),
            soft: Vec::new(),
        }
    }
}

/// Matches an answer when everything that it names holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// The HTTP status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// One of the finer codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subcode: Option<String>,
    /// A piece of the description, whatever its case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description_contains: Option<String>,
}

impl Matcher {
    /// Matches a code.
    pub fn code(code: &str) -> Self {
        Self {
            code: Some(code.into()),
            ..Self::default()
        }
    }

    /// Whether it names nothing, and so would match everything.
    pub(in crate::catalogue) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
