//! The HTTP client of the commands: one server, named by the operator, over the network or over its socket.
//!
//! Nothing of the surroundings counts: no proxies of the environment, no redirects. Every call has a deadline, and answers
//! have an end.

use std::error::Error as _;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Method, redirect};
use url::{Host, Url, form_urlencoded};
use vouchsafe_model::Secret;

use super::call::Request;
use crate::cli::Failure;

/// A server that can be asked.
pub(super) struct Http {
    client: Client,
    /// Without a slash at the end.
    base: String,
    authorization: Option<HeaderValue>,
    /// In sentences.
    name: String,
}

/// What came back.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Http {
    /// Whoever is at the socket. The host of the URL means nothing there.
    pub(super) fn at_socket(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            client: built(builder().unix_socket(path))?,
            base: "http://localhost".to_owned(),
            authorization: None,
            name: format!("the server at {}", path.display()),
        })
    }

    /// The server with this issuer, asked with this key. `authorities`: who may certify it, PEM, instead of those of the
    /// system.
    pub(super) fn at_issuer(
        issuer: &str,
        key: &Secret<String>,
        authorities: Option<&[u8]>,
    ) -> Result<Self, Failure> {
        let base = base(issuer)?;
        let mut builder = builder();
        if let Some(pem) = authorities {
            let certificates = Certificate::from_pem_bundle(pem).unwrap_or_default();
            if certificates.is_empty() {
                return Err(Failure::new("--ca-file holds no certificate: it is PEM"));
            }
            builder = builder.tls_certs_only(certificates);
        }
        let header = HeaderValue::from_str(&format!("Bearer {}", key.expose()));
        let mut authorization = header.map_err(|_| {
            Failure::new("--admin-key-file holds no admin key: it holds the text that `admin-key create` printed, alone")
        })?;
        authorization.set_sensitive(true);
        Ok(Self {
            client: built(builder)?,
            authorization: Some(authorization),
            name: format!("the server {base}"),
            base,
        })
    }

    /// In sentences.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Sends one request, once.
    pub(super) async fn send(&self, request: &Request) -> Result<Reply, Failure> {
        let mut url = format!("{}/admin/v1{}", self.base, request.path);
        if !request.query.is_empty() {
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&request.query)
                .finish();
            url = format!("{url}?{query}");
        }
        let method = Method::from_bytes(request.method.as_bytes())?;
        let mut call = self.client.request(method, url);
        if let Some(authorization) = &self.authorization {
            call = call.header(AUTHORIZATION, authorization.clone());
        }
        if let Some(body) = &request.body {
            call = call
                .header(CONTENT_TYPE, "application/json")
                .body(serde_json::to_vec(body)?);
        }
        let mut response = call.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                let name = &self.name;
                return Err(Failure::new(format!(
                    "{name} answers without end: take a smaller --limit"
                )));
            }
        }
        Ok(Reply { status, body })
    }

    fn failed(&self, error: &reqwest::Error) -> Failure {
        let mut cause = String::new();
        let mut next = error.source();
        while let Some(error) = next {
            cause = error.to_string();
            next = error.source();
        }
        let name = &self.name;
        Failure::new(if error.is_timeout() {
            format!(
                "{name} did not answer in time: look whether it did what it was asked, before you ask again"
            )
        } else if error.is_connect() {
            format!(
                "{name} cannot be reached ({cause}): look whether it runs, and whether the address is right"
            )
        } else {
            format!(
                "{name} ended the call ({cause}): look whether it did what it was asked, before you ask again"
            )
        })
    }
}

/// https, or http on this machine: whoever is asked over plain HTTP could be anybody, and would have the key.
fn base(issuer: &str) -> Result<String, Failure> {
    let wrong = |problem: &str| Failure::new(format!("--server: {problem}")).with_status(2);
    let url =
        Url::parse(issuer).map_err(|_| wrong("this is no URL: write it as https://vouchsafe.example"))?;
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && here) {
        return Err(wrong(
            "an admin key is sent over https only, or over http on this machine",
        ));
    }
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !plain || url.password().is_some() {
        return Err(wrong("name the issuer, without user, query and fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("vouchsafe/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        // A server that drains has nobody to wait for.
        .pool_max_idle_per_host(0)
}

fn built(builder: ClientBuilder) -> Result<Client, Failure> {
    builder
        .build()
        .map_err(|error| Failure::new(format!("the HTTP client cannot be made: {error}")))
}

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A provider's metadata may have to be fetched, a revocation to be tried upstream.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// A page of the record is a few megabytes at most.
const MOST_BYTES: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn a_key_leaves_this_machine_over_https_only() {
        for (issuer, expected) in [
            ("https://v.example", Some("https://v.example")),
            ("https://v.example/one/two/", Some("https://v.example/one/two")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("http://127.0.0.1:8080/x", Some("http://127.0.0.1:8080/x")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("http://v.example", None),
            ("http://10.0.0.1", None),
            ("http://localhost.example", None),
            ("https://ada:secret@v.example", None),
            ("https://v.example?x", None),
            ("https://v.example#x", None),
            ("v.example", None),
            ("unix:/x", None),
        ] {
            assert_eq!(base(issuer).ok().as_deref(), expected, "{issuer}");
        }
    }
}
