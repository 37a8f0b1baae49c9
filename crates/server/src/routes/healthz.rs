//! `GET /healthz`: the process answers.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Resource};

use crate::wire_error;

pub(super) fn resource() -> Resource {
    super::only("/healthz", "GET").get(get)
}

async fn get() -> HttpResponse {
    wire_error::json(StatusCode::OK, br#"{"status":"ok"}"#.to_vec())
}
