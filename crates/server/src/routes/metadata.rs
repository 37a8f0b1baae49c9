//! `GET /.well-known/oauth-authorization-server` (RFC 8414 section 3).

use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, Resource, web};
use serde::Serialize;

use crate::site::Site;

/// `base` is the path of the issuer, which follows the well-known segment.
pub(super) fn resource(base: &str) -> Resource {
    let path = format!("/.well-known/oauth-authorization-server{base}");
    super::only(&path, "GET, HEAD")
        .get(get)
        .route(web::head().to(get))
}

async fn get(site: web::Data<Site>) -> HttpResponse {
    public_json(&site.app.authorization_server.metadata())
}

/// What anyone may read and keep for some minutes, browsers included: there are no credentials in it.
pub(super) fn public_json(value: &impl Serialize) -> HttpResponse {
    match serde_json::to_vec(value) {
        Ok(body) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")))
            .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")))
            .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")))
            .body(body),
        Err(_) => crate::wire_error::server_error(),
    }
}
