//! What a fake provider is started with.

use serde::{Deserialize, Serialize};

/// The settings of one run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 lets the system choose.
    pub port: u16,
    /// The OAuth clients every personality knows.
    pub clients: Vec<ClientRegistration>,
    /// Overrides the access-token lifetime of every personality that has one, in seconds.
    pub access_ttl: Option<u64>,
    /// Whether consent is a page or given at once.
    pub consent: ConsentMode,
}

/// A client as registered at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRegistration {
    /// The `client_id`.
    pub client_id: String,
    /// The `client_secret`.
    pub client_secret: String,
    /// The exact redirect URIs; `None` allows any.
    pub redirect_uris: Option<Vec<String>>,
}

/// How the authorization endpoint gets its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentMode {
    /// An HTML page with a form.
    #[default]
    Ask,
    /// Approved at once with a 302.
    Auto,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            clients: vec![ClientRegistration::new(DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET)],
            access_ttl: None,
            consent: ConsentMode::Ask,
        }
    }
}

impl ClientRegistration {
    /// A client that may use any redirect URI.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            redirect_uris: None,
        }
    }

    /// Whether this client may be answered at `redirect_uri`.
    pub(crate) fn allows(&self, redirect_uri: &str) -> bool {
        self.redirect_uris
            .as_ref()
            .is_none_or(|list| list.iter().any(|uri| uri == redirect_uri))
    }
}

/// The `client_id` that is registered by default.
pub const DEFAULT_CLIENT_ID: &str = "vouchsafe-at-upstream";
/// Its secret.
pub const DEFAULT_CLIENT_SECRET: &str = "upstream-client-secret-for-tests";
