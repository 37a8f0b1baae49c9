//! `GET /audit/checkpoint`: size and root of the record, signed (C2SP `tlog-checkpoint`). Anyone may keep a copy, and so see
//! whether the record was rewritten since.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, Resource, web};
use vouchsafe_store::checkpoint;

use crate::problem::Problem;
use crate::site::Site;

pub(super) fn resource() -> Resource {
    super::only("/audit/checkpoint", "GET").get(get)
}

async fn get(site: web::Data<Site>) -> HttpResponse {
    match site.app.recorder.store().read(checkpoint::get).await {
        Ok(Some(note)) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(note),
        // The first one follows the first record within an interval.
        Ok(None) => Problem::NotFound.response(),
        Err(error) => {
            tracing::error!(error = %error, "the checkpoint cannot be read");
            Problem::Unavailable.response()
        }
    }
}
