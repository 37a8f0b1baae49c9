//! A bare HTTP client: no redirects, no cookies, no proxy.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, redirect};
use serde_json::Value;

use crate::verdict::Miss;

/// The client.
#[derive(Clone)]
pub(crate) struct Http(reqwest::Client);

/// A response, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

impl Http {
    /// `ca` also certifies servers, as PEM.
    pub(crate) fn new(ca: Option<&str>) -> Result<Self, Miss> {
        let mut builder = reqwest::Client::builder();
        if let Some(ca) = ca {
            let ca = reqwest::Certificate::from_pem(ca.as_bytes());
            let ca = ca.map_err(|error| Miss::not_checked(format!("the fixture's ca is no PEM: {error}")))?;
            builder = builder.add_root_certificate(ca);
        }
        builder
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(WITHIN)
            .build()
            .map(Self)
            .map_err(|error| Miss::not_checked(format!("no HTTP client: {error}")))
    }

    /// Sends one request. Silence is a failure of the server.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Reply, Miss> {
        let mut request = self.0.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        // The address may carry a token that a check put there.
        let silent = |error: reqwest::Error| Miss::failed(format!("no answer: {}", error.without_url()));
        let response = request.send().await.map_err(silent)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(silent)?.to_vec();
        Ok(Reply {
            status,
            headers,
            body,
        })
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Reply, Miss> {
        self.send(Method::GET, url, &[], None).await
    }
}

impl Reply {
    /// A header as text; empty when absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all(name).into_iter();
        values.filter_map(|value| value.to_str().ok())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn is_json(&self) -> bool {
        let essence = self.header("content-type").split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    }

    pub(crate) fn is_page(&self) -> bool {
        self.header("content-type").starts_with("text/html")
    }

    pub(crate) const fn is_client_error(&self) -> bool {
        matches!(self.status, 400..=499)
    }

    /// For the report: the status, and of the body at most an error code, because the rest may be a token.
    pub(crate) fn seen(&self) -> String {
        let json = self.json();
        match (json["error"].as_str(), json.as_object()) {
            (Some(error), _) => format!("{} {error}", self.status),
            (None, Some(members)) => {
                let names: Vec<&str> = members.keys().map(String::as_str).collect();
                format!("{} with {}", self.status, names.join(", "))
            }
            (None, None) => format!("{} {}", self.status, self.header("content-type")),
        }
    }
}

/// Encodes a form.
pub(crate) fn form<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

const WITHIN: Duration = Duration::from_secs(20);
