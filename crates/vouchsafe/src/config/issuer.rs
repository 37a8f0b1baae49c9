//! The issuer: who we say we are.

use toml::Spanned;
use url::{Host, Url};

use super::error::{ConfigError, Place};

/// An https URL without query and fragment; http only where no wire is, and no TLS.
pub(super) fn checked(
    place: &Place<'_>,
    issuer: &Spanned<String>,
    with_tls: bool,
) -> Result<String, ConfigError> {
    let wrong = |problem, remedy| Err(place.at(Some(issuer.span()), "issuer", problem, remedy));
    let text = issuer.get_ref();
    let Ok(url) = Url::parse(text) else {
        return wrong(
            "this is no URL",
            "write the public base URL, such as \"https://vouchsafe.example.com\"",
        );
    };
    if url.scheme() == "http" && !is_loopback(&url) {
        return wrong(
            "plain http is safe only on this machine",
            "use https, or an address such as \"http://127.0.0.1:8080\" for trying out",
        );
    }
    if url.scheme() == "http" && with_tls {
        return wrong(
            "with [tls] this server speaks https alone",
            "begin the issuer with https://",
        );
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return wrong(
            "an issuer is an https URL",
            "write it as \"https://vouchsafe.example.com\"",
        );
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return wrong(
            "an issuer has no query, fragment or user",
            "end it after the path",
        );
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
    if !url.path().bytes().all(plain) {
        return wrong(
            "the path of an issuer has only letters, digits and / - _ . ~",
            "choose another path, or none",
        );
    }
    if text.ends_with('/') {
        return wrong("an issuer ends without a slash here", "leave the last / away");
    }
    Ok(text.clone())
}

/// Whether only this machine can reach it.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
