//! A request to a provider, ready to be sent by whoever owns the HTTP client.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use vouchsafe_model::Secret;
use zeroize::Zeroize as _;

use super::schema::{BodyFormat, ClientAuth};

/// A request to a provider. No secret is ever part of its URL.
pub struct UpstreamRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// Headers, without `content-type`. Names are lower-case.
    pub headers: Vec<(String, Secret<String>)>,
    /// The body.
    pub body: Option<Secret<Vec<u8>>>,
    /// The type of the body.
    pub content_type: Option<&'static str>,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// GET
    #[default]
    Get,
    /// POST
    Post,
    /// DELETE
    Delete,
}

/// Our registration at a provider.
#[derive(Debug, Clone, Copy)]
pub struct UpstreamClient<'a> {
    /// `client_id`
    pub client_id: &'a str,
    /// `client_secret`; absent for public clients.
    pub client_secret: Option<&'a Secret<String>>,
}

/// Which token is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A refresh token.
    Refresh,
    /// An access token.
    Access,
}

impl fmt::Debug for UpstreamRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UpstreamRequest({} {})", self.method.as_str(), self.url)
    }
}

impl Method {
    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl UpstreamRequest {
    /// A request that asks for JSON and carries nothing yet.
    pub(super) fn new(method: Method, url: String) -> Self {
        let accept = ("accept".to_owned(), Secret::from("application/json"));
        Self {
            method,
            url,
            headers: vec![accept],
            body: None,
            content_type: None,
        }
    }

    /// Adds headers; one that is there already is replaced.
    pub(super) fn with_headers(mut self, headers: &BTreeMap<String, String>) -> Self {
        for (name, value) in headers {
            self.set_header(&name.to_ascii_lowercase(), Secret::from(value.as_str()));
        }
        self
    }

    pub(super) fn set_header(&mut self, name: &str, value: Secret<String>) {
        self.headers.retain(|(existing, _)| existing != name);
        self.headers.push((name.to_owned(), value));
    }

    /// The token as its own authorization.
    pub(super) fn with_bearer(mut self, header: &str, scheme: &str, token: &Secret<String>) -> Self {
        let value = if scheme.is_empty() {
            token.clone()
        } else {
            Secret::new(format!("{scheme} {}", token.expose()))
        };
        self.set_header(&header.to_ascii_lowercase(), value);
        self
    }

    /// HTTP Basic (RFC 7617) with the client as it stands.
    pub(super) fn with_basic(mut self, client: UpstreamClient<'_>) -> Self {
        let secret = client.client_secret.map_or("", |secret| secret.expose());
        self.set_header("authorization", basic(client.client_id, secret));
        self
    }

    pub(super) fn with_json(mut self, json: String) -> Self {
        self.body = Some(Secret::new(json.into_bytes()));
        self.content_type = Some("application/json");
        self
    }

    /// Form or JSON parameters together with the client's authentication. Without a secret the client is public.
    pub(super) fn with_parameters<'a>(
        mut self,
        mut parameters: Parameters<'a>,
        client: UpstreamClient<'a>,
        auth: ClientAuth,
        format: BodyFormat,
    ) -> Self {
        match (auth, client.client_secret) {
            (ClientAuth::Basic, Some(secret)) => {
                // RFC 6749 section 2.3.1: each half is form-encoded first.
                let mut encoded = form_encode(secret.expose());
                self.set_header("authorization", basic(&form_encode(client.client_id), &encoded));
                encoded.zeroize();
            }
            (ClientAuth::Post, Some(secret)) => {
                parameters.push("client_id", client.client_id);
                parameters.push("client_secret", secret.expose());
            }
            (ClientAuth::None, _) | (_, None) => parameters.push("client_id", client.client_id),
        }
        match format {
            BodyFormat::Form => self.with_form(&parameters),
            BodyFormat::Json => self.with_json(parameters.to_json()),
        }
    }

    pub(super) fn with_form(mut self, parameters: &Parameters<'_>) -> Self {
        self.body = Some(Secret::new(parameters.to_form().into_bytes()));
        self.content_type = Some("application/x-www-form-urlencoded");
        self
    }
}

/// Parameters of a request body, borrowed so that secrets are copied only into the body itself.
#[derive(Default)]
pub(super) struct Parameters<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parameters<'a> {
    pub(super) fn push(&mut self, name: &'a str, value: &'a str) {
        self.0.push((name, value));
    }

    pub(super) fn extend(&mut self, map: &'a BTreeMap<String, String>) {
        self.0
            .extend(map.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    }

    fn to_form(&self) -> String {
        // Large enough for the worst encoding, so that no grown copy of a secret is left behind.
        let capacity = self
            .0
            .iter()
            .map(|(name, value)| 3 * (name.len() + value.len()) + 2)
            .sum();
        let mut form = form_urlencoded::Serializer::new(String::with_capacity(capacity));
        form.extend_pairs(&self.0);
        form.finish()
    }

    pub(super) fn to_json(&self) -> String {
        let capacity = self
            .0
            .iter()
            .map(|(name, value)| 6 * (name.len() + value.len()) + 6)
            .sum::<usize>()
            + 2;
        let mut json = String::with_capacity(capacity);
        for (at, (name, value)) in self.0.iter().enumerate() {
            json.push(if at == 0 { '{' } else { ',' });
            json.push_str(&json_string(name));
            json.push(':');
            let mut value = json_string(value);
            json.push_str(&value);
            value.zeroize();
        }
        json.push('}');
        json
    }
}

/// `text` as a JSON string, quotes included.
fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("any text is a JSON string")
}

fn form_encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn basic(user: &str, password: &str) -> Secret<String> {
    let mut pair = format!("{user}:{password}");
    let value = Secret::new(format!("Basic {}", STANDARD.encode(&pair)));
    pair.zeroize();
    value
}
