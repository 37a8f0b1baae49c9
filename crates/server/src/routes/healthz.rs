//! `GET /healthz`: the process answers.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Resource, web};

use crate::wire_error;

pub(super) fn resource() -> Resource {
    super::only("/healthz", "GET, HEAD")
        .get(get)
        .route(web::head().to(get))
}

async fn get() -> HttpResponse {
    wire_error::json(StatusCode::OK, br#"{"status":"ok"}"#.to_vec())
}
