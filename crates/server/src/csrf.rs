//! Forms that change something come from our own pages (AZ-4.1-10, ATK-29): a token bound to the session, and what the
//! browser itself says about where the form was.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, ORIGIN};
use vouchsafe_oauth_types::Form;

use crate::page_error::PageError;
use crate::site::Site;

/// Refuses a form that is not ours. `subject` is the session id, or the pre-login subject of [`before_sign_in`].
pub(crate) fn check(site: &Site, request: &HttpRequest, form: &Form, subject: &str) -> Result<(), PageError> {
    let presented = form.single("csrf").ok().flatten().unwrap_or_default();
    if from_our_pages(request.headers(), &site.origin)
        && site.app.vault.csrf_token_matches(subject, presented)
    {
        Ok(())
    } else {
        Err(PageError::Forged)
    }
}

/// The subject of the sign-in form's token. Never a session id, so that neither token passes for the other.
pub(crate) fn before_sign_in(cookie: &str) -> String {
    format!("sign-in:{cookie}")
}

/// Our pages send no referrer, so browsers write `Origin: null` on their forms; `Sec-Fetch-Site` says the same without
/// a name. Neither header is in every browser: then the token stands alone.
fn from_our_pages(headers: &HeaderMap, origin: &str) -> bool {
    let origins = headers
        .get_all(ORIGIN)
        .all(|value| value == "null" || value == origin);
    let sites = headers
        .get_all("sec-fetch-site")
        .all(|value| value == "same-origin" || value == "none");
    origins && sites
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn passes(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        from_our_pages(&map, "https://v.example")
    }

    #[test]
    fn atk_29__a_form_from_elsewhere_is_refused() {
        assert!(passes(&[]));
        assert!(passes(&[
            ("origin", "https://v.example"),
            ("sec-fetch-site", "same-origin")
        ]));
        assert!(passes(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        for headers in [
            [
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            [
                ("origin", "https://v.example.evil.example"),
                ("sec-fetch-site", "none"),
            ],
            [("origin", "http://v.example"), ("sec-fetch-site", "none")],
            [("origin", "null"), ("sec-fetch-site", "cross-site")],
            [("origin", "https://v.example"), ("sec-fetch-site", "same-site")],
            [
                ("origin", "https://v.example"),
                ("origin", "https://evil.example"),
            ],
        ] {
            assert!(!passes(&headers), "{headers:?}");
        }
    }
}
