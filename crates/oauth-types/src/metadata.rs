//! Authorization server metadata (RFC 8414).

use serde::Serialize;

/// The document. Only what is true of this server: an empty list is left out (RFC 8414 section 3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the members are those of RFC 8414 section 2, by name")]
pub struct AuthorizationServerMetadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_types_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_modes_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grant_types_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code_challenge_methods_supported: Vec<&'static str>,
    pub authorization_response_iss_parameter_supported: bool,
}

/// Where the document of `issuer` lies: the well-known segment goes between host and path (RFC 8414 section 3.1).
pub fn well_known_path(issuer: &str) -> String {
    let path = url::Url::parse(issuer)
        .map(|url| url.path().trim_end_matches('/').to_owned())
        .unwrap_or_default();
    format!("/.well-known/oauth-authorization-server{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md_3_01__the_segment_is_inserted_before_the_path() {
        assert_eq!(
            well_known_path("https://v.example"),
            "/.well-known/oauth-authorization-server"
        );
        assert_eq!(
            well_known_path("https://v.example/"),
            "/.well-known/oauth-authorization-server"
        );
        assert_eq!(
            well_known_path("https://v.example/one"),
            "/.well-known/oauth-authorization-server/one"
        );
    }
}
