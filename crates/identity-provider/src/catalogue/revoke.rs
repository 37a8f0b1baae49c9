//! Ending a token at the provider (UP-14).

use std::collections::BTreeMap;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use vouchsafe_model::Secret;

use super::answer::UpstreamAnswer;
use super::entry::Entry;
use super::failure::{OPERATOR_CODES, SOFT_CODES, Signs};
use super::placeholder::fill;
use super::request::{Method, Parameters, TokenKind, UpstreamClient, UpstreamRequest};
use super::schema::{BodyFormat, ClientAuth, ErrorSign, RevokeShape, RevokeTokens};

/// What became of a revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeOutcome {
    /// The provider says that the token is dead.
    Confirmed,
    /// It was dead before.
    AlreadyDead,
    /// Try again, for overload and for a registration that the operator must put right.
    Retry {
        /// How long the provider asked us to wait.
        after: Option<Duration>,
    },
    /// It will not do it.
    Refused,
}

impl Entry {
    /// The request that ends `token`. `None` where the provider cannot, or not with this kind of token.
    pub fn revoke(
        &self,
        credentials: UpstreamClient<'_>,
        token: &Secret<String>,
        kind: TokenKind,
    ) -> Option<UpstreamRequest> {
        let rules = &self.revoke;
        let accepted = match rules.tokens {
            RevokeTokens::Any => true,
            RevokeTokens::Access => kind == TokenKind::Access,
            RevokeTokens::Refresh => kind == TokenKind::Refresh,
        };
        let url = self.revoke_url(credentials.client_id)?;
        match rules.shape {
            _ if !accepted => None,
            RevokeShape::None => None,
            RevokeShape::Rfc7009 => Some(rfc7009(url, credentials, token, kind, self.client_auth)),
            RevokeShape::PostClient => Some(rfc7009(url, credentials, token, kind, ClientAuth::Post)),
            RevokeShape::Rfc7009NoClientAuth => Some(only_token(url, token)),
            RevokeShape::ApiDelete => {
                let body = json_body(&rules.json_body, credentials.client_id, token);
                let request = UpstreamRequest::new(rules.method, url).with_headers(&self.api.headers);
                Some(request.with_basic(credentials).with_json(body))
            }
            RevokeShape::SelfBearer => {
                let request = UpstreamRequest::new(Method::Post, url).with_headers(&self.api.headers);
                Some(request.with_bearer(&self.api.auth_header, &self.api.auth_scheme, token))
            }
        }
    }

    /// Reads the answer to [`Entry::revoke`].
    pub fn read_revoke_answer(&self, answer: &UpstreamAnswer<'_>) -> RevokeOutcome {
        let decoded = answer.decode(self.format);
        let wait = |tree| RevokeOutcome::Retry {
            after: answer.wait(None, tree),
        };
        if answer.is_transient() {
            return wait(decoded.as_ref().ok());
        }
        let ok_false = self.error.detect.contains(&ErrorSign::OkFalse);
        let (signs, denied) = match &decoded {
            Ok(tree) => {
                let denied = ok_false && tree.at("/ok") != Some(&serde_json::Value::Bool(true));
                (
                    Signs::of(self, answer, tree),
                    denied || tree.word(&self.error.code_pointer).is_some(),
                )
            }
            // A page is somebody else's answer, whatever its status; other bodies say nothing (RFC 7009).
            Err(_) if is_page(answer.body) || (ok_false && answer.is_success()) => return wait(None),
            Err(_) => (Signs::of_status(answer.status), false),
        };
        if self.revoke.ok.contains(&answer.status) && !denied {
            return RevokeOutcome::Confirmed;
        }
        if signs.first(&self.revoke.gone).is_some() {
            return RevokeOutcome::AlreadyDead;
        }
        let operator = signs.first(&self.errors.operator).is_some() || signs.code_is_one_of(&OPERATOR_CODES);
        let soft = signs.first(&self.errors.soft).is_some() || signs.code_is_one_of(&SOFT_CODES);
        if operator || soft {
            wait(decoded.as_ref().ok())
        } else {
            RevokeOutcome::Refused
        }
    }

    fn revoke_url(&self, client_id: &str) -> Option<String> {
        let segment = utf8_percent_encode(client_id, RESERVED).to_string();
        let url = self.revoke.url.as_deref()?;
        Some(fill(url, |name| {
            (name == "client_id").then_some(segment.as_str())
        }))
    }
}

/// RFC 7009 section 2.1.
fn rfc7009<'a>(
    url: String,
    client: UpstreamClient<'a>,
    token: &'a Secret<String>,
    kind: TokenKind,
    auth: ClientAuth,
) -> UpstreamRequest {
    let mut parameters = Parameters::default();
    parameters.push("token", token.expose());
    parameters.push("token_type_hint", hint(kind));
    UpstreamRequest::new(Method::Post, url).with_parameters(parameters, client, auth, BodyFormat::Form)
}

fn only_token(url: String, token: &Secret<String>) -> UpstreamRequest {
    let mut parameters = Parameters::default();
    parameters.push("token", token.expose());
    UpstreamRequest::new(Method::Post, url).with_form(&parameters)
}

const fn hint(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Refresh => "refresh_token",
        TokenKind::Access => "access_token",
    }
}

fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// The values are filled in first and written as JSON afterwards, so that no token can leave its quotes.
fn json_body(members: &BTreeMap<String, String>, client_id: &str, token: &Secret<String>) -> String {
    let value = |name: &str| match name {
        "client_id" => Some(client_id),
        "token" => Some(token.expose().as_str()),
        _ => None,
    };
    let filled: Vec<(&str, Secret<String>)> = members
        .iter()
        .map(|(name, text)| (name.as_str(), Secret::new(fill(text, value))))
        .collect();
    let mut parameters = Parameters::default();
    for (name, text) in &filled {
        parameters.push(name, text.expose());
    }
    parameters.to_json()
}

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
