//! The application as the routes see it: what was handed in, and what follows from the issuer.

use std::io;
use std::sync::OnceLock;

use url::Url;
use vouchsafe_audit::UnauthenticatedFailures;

use crate::app::App;

/// Who is at the other end of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Anyone, over the network.
    Network,
    /// Whoever may open our local socket.
    LocalOperator,
}

/// Shared by all routes.
pub(crate) struct Site {
    pub(crate) app: App,
    /// Path of the issuer: empty, or `/…` without a trailing slash. Every URL of ours begins with it.
    pub(crate) base: String,
    /// Scheme, host and port of the issuer, as browsers write it in `Origin`.
    pub(crate) origin: String,
    /// Which refusals of the admin API get a record of their own.
    pub(crate) admin_failures: UnauthenticatedFailures,
    /// Who is at the other end.
    pub(crate) peer: Peer,
    /// The OpenAPI document, once somebody has asked for it.
    pub(crate) openapi: OnceLock<serde_json::Value>,
}

impl Site {
    pub(crate) fn new(app: App) -> io::Result<Self> {
        let (base, origin) = parts_of(&app.options.issuer)?;
        Ok(Self {
            app,
            base,
            origin,
            admin_failures: UnauthenticatedFailures::new(RECORDED_FAILURES),
            peer: Peer::Network,
            openapi: OnceLock::new(),
        })
    }

    /// The same application behind a local socket, where the issuer's path means nothing.
    #[cfg(unix)]
    pub(crate) fn local(app: App) -> io::Result<Self> {
        Ok(Self {
            base: String::new(),
            peer: Peer::LocalOperator,
            ..Self::new(app)?
        })
    }

    /// The path of one of our pages.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The path of a request below the base.
    pub(crate) fn within<'a>(&self, path: &'a str) -> &'a str {
        path.strip_prefix(self.base.as_str()).unwrap_or(path)
    }
}

/// Path, and scheme with host and port.
pub(crate) fn parts_of(issuer: &str) -> io::Result<(String, String)> {
    let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, format!("the issuer {why}"));
    let url = Url::parse(issuer).map_err(|_| invalid("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
        return Err(invalid(
            "must be an https URL without query and fragment (http only on this machine)",
        ));
    }
    let base = url.path().trim_end_matches('/').to_owned();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
    if !base.bytes().all(plain) || issuer.ends_with('/') {
        return Err(invalid(
            "must end without a slash, and its path may hold only letters, digits and / - _ . ~",
        ));
    }
    Ok((base, url.origin().ascii_serialization()))
}

/// Per minute and source.
const RECORDED_FAILURES: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_says_where_we_live() {
        let parts = |issuer: &str| parts_of(issuer).ok();
        let is = |base: &str, origin: &str| Some((base.to_owned(), origin.to_owned()));
        assert_eq!(parts("https://v.example"), is("", "https://v.example"));
        assert_eq!(
            parts("https://v.example:8443/one/two"),
            is("/one/two", "https://v.example:8443")
        );
        assert_eq!(parts("http://127.0.0.1:8080"), is("", "http://127.0.0.1:8080"));
        for issuer in [
            "v.example",
            "https://v.example/",
            "https://v.example?x",
            "ftp://v.example",
            "https://v.example/{a}",
        ] {
            assert_eq!(parts(issuer), None, "{issuer}");
        }
    }
}
