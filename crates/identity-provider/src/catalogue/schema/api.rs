//! Where the provider's API is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where access tokens may be sent, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// `host`, `*.host` for one label more, either with a path prefix (`slack.com/api`), or an origin
    /// (`http://127.0.0.1:8080`) for hosts that the operator declared internal.
    pub hosts: Vec<String>,
    /// Absolute URIs that name this provider as `resource` (RFC 8707).
    pub resources: Vec<String>,
    /// The header that carries the token.
    pub auth_header: String,
    /// The scheme before it; empty for none.
    pub auth_scheme: String,
    /// Further headers of every call.
    pub headers: BTreeMap<String, String>,
}

impl Default for Api {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            resources: Vec::new(),
            auth_header: "authorization".into(),
            auth_scheme: "Bearer".into(),
            headers: BTreeMap::new(),
        }
    }
}
