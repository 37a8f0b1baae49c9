//! Redirect URIs: registered whole, compared byte for byte (RFC 9700 section 2.1, RFC 8252 section 7.3).

use url::{Host, Url};

/// A redirect URI as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    /// Text before and after the port, for loopback IPs, where native apps choose the port at run time.
    loopback: Option<(String, String)>,
}

/// Why a redirect URI cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRedirectUri {
    /// Not an absolute URI.
    #[error("a redirect URI must be an absolute URI")]
    NotAbsolute,
    /// Has a fragment.
    #[error("a redirect URI must not have a fragment")]
    Fragment,
    /// Has a user name or password.
    #[error("a redirect URI must not contain a user name or password")]
    UserInfo,
    /// `http` beyond loopback.
    #[error("a redirect URI must use https, or http on 127.0.0.1, [::1] or localhost")]
    PlainHttp,
    /// A private-use scheme without a dot, or one that browsers run.
    #[error("a private-use scheme must contain a dot, like com.example.app")]
    Scheme,
    /// A wildcard or a character that does not belong.
    #[error("a redirect URI is compared byte for byte: no wildcards, spaces or control characters")]
    Characters,
}

impl RedirectUri {
    /// Checks a URI for registration.
    pub fn register(text: &str) -> Result<Self, InvalidRedirectUri> {
        if text.contains('*') || text.contains('\\') || text.bytes().any(|b| b <= b' ' || b >= 0x7f) {
            return Err(InvalidRedirectUri::Characters);
        }
        if text.contains('#') {
            return Err(InvalidRedirectUri::Fragment);
        }
        let url = Url::parse(text).map_err(|_| InvalidRedirectUri::NotAbsolute)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidRedirectUri::UserInfo);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(InvalidRedirectUri::PlainHttp),
            scheme if scheme.contains('.') => {}
            _ => return Err(InvalidRedirectUri::Scheme),
        }
        Ok(Self {
            loopback: split_at_port(text),
            text: text.to_owned(),
        })
    }

    /// The text as registered.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `presented` is this URI, byte for byte.
    pub fn is(&self, presented: &str) -> bool {
        self.text == presented
    }

    /// The same for a native application, which takes whatever port is free: the port of a loopback IP may differ
    /// (RFC 8252 section 7.3).
    pub fn matches(&self, presented: &str) -> bool {
        self.is(presented) || (self.loopback.is_some() && self.loopback == split_at_port(presented))
    }

    /// In what `presented` differs from the one of `registered` that comes nearest: a fixed word, so that it can be told
    /// where what a stranger sent must not be repeated.
    pub fn difference(registered: &[String], presented: &str) -> &'static str {
        let Ok(presented) = Url::parse(presented) else {
            return "no absolute URI";
        };
        let first = |text: &String| {
            let known = Url::parse(text).ok()?;
            let same = [
                known.scheme() == presented.scheme(),
                known.username() == presented.username() && known.password() == presented.password(),
                known.host() == presented.host(),
                known.port_or_known_default() == presented.port_or_known_default(),
                known.path() == presented.path(),
                known.query() == presented.query(),
            ];
            Some(same.iter().position(|same| !same).unwrap_or(same.len()))
        };
        let nearest = registered.iter().filter_map(first).max();
        nearest.map_or("none is registered", |part| {
            ["scheme", "user", "host", "port", "path", "query", "spelling"][part]
        })
    }

    /// Scheme and host, for the consent page.
    pub fn origin(text: &str) -> String {
        Url::parse(text).map_or_else(
            |_| String::new(),
            |url| match url.host_str() {
                Some(_) if matches!(url.scheme(), "http" | "https") => url.origin().ascii_serialization(),
                _ => format!("{}:", url.scheme()),
            },
        )
    }

    /// Whether only the person's own machine answers there: the client's identity is not proven by it.
    pub fn is_unproven(text: &str) -> bool {
        Url::parse(text).map_or(true, |url| url.scheme() != "https")
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn split_at_port(text: &str) -> Option<(String, String)> {
    let hosts = ["http://127.0.0.1", "http://[::1]"];
    let (host, rest) = hosts
        .into_iter()
        .find_map(|host| text.strip_prefix(host).map(|rest| (host, rest)))?;
    let digits = rest
        .strip_prefix(':')
        .map_or(0, |rest| 1 + rest.bytes().take_while(u8::is_ascii_digit).count());
    let path = &rest[digits..];
    (path.is_empty() || path.starts_with(['/', '?'])).then(|| (host.to_owned(), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_3_1_03__redirect_uris_are_compared_byte_for_byte() {
        let uri = RedirectUri::register("https://app.example/cb").unwrap();
        assert!(uri.matches("https://app.example/cb"));
        for other in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/CB",
            "https://APP.example/cb",
            "https://app.example/a/../cb",
            "https://app.example:443/cb",
            "https://u@app.example/cb",
            "https://app.example/cb#f",
            "http://app.example/cb",
            "https://app.example.evil.test/cb",
            "",
        ] {
            assert!(!uri.matches(other), "{other}");
        }
    }

    #[test]
    fn a_difference_is_told_in_a_word_that_repeats_nothing() {
        let registered = ["https://app.example/cb", "http://127.0.0.1:9877/cb"].map(str::to_owned);
        for (presented, word) in [
            ("http://127.0.0.1:9878/cb", "port"),
            ("http://127.0.0.1/cb", "port"),
            ("http://127.0.0.1:9877/cb/", "path"),
            ("https://app.example/cb?x=1", "query"),
            ("https://APP.example/cb", "spelling"),
            ("https://x@app.example/cb", "user"),
            ("https://evil.example/cb", "host"),
            ("ftp://app.example/cb", "scheme"),
            ("cb", "no absolute URI"),
        ] {
            assert_eq!(
                RedirectUri::difference(&registered, presented),
                word,
                "{presented}"
            );
        }
        assert_eq!(
            RedirectUri::difference(&[], "https://app.example/cb"),
            "none is registered"
        );
    }

    #[test]
    fn az_3_1_03__only_the_port_of_a_loopback_ip_may_vary() {
        let uri = RedirectUri::register("http://127.0.0.1:8000/cb").unwrap();
        assert!(uri.matches("http://127.0.0.1:54321/cb"));
        assert!(uri.matches("http://127.0.0.1/cb"));
        for other in [
            "http://127.0.0.1:54321/other",
            "http://127.0.0.2:8000/cb",
            "http://localhost:8000/cb",
            "http://127.0.0.1:8000@evil.test/cb",
            "http://127.0.0.1.evil.test/cb",
            "https://127.0.0.1:8000/cb",
            "http://127.0.0.1:80x/cb",
        ] {
            assert!(!uri.matches(other), "{other}");
        }
        assert!(uri.is("http://127.0.0.1:8000/cb") && !uri.is("http://127.0.0.1:54321/cb"));
        assert!(
            !RedirectUri::register("http://localhost:1/cb")
                .unwrap()
                .matches("http://localhost:2/cb")
        );
    }

    #[test]
    fn az_3_1_04__what_may_be_registered() {
        use InvalidRedirectUri as E;
        for (text, error) in [
            ("/cb", E::NotAbsolute),
            ("https://a.example/cb#f", E::Fragment),
            ("https://a.example/cb#", E::Fragment),
            ("https://u:p@a.example/", E::UserInfo),
            ("http://a.example/", E::PlainHttp),
            ("javascript:alert(1)", E::Scheme),
            ("data:text/html,x", E::Scheme),
            ("myapp:/cb", E::Scheme),
            ("https://*.a.example/", E::Characters),
            ("https://a.example/ b", E::Characters),
            ("https://a.example\\@b.example/", E::Characters),
        ] {
            assert_eq!(RedirectUri::register(text), Err(error), "{text}");
        }
        assert!(RedirectUri::register("com.example.app:/cb").is_ok());
    }
}
