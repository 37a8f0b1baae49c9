//! The authorization request (RFC 6749 section 4.1.1), which the browser carries.

use url::Url;
use vouchsafe_oauth_types::Scope;

use super::entry::Entry;
use super::error::CatalogueError;
use super::schema::{Kind, Pkce, ScopeSeparator};

/// What is particular to one flow.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizeParameters<'a> {
    /// `client_id`
    pub client_id: &'a str,
    /// `redirect_uri`, of this provider entry alone (UP-04).
    pub redirect_uri: &'a str,
    /// `state`
    pub state: &'a str,
    /// `code_challenge` for S256; needed when [`Entry::uses_pkce`].
    pub code_challenge: Option<&'a str>,
    /// `nonce`; needed when [`Entry::uses_nonce`].
    pub nonce: Option<&'a str>,
    /// What is asked for, in our names (with part prefixes). Offline and identity scopes are added.
    pub scopes: &'a Scope,
    /// `login_hint`
    pub login_hint: Option<&'a str>,
}

impl Entry {
    /// Where to send the browser. Scopes are always explicit.
    pub fn authorization_url(&self, parameters: AuthorizeParameters<'_>) -> Result<String, CatalogueError> {
        let endpoint = self.endpoint(self.authorize_url.as_ref(), "authorize_url")?;
        let mut url = Url::parse(endpoint).map_err(|_| CatalogueError::EndpointUnknown {
            entry: self.name.clone(),
            field: "authorize_url",
        })?;
        let scopes = self.scope_parameters(parameters.scopes)?;
        let challenge = self.protection(
            "code_challenge",
            self.pkce != Pkce::Omit,
            parameters.code_challenge,
        )?;
        let nonce = self.protection("nonce", self.kind == Kind::Oidc, parameters.nonce)?;
        let mut pairs: Vec<(&str, &str)> = vec![
            ("response_type", "code"),
            ("client_id", parameters.client_id),
            ("redirect_uri", parameters.redirect_uri),
        ];
        pairs.extend(scopes.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        pairs.push(("state", parameters.state));
        pairs.extend(nonce.map(|nonce| ("nonce", nonce)));
        if let Some(challenge) = challenge {
            pairs.extend([("code_challenge", challenge), ("code_challenge_method", "S256")]);
        }
        // OAuth 2.0 alone has no such parameter: the user's name does not go to where nobody reads it.
        if self.kind == Kind::Oidc || self.param_rename.contains_key("login_hint") {
            pairs.extend(parameters.login_hint.map(|hint| ("login_hint", hint)));
        }
        {
            let mut query = url.query_pairs_mut();
            for (name, value) in pairs {
                let name = self.param_rename.get(name).map_or(name, String::as_str);
                if !name.is_empty() {
                    query.append_pair(name, value);
                }
            }
            query.extend_pairs(&self.authorize_params);
        }
        Ok(url.into())
    }

    /// A protection the provider knows must be there, and one that it does not know is left out.
    fn protection<'a>(
        &self,
        parameter: &'static str,
        used: bool,
        value: Option<&'a str>,
    ) -> Result<Option<&'a str>, CatalogueError> {
        match (used, value) {
            (true, None) => Err(CatalogueError::ProtectionMissing {
                entry: self.name.clone(),
                parameter,
            }),
            (true, value) => Ok(value),
            (false, _) => Ok(None),
        }
    }

    /// The scope parameters, one per part that anything is asked of.
    fn scope_parameters(&self, scopes: &Scope) -> Result<Vec<(String, String)>, CatalogueError> {
        let between = match self.scope.separator {
            ScopeSeparator::None => return Ok(Vec::new()),
            ScopeSeparator::Comma => ",",
            ScopeSeparator::Space | ScopeSeparator::Either => " ",
        };
        let all = self.requested_scope(scopes);
        let mut found = Vec::new();
        for rule in self.scope_params() {
            let wanted: Vec<&str> = all
                .iter()
                .filter(|name| self.prefix_of(name) == rule.prefix)
                .map(|name| &name[rule.prefix.len()..])
                .collect();
            if !wanted.is_empty() {
                found.push((rule.name.to_owned(), wanted.join(between)));
            }
        }
        if found.is_empty() {
            Err(CatalogueError::ScopeMissing {
                entry: self.name.clone(),
            })
        } else {
            Ok(found)
        }
    }
}
