//! OpenID Connect Discovery 1.0, and the metadata of RFC 8414 and RFC 9207.

use serde_json::Value;

use super::entry::Entry;
use super::error::CatalogueError;
use super::power::names_one_tenant;
use super::schema::{ClientAuth, IntrospectShape, IssuerCheck, Kind, Pkce};

impl Entry {
    /// Where the provider's metadata is, when the entry needs it: an OpenID Provider whose endpoints or keys the entry
    /// does not name.
    pub fn discovery_url(&self) -> Option<String> {
        let complete = self.authorize_url.is_some() && self.token_url.is_some() && self.jwks_uri.is_some();
        if self.kind != Kind::Oidc || complete {
            return None;
        }
        let issuer = self.issuer()?;
        Some(format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        ))
    }

    /// The entry with what the provider's metadata adds. What the entry says itself stays. Begin with the resolved
    /// entry, not with one that was discovered before, or changes at the provider are not seen.
    ///
    /// Refuses a document of another issuer and endpoints that are not https, except at `internal_hosts` (UP-16).
    pub fn with_discovery(
        &self,
        document: &Value,
        internal_hosts: &[String],
    ) -> Result<Self, CatalogueError> {
        self.check_discovered_issuer(document)?;
        let mut entry = self.clone();
        entry.take_endpoints(document, internal_hosts)?;
        entry.take_client_auth(document)?;
        entry.take_pkce(document)?;
        if document.get("authorization_response_iss_parameter_supported") == Some(&Value::Bool(true)) {
            entry.iss_parameter_supported = true;
        }
        for (field, url) in [
            ("authorization_endpoint", &entry.authorize_url),
            ("token_endpoint", &entry.token_url),
            ("jwks_uri", &entry.jwks_uri),
        ] {
            if url.is_none() {
                self.refuse(field, "missing in the provider's metadata", "set it in the entry")?;
            }
        }
        Ok(entry)
    }

    fn check_discovered_issuer(&self, document: &Value) -> Result<(), CatalogueError> {
        let claimed = document.get("issuer").and_then(Value::as_str);
        let expected = match (self.issuer_check, &self.issuer_template, self.issuer()) {
            (IssuerCheck::Template, Some(template), Some(issuer)) if !names_one_tenant(issuer, template) => {
                // `common` publishes a template with its own placeholder; a domain name publishes its tenant's GUID.
                let published = claimed.is_some_and(|claimed| {
                    claimed.replace("{tenantid}", "{tid}") == *template || names_one_tenant(claimed, template)
                });
                if published { claimed } else { None }
            }
            (_, _, issuer) => issuer,
        };
        if expected.is_some() && claimed == expected {
            Ok(())
        } else {
            let problem = "the provider's metadata names another issuer";
            self.refuse(
                "issuer",
                problem,
                "write `issuer` exactly as the provider publishes it",
            )
        }
    }

    fn take_endpoints(&mut self, document: &Value, internal_hosts: &[String]) -> Result<(), CatalogueError> {
        let checker = self.clone();
        for (field, slot) in [
            ("authorization_endpoint", &mut self.authorize_url),
            ("token_endpoint", &mut self.token_url),
            ("jwks_uri", &mut self.jwks_uri),
            ("revocation_endpoint", &mut self.revoke.url),
            ("introspection_endpoint", &mut self.introspect.url),
            ("userinfo_endpoint", &mut self.identity.url),
        ] {
            if let (None, Some(url)) = (&slot, document.get(field).and_then(Value::as_str)) {
                checker.check_url(field, url, internal_hosts)?;
                *slot = Some(url.to_owned());
            }
        }
        if self.introspect.url.is_some() && self.introspect.shape == IntrospectShape::None {
            self.introspect.shape = IntrospectShape::Rfc7662;
        }
        Ok(())
    }

    /// Keeps the entry's own method where it is offered. Without a list the default is `client_secret_basic`.
    fn take_client_auth(&mut self, document: &Value) -> Result<(), CatalogueError> {
        let Some(offered) = document
            .get("token_endpoint_auth_methods_supported")
            .and_then(Value::as_array)
        else {
            return Ok(());
        };
        let offers = |method: ClientAuth| {
            offered
                .iter()
                .any(|name| name.as_str() == Some(method_name(method)))
        };
        let preferred = [
            self.client_auth,
            ClientAuth::Basic,
            ClientAuth::Post,
            ClientAuth::None,
        ];
        match preferred.into_iter().find(|method| offers(*method)) {
            Some(method) => {
                self.client_auth = method;
                Ok(())
            }
            None => self.refuse(
                "client_auth",
                "the provider offers neither client_secret_basic, client_secret_post nor none",
                "register the client with one of these methods",
            ),
        }
    }

    fn take_pkce(&mut self, document: &Value) -> Result<(), CatalogueError> {
        let methods = document
            .get("code_challenge_methods_supported")
            .and_then(Value::as_array);
        let lacks_s256 =
            methods.is_some_and(|list| !list.iter().any(|method| method.as_str() == Some("S256")));
        match (lacks_s256, self.pkce) {
            (true, Pkce::Required) => self.refuse(
                "pkce",
                "the provider has no S256",
                "set `pkce` to \"s256\" to go on without",
            ),
            (true, _) => {
                self.pkce = Pkce::Omit;
                Ok(())
            }
            (false, _) => Ok(()),
        }
    }
}

const fn method_name(method: ClientAuth) -> &'static str {
    match method {
        ClientAuth::Basic => "client_secret_basic",
        ClientAuth::Post => "client_secret_post",
        ClientAuth::None => "none",
    }
}
