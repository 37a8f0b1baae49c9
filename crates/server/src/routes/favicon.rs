//! `GET /favicon.svg`: the mark, for the window's tab.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
};
use actix_web::{HttpResponse, Resource};

use crate::pages::mark;

pub(super) fn resource() -> Resource {
    super::only("/favicon.svg", "GET").get(get)
}

/// An image that is opened by itself is a document with a policy of its own: it may do nothing.
async fn get() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
        ))
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        .insert_header((
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ))
        .body(mark::icon())
}
