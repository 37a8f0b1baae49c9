//! The only outgoing HTTP client.
//!
//! https only, except at hosts that the operator declared internal by exact `host:port`; no redirects, no proxy from the
//! environment, no decompression, a cap on the body while it streams in, one deadline over everything. Other hosts must
//! be public, both as literal addresses and as what a name resolves to at connect time (F16, UP-16, UP-22).

mod address;
mod resolver;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, ClientBuilder, Response, redirect};
use url::{Host, Url};
use vouchsafe_model::Secret;

use crate::catalogue::{Method, UpstreamAnswer, UpstreamRequest};

/// How an [`Egress`] is made.
#[derive(Debug, Clone)]
pub struct EgressOptions {
    /// Hosts that may be inner addresses and plain http, as exact `host:port`, or `host` for the default port.
    pub internal_hosts: Vec<String>,
    /// The deadline of a whole call.
    pub timeout: Duration,
    /// The most bytes of a body that are read.
    pub max_body: usize,
    /// Further roots of trust, PEM.
    pub extra_roots_pem: Vec<Vec<u8>>,
}

impl Default for EgressOptions {
    fn default() -> Self {
        Self {
            internal_hosts: Vec::new(),
            timeout: Duration::from_secs(20),
            max_body: 1 << 20,
            extra_roots_pem: Vec::new(),
        }
    }
}

/// Why there is no [`Egress`].
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// A root of trust cannot be read.
    #[error("root certificate {index} is not PEM")]
    RootUnreadable {
        /// Which one, from 0.
        index: usize,
    },
    /// The TLS library cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Setup(#[source] reqwest::Error),
}

/// What went wrong on the way. Holds neither the URL nor anything that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call failed: {kind}")]
pub struct EgressFailure {
    /// Whether bytes of the request may have reached the server.
    pub sent: bool,
    /// What went wrong.
    pub kind: EgressFailureKind,
}

/// What went wrong on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EgressFailureKind {
    /// The destination may not be called: not https, an inner address, or no URL at all.
    #[error("the destination may not be called")]
    Forbidden,
    /// The request cannot be written, for instance because of a header.
    #[error("the request cannot be written")]
    Unwritable,
    /// No connection: name, network, TLS.
    #[error("no connection")]
    Connect,
    /// The deadline passed.
    #[error("the deadline passed")]
    Timeout,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// The body is larger than the cap.
    #[error("the answer is too large")]
    TooLarge,
}

/// An answer, complete and within the cap.
pub struct EgressAnswer {
    /// The status.
    pub status: u16,
    /// `Content-Type`
    pub content_type: Option<String>,
    /// `Retry-After`
    pub retry_after: Option<String>,
    /// The body.
    pub body: Secret<Vec<u8>>,
}

impl EgressAnswer {
    /// In the words of the catalogue.
    pub fn as_upstream(&self) -> UpstreamAnswer<'_> {
        UpstreamAnswer {
            status: self.status,
            content_type: self.content_type.clone(),
            retry_after: self.retry_after.clone(),
            body: self.body.expose(),
        }
    }
}

/// The outgoing HTTP client. Clones share its connections.
#[derive(Clone)]
pub struct Egress {
    public: Client,
    internal: Client,
    options: EgressOptions,
}

impl Egress {
    /// Makes the client.
    pub fn new(options: EgressOptions) -> Result<Self, EgressError> {
        let roots = options.extra_roots_pem.iter().enumerate();
        let roots: Vec<Certificate> = roots
            .map(|(index, pem)| Certificate::from_pem(pem).map_err(|_| EgressError::RootUnreadable { index }))
            .collect::<Result<_, _>>()?;
        let build = |builder: ClientBuilder| builder.build().map_err(EgressError::Setup);
        let public = hardened(&options, &roots)
            .https_only(true)
            .dns_resolver(resolver::PublicOnly);
        Ok(Self {
            public: build(public)?,
            internal: build(hardened(&options, &roots))?,
            options,
        })
    }

    /// The deadline of a call.
    pub const fn timeout(&self) -> Duration {
        self.options.timeout
    }

    /// The hosts that the operator declared internal.
    pub fn internal_hosts(&self) -> &[String] {
        &self.options.internal_hosts
    }

