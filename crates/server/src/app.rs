//! What the binary hands to the server.

use std::net::IpAddr;
use std::sync::Arc;

use vouchsafe_audit::Recorder;
use vouchsafe_identity_provider::IdentityProvider;
use vouchsafe_model::Clock;
use vouchsafe_sign_in::SignIn;
use vouchsafe_token_exchange::AuthorizationServer;
use vouchsafe_vault::Vault;

/// Everything the routes call. Clones share it.
#[derive(Clone)]
pub struct App {
    /// Faces agents.
    pub authorization_server: AuthorizationServer,
    /// Faces upstream.
    pub identity_provider: IdentityProvider,
    /// Faces people.
    pub sign_in: SignIn,
    /// The record, and the store below it.
    pub recorder: Recorder,
    /// CSRF tokens, and the readiness of its keys.
    pub vault: Vault,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How to serve.
    pub options: ServerOptions,
}

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Our issuer, the public base of every URL, without a trailing slash. Never taken from a request (ATK-37). A path
    /// in it is the path under which everything is served.
    pub issuer: String,
    /// Addresses of proxies whose `X-Forwarded-For` is believed, and who may speak plain HTTP to us from elsewhere
    /// than this machine.
    pub trusted_proxies: Vec<IpAddr>,
}
