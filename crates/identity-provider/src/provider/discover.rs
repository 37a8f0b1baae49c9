//! Fetching a provider's metadata (OpenID Connect Discovery 1.0).

use vouchsafe_model::Secret;

use super::ProviderError;
use crate::catalogue::{Entry, Method, UpstreamFailure, UpstreamRequest};
use crate::identity_provider::IdentityProvider;

impl IdentityProvider {
    /// The entry with what the provider's metadata adds; unchanged where it needs none. The document must name the
    /// entry's issuer, and its endpoints obey the same rules as all others (UP-16).
    pub async fn discover(&self, entry: &Entry) -> Result<Entry, ProviderError> {
        let Some(url) = entry.discovery_url() else {
            return Ok(entry.clone());
        };
        let egress = &self.inner().egress;
        let answer = egress
            .send(get_json(url))
            .await
            .map_err(ProviderError::MetadataUnreachable)?;
        let invalid = || ProviderError::MetadataInvalid(UpstreamFailure::InvalidAnswer { what: "metadata" });
        if answer.status != 200 {
            return Err(invalid());
        }
        let document = serde_json::from_slice(answer.body.expose()).map_err(|_| invalid())?;
        entry
            .with_discovery(&document, egress.internal_hosts())
            .map_err(ProviderError::Entry)
    }
}

/// A GET without credentials.
pub(crate) fn get_json(url: String) -> UpstreamRequest {
    UpstreamRequest {
        method: Method::Get,
        url,
        headers: vec![("accept".to_owned(), Secret::from("application/json"))],
        body: None,
        content_type: None,
    }
}
