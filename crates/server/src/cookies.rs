//! Cookies: all `__Host-`, `Secure`, `HttpOnly`, `SameSite=Lax`, `Path=/` (AZ-4.1-16).
//!
//! Browsers keep `Secure` cookies of `http://localhost` too, so there is no second kind for development.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header::COOKIE;
use vouchsafe_model::Secret;

/// The browser session.
pub(crate) const SESSION: &str = "__Host-vouchsafe-session";
/// What the CSRF token of the sign-in form is bound to, before there is a session.
pub(crate) const PRE_LOGIN: &str = "__Host-vouchsafe-login";

/// A cookie of ours.
pub(crate) fn set(name: String, value: &Secret<String>, max_age: Duration) -> Cookie<'static> {
    let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
    build(name, value.expose().clone(), time::Duration::seconds(seconds))
}

/// Takes a cookie of ours away.
pub(crate) fn remove(name: impl Into<String>) -> Cookie<'static> {
    build(name.into(), String::new(), time::Duration::ZERO)
}

/// The one cookie of this name; none when the browser sends several, because only one of them can be ours.
pub(crate) fn named(request: &HttpRequest, name: &str) -> Option<String> {
    let mut found = all(request)
        .into_iter()
        .filter(|(found, _)| found == name)
        .map(|(_, value)| value);
    let first = found.next();
    first.filter(|_| found.next().is_none())
}

/// The per-flow cookies of connect attempts: every `__Host-` cookie that is not one of the two above.
pub(crate) fn flows(request: &HttpRequest) -> Vec<(String, Secret<String>)> {
    let ours = |name: &str| name.starts_with("__Host-") && name != SESSION && name != PRE_LOGIN;
    all(request)
        .into_iter()
        .filter(|(name, _)| ours(name))
        .map(|(name, value)| (name, Secret::new(value)))
        .collect()
}

/// By hand: one malformed cookie, perhaps planted by a neighbouring host, must not hide the others.
fn all(request: &HttpRequest) -> Vec<(String, String)> {
    let lines = request
        .headers()
        .get_all(COOKIE)
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .take(MOST_COOKIES)
        .collect()
}

fn build(name: String, value: String, max_age: time::Duration) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .finish()
}

const MOST_COOKIES: usize = 100;

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn az_4_1_16__the_session_cookie_has_every_attribute() {
        let cookie = set(SESSION.to_owned(), &"abc".into(), Duration::from_secs(60));
        assert_eq!(
            cookie.to_string(),
            "__Host-vouchsafe-session=abc; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60"
        );
        assert!(cookie.domain().is_none());
        assert!(remove(SESSION).to_string().contains("Max-Age=0"));
    }

    #[test]
    fn a_malformed_or_doubled_cookie_hides_no_other() {
        let request = |line: &str| TestRequest::get().insert_header((COOKIE, line)).to_http_request();
        let session = |line: &str| named(&request(line), SESSION);
        assert_eq!(
            session("=; %zz=%; __Host-vouchsafe-session=abc").as_deref(),
            Some("abc")
        );
        assert_eq!(
            session("__Host-vouchsafe-session=a; __Host-vouchsafe-session=b"),
            None
        );
        assert_eq!(session("vouchsafe-session=a"), None);
        let flows = flows(&request(
            "__Host-vouchsafe-session=a; __Host-x=1; y=2; __Host-vouchsafe-login=3",
        ));
        assert_eq!(flows.len(), 1);
    }
}
