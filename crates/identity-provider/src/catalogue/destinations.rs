//! Where secrets may go (AR-03).

use url::Url;
use vouchsafe_model::HostsDigest;

use super::entry::Entry;

impl Entry {
    /// The origins that a stored secret may be sent to, sorted, each once: the token, refresh, revocation,
    /// introspection and identity endpoints, and the API. A wildcard keeps its star (`https://*.example.com`).
    pub fn secret_destinations(&self) -> Vec<String> {
        let endpoints = [
            &self.token_url,
            &self.refresh_url,
            &self.revoke.url,
            &self.introspect.url,
            &self.identity.url,
        ];
        let mut origins: Vec<String> = endpoints
            .into_iter()
            .flatten()
            .filter_map(|url| origin(url))
            .collect();
        origins.extend(self.api.hosts.iter().filter_map(|host| host_origin(host)));
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// The digest of [`Entry::secret_destinations`]; part of every seal.
    pub fn hosts_digest(&self) -> HostsDigest {
        let origins = self.secret_destinations();
        HostsDigest::of(origins.iter().map(String::as_str))
    }
}

fn host_origin(host: &str) -> Option<String> {
    if host.contains("://") {
        return origin(host);
    }
    match host.strip_prefix("*.") {
        Some(rest) => origin(&format!("https://{rest}")).map(|origin| origin.replacen("://", "://*.", 1)),
        None => origin(&format!("https://{host}")),
    }
}

/// Scheme, host and port in canonical form. An unusable URL has none; validation refused it before.
fn origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.host_str()?;
    Some(url.origin().ascii_serialization())
}