    /// Sends a request. Whatever the status, an answer is an answer.
    #[tracing::instrument(name = "egress", skip_all)]
    pub async fn send(&self, request: UpstreamRequest) -> Result<EgressAnswer, EgressFailure> {
        let unsent = |kind| EgressFailure { sent: false, kind };
        let url = Url::parse(&request.url).map_err(|_| unsent(EgressFailureKind::Forbidden))?;
        let client = self
            .client_for(&url)
            .ok_or(unsent(EgressFailureKind::Forbidden))?;
        let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes());
        let method = method.map_err(|_| unsent(EgressFailureKind::Unwritable))?;
        let headers = headers_of(&request).ok_or(unsent(EgressFailureKind::Unwritable))?;
        let mut call = client.request(method, url).headers(headers);
        if let Some(body) = &request.body {
            call = call.body(body.expose().clone());
        } else if request.method == Method::Post {
            call = call.body(Vec::new());
        }
        let exchange = async {
            let response = call.send().await.map_err(|error| failure(&error))?;
            self.read(response).await
        };
        match tokio::time::timeout(self.options.timeout, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(EgressFailure {
                sent: true,
                kind: EgressFailureKind::Timeout,
            }),
        }
    }

    /// The client that may call this URL, if any may.
    fn client_for(&self, url: &Url) -> Option<&Client> {
        let host = url.host()?;
        let named = url.username().is_empty() && url.password().is_none();
        match url.scheme() {
            "https" | "http" if named && self.is_internal(url) => Some(&self.internal),
            "https" if named && may_be_public(&host) => Some(&self.public),
            _ => None,
        }
    }

    fn is_internal(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return false;
        };
        let exact = format!("{host}:{port}");
        self.options.internal_hosts.iter().any(|declared| {
            declared.eq_ignore_ascii_case(&exact)
                || (url.port().is_none() && declared.eq_ignore_ascii_case(host))
        })
    }

    /// Streams the body in, and stops at the cap before it is exceeded.
    async fn read(&self, response: Response) -> Result<EgressAnswer, EgressFailure> {
        let failed = |kind| EgressFailure { sent: true, kind };
        let text = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let status = response.status().as_u16();
        let (content_type, retry_after) = (text(CONTENT_TYPE), text(RETRY_AFTER));
        let cap = self.options.max_body;
        if response
            .content_length()
            .is_some_and(|length| length > cap as u64)
        {
            return Err(failed(EgressFailureKind::TooLarge));
        }
        let mut body = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| failed(EgressFailureKind::Broken))?;
            if body.len() + chunk.len() > cap {
                return Err(failed(EgressFailureKind::TooLarge));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(EgressAnswer {
            status,
            content_type,
            retry_after,
            body: Secret::new(body),
        })
    }
}

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Egress(..)")
    }
}

fn hardened(options: &EgressOptions, roots: &[Certificate]) -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(options.timeout.min(CONNECT_TIMEOUT))
        // Short, because a request on a connection that the server is just closing leaves its outcome unknown.
        .pool_idle_timeout(POOL_IDLE)
        .tls_certs_merge(roots.iter().cloned())
}

/// A literal address must be public; a name is looked at again when it is resolved.
fn may_be_public(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address::is_public((*address).into()),
        Host::Ipv6(address) => address::is_public((*address).into()),
        Host::Domain(_) => true,
    }
}

fn headers_of(request: &UpstreamRequest) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let mut value = HeaderValue::from_str(value.expose()).ok()?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    if let Some(content_type) = request.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    Some(headers)
}

fn failure(error: &reqwest::Error) -> EgressFailure {
    let kind = match error {
        _ if error.is_builder() => EgressFailureKind::Unwritable,
        _ if error.is_connect() => EgressFailureKind::Connect,
        _ if error.is_timeout() => EgressFailureKind::Timeout,
        _ => EgressFailureKind::Broken,
    };
    let unsent = matches!(kind, EgressFailureKind::Unwritable | EgressFailureKind::Connect);
    EgressFailure { sent: !unsent, kind }
}

const USER_AGENT: &str = concat!("vouchsafe/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POOL_IDLE: Duration = Duration::from_secs(3);
