//! Requests to the token endpoint: the code, and the refresh token.

use vouchsafe_model::Secret;
use vouchsafe_oauth_types::Scope;

use super::entry::Entry;
use super::error::CatalogueError;
use super::power::Narrowing;
use super::request::{Method, Parameters, UpstreamClient, UpstreamRequest};
use super::schema::{Pkce, RefreshSupport, ScopeSeparator};

impl Entry {
    /// Redeems an authorization code (RFC 6749 section 4.1.3).
    pub fn redeem(
        &self,
        credentials: UpstreamClient<'_>,
        code: &Secret<String>,
        redirect_uri: &str,
        code_verifier: Option<&Secret<String>>,
    ) -> Result<UpstreamRequest, CatalogueError> {
        let url = self.endpoint(self.token_url.as_ref(), "token_url")?;
        let mut parameters = Parameters::default();
        parameters.push("grant_type", "authorization_code");
        parameters.push("code", code.expose());
        parameters.push("redirect_uri", redirect_uri);
        if let (Some(verifier), true) = (code_verifier, self.pkce != Pkce::Omit) {
            parameters.push("code_verifier", verifier.expose());
        }
        parameters.extend(&self.token_params);
        Ok(self.token_request(url, parameters, credentials))
    }

    /// Refreshes (RFC 6749 section 6). `part` names the chain that `refresh_token` belongs to; `redirect_uri` is sent
    /// only where the provider insists; `narrow_to` asks for less, where [`Entry::can_narrow`] says that this works.
    pub fn refresh(
        &self,
        credentials: UpstreamClient<'_>,
        refresh_token: &Secret<String>,
        part: &str,
        redirect_uri: Option<&str>,
        narrow_to: Option<&Scope>,
    ) -> Result<UpstreamRequest, CatalogueError> {
        if self.refresh.support == RefreshSupport::None {
            return Err(CatalogueError::RefreshUnsupported {
                entry: self.name.clone(),
            });
        }
        let url = self.endpoint(self.refresh_url.as_ref().or(self.token_url.as_ref()), "token_url")?;
        let narrowed = narrow_to.map(|scope| self.narrowed(scope, part)).transpose()?;
        let mut parameters = Parameters::default();
        parameters.push("grant_type", "refresh_token");
        parameters.push("refresh_token", refresh_token.expose());
        if let (Some(redirect_uri), true) = (redirect_uri, self.refresh.send_redirect_uri) {
            parameters.push("redirect_uri", redirect_uri);
        }
        if let Some(narrowed) = &narrowed {
            parameters.push("scope", narrowed);
        }
        parameters.extend(&self.refresh_params);
        Ok(self.token_request(url, parameters, credentials))
    }

    fn token_request<'a>(
        &self,
        url: &str,
        parameters: Parameters<'a>,
        credentials: UpstreamClient<'a>,
    ) -> UpstreamRequest {
        UpstreamRequest::new(Method::Post, url.to_owned())
            .with_headers(&self.token_headers)
            .with_parameters(parameters, credentials, self.client_auth, self.body)
    }

    /// The `scope` parameter that asks for less. Offline scopes stay in, so that the grant stays refreshable.
    fn narrowed(&self, scope: &Scope, part: &str) -> Result<String, CatalogueError> {
        let refused = || CatalogueError::NarrowingUnsupported {
            entry: self.name.clone(),
        };
        if self.can_narrow() == Narrowing::No || scope.is_empty() {
            return Err(refused());
        }
        let prefix = self
            .scope_params()
            .into_iter()
            .find(|rule| rule.part == part)
            .map_or("", |rule| rule.prefix);
        let mut wanted = Vec::new();
        for name in scope.iter() {
            // A scope of another part would be sent under a name that means something else here.
            if self.prefix_of(name) != prefix {
                return Err(refused());
            }
            wanted.push(&name[prefix.len()..]);
        }
        let offline = self.scope.offline.as_scope().difference(scope);
        wanted.extend(offline.iter());
        let between = if self.scope.separator == ScopeSeparator::Comma {
            ","
        } else {
            " "
        };
        Ok(wanted.join(between))
    }
}
