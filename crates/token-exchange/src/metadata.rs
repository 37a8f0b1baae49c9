//! The metadata document (RFC 8414): what is true of this server, and nothing else.

use vouchsafe_oauth_types::{AuthorizationServerMetadata, GrantType};

use crate::authorization_server::AuthorizationServer;
use crate::own_token;

impl AuthorizationServer {
    /// The document.
    pub fn metadata(&self) -> AuthorizationServerMetadata {
        let at = |path: &str| format!("{}{path}", self.issuer);
        let mut grants = vec![GrantType::AuthorizationCode.as_str()];
        if self.options.token_exchange {
            grants.push(GrantType::TokenExchange.as_str());
        }
        AuthorizationServerMetadata {
            issuer: self.issuer.clone(),
            authorization_endpoint: at("/oauth/authorize"),
            token_endpoint: at("/oauth/token"),
            jwks_uri: at("/oauth/jwks"),
            scopes_supported: vec![crate::authorize::EXCHANGE_SCOPE.to_owned()],
            response_types_supported: vec!["code"],
            response_modes_supported: vec!["query"],
            grant_types_supported: grants,
            token_endpoint_auth_methods_supported: vec!["client_secret_basic", "client_secret_post", "none"],
            code_challenge_methods_supported: vec!["S256"],
            authorization_response_iss_parameter_supported: true,
        }
    }

    /// The public signing keys (RFC 7517).
    pub fn jwks(&self) -> serde_json::Value {
        own_token::jwks(&self.vault)
    }
}
