//! A page as a response. Every page has the same strict headers: no script, no frame, no foreign resource, no referrer,
//! nothing kept (AZ-4.1-09, ATK-28).

use actix_web::HttpResponse;
use actix_web::HttpResponseBuilder;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use maud::Markup;
use url::Url;

use crate::page_error::PageError;
use crate::pages::layout::STYLE_HASH;

/// Where the forms of a page may lead besides our own origin. Chromium applies `form-action` to the redirects that
/// follow a form as well, so a form whose answer sends the browser away must name where to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FormTargets(Vec<String>);

impl FormTargets {
    /// Nowhere else.
    pub(crate) fn own() -> Self {
        Self::default()
    }

    /// Also to where this URL points: its exact origin, or the scheme of an application's private URL.
    pub(crate) fn and(mut self, url: &str) -> Self {
        self.0.extend(source(url));
        self
    }

    /// Also to wherever a provider sends the browser on the way: many answer the authorization request with redirects
    /// across their own hosts (workspaces, company sign-in), which Chromium would stop half-way.
    pub(crate) fn and_onward(mut self) -> Self {
        self.0.push("https:".to_owned());
        self
    }
}

/// The CSP source of a URL. A host with any character beyond those of a plain name is left out: it could end the
/// directive.
fn source(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        // `scheme:`, where the parser has checked the scheme's characters; none that the browser itself acts on.
        let acts = matches!(
            url.scheme(),
            "javascript" | "data" | "blob" | "file" | "about" | "vbscript" | "filesystem"
        );
        return (!acts).then(|| format!("{}:", url.scheme()));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    let host = url.host_str()?;
    host.bytes()
        .all(plain)
        .then(|| url.origin().ascii_serialization())
}

/// A page whose forms stay here.
pub(crate) fn page(status: StatusCode, document: Markup) -> HttpResponse {
    page_with_forms_to(&FormTargets::own(), status, document)
}

/// A page whose forms may lead elsewhere.
pub(crate) fn page_with_forms_to(
    targets: &FormTargets,
    status: StatusCode,
    document: Markup,
) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")))
        .insert_header((CONTENT_SECURITY_POLICY, content_security_policy(targets)))
        .insert_header((X_FRAME_OPTIONS, HeaderValue::from_static("DENY")))
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .insert_header((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .body(document.into_string())
}

/// 303, so that a form is never sent on with its content (AZ-4.1-07).
pub(crate) fn see_other(location: &str) -> Result<HttpResponse, PageError> {
    let location = HeaderValue::from_str(location).map_err(|_| PageError::Internal)?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .finish())
}

fn content_security_policy(targets: &FormTargets) -> String {
    let form_action = [&["'self'".to_owned()], targets.0.as_slice()].concat().join(" ");
    format!(
        "default-src 'none'; style-src '{STYLE_HASH}'; img-src 'self'; form-action {form_action}; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages;

    #[test]
    fn az_4_1_09__every_page_is_strict() {
        let around = pages::layout::Around::default();
        let response = page(
            StatusCode::OK,
            pages::layout::document("x", &around, &maud::html! {}),
        );
        let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
        let policy = header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "img-src 'self';",
            "form-action 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(directive), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"));
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
    }

    #[test]
    fn a_form_may_lead_only_where_its_page_says() {
        let policy = |url: &str| content_security_policy(&FormTargets::own().and(url));
        assert!(policy("https://app.example/cb?x=1").contains("form-action 'self' https://app.example;"));
        assert!(policy("http://127.0.0.1:4711/cb").contains("form-action 'self' http://127.0.0.1:4711;"));
        assert!(policy("http://[::1]:4711/cb").contains("form-action 'self' http://[::1]:4711;"));
        assert!(policy("com.example.app:/cb").contains("form-action 'self' com.example.app:;"));
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "not a url",
            "https://a;script-src *.example/",
            "//x",
        ] {
            assert!(
                policy(url).contains("form-action 'self';"),
                "{url}: {}",
                policy(url)
            );
        }
        assert!(
            content_security_policy(&FormTargets::own().and_onward()).contains("form-action 'self' https:;")
        );
    }

    #[test]
    fn az_4_1_07__a_redirect_is_303_and_splits_no_header() {
        let response = see_other("/connections").unwrap();
        assert_eq!(response.status(), 303);
        assert!(see_other("/connections\r\nSet-Cookie: x=y").is_err());
    }
}
