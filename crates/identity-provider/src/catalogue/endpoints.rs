//! The URLs of an entry: https, without decoration, and whole.

use url::Url;

use super::entry::Entry;
use super::error::CatalogueError;
use super::schema::{IdentityOrigin, IssuerCheck, Kind, RevokeShape};

impl Entry {
    /// Nothing that a flow needs is missing, except what discovery will add.
    pub(super) fn check_complete(&self) -> Result<(), CatalogueError> {
        if self.kind == Kind::Oidc && self.issuer.is_none() {
            return self.refuse("issuer", "missing", "set it to the provider's issuer URL");
        }
        if self.issuer_check == IssuerCheck::Template
            && !self
                .issuer_template
                .as_ref()
                .is_some_and(|text| text.contains("{tid}"))
        {
            return self.refuse(
                "issuer_template",
                "missing",
                "write the issuer with `{tid}` for the tenant",
            );
        }
        if self.discovery_url().is_some() {
            return Ok(());
        }
        for (field, url) in [
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
        ] {
            if url.is_none() {
                return self.refuse(field, "missing", "set it to the provider's endpoint");
            }
        }
        if self.revoke.shape != RevokeShape::None && self.revoke.url.is_none() && self.kind != Kind::Oidc {
            return self.refuse(
                "revoke.url",
                "missing",
                "set it, or set `revoke.shape` to \"none\"",
            );
        }
        if self.identity.source == IdentityOrigin::Userinfo && self.identity.url.is_none() {
            return self.refuse(
                "identity.url",
                "missing",
                "set it to the call that tells whose account it is",
            );
        }
        Ok(())
    }

    pub(super) fn check_urls(&self, internal_hosts: &[String]) -> Result<(), CatalogueError> {
        for (field, url) in self.urls() {
            self.check_url(field, url, internal_hosts)?;
        }
        for host in &self.api.hosts {
            let url = if host.contains("://") {
                host.clone()
            } else {
                format!("https://{host}")
            };
            self.check_url(
                "api.hosts",
                &url.replacen("://*.", "://wildcard.", 1),
                internal_hosts,
            )?;
        }
        for resource in &self.api.resources {
            self.check_url("api.resources", resource, internal_hosts)?;
        }
        Ok(())
    }

    /// Endpoints are https, or at a host that the operator declared internal (UP-16).
    pub(super) fn check_url(
        &self,
        field: &str,
        text: &str,
        internal_hosts: &[String],
    ) -> Result<(), CatalogueError> {
        let Ok(url) = Url::parse(text) else {
            return self.refuse(field, "not an absolute URL", "write it as https://host/path");
        };
        let Some(host) = url
            .host_str()
            .filter(|host| !host.is_empty() && !host.contains('*'))
        else {
            return self.refuse(field, "no host", "write it as https://host/path");
        };
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return self.refuse(field, "user information or a fragment", "remove it");
        }
        let internal = internal_hosts.iter().any(|internal| {
            *internal == host
                || url
                    .port()
                    .is_some_and(|port| *internal == format!("{host}:{port}"))
        });
        match url.scheme() {
            "https" => Ok(()),
            "http" if internal => Ok(()),
            _ => self.refuse(
                field,
                "not https",
                "use https, or name the host in `egress.internal_hosts`",
            ),
        }
    }

    pub(super) fn urls(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("issuer", &self.issuer),
            ("jwks_uri", &self.jwks_uri),
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("refresh_url", &self.refresh_url),
            ("revoke.url", &self.revoke.url),
            ("introspect.url", &self.introspect.url),
            ("identity.url", &self.identity.url),
        ]
        .into_iter()
        .filter_map(|(field, url)| Some((field, url.as_deref()?)))
    }
}
