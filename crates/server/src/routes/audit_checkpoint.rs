//! `GET /audit/checkpoint`: size and root of the record, signed (C2SP `tlog-checkpoint`). Anyone may keep a copy, and so see
//! whether the record was rewritten since.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, Resource, web};
use vouchsafe_audit::Checkpoint;

use crate::problem::Problem;
use crate::site::Site;

pub(super) fn resource() -> Resource {
    super::only("/audit/checkpoint", "GET").get(get)
}

async fn get(site: web::Data<Site>) -> HttpResponse {
    let (store, keys) = (site.app.recorder.store(), site.app.vault.head_keys());
    // Whoever writes to the database does not publish in our name.
    match store.read(move |tx| Checkpoint::inside(tx, &keys)).await {
        Ok(Ok(Some(kept))) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(kept.note().to_owned()),
        // The first one follows the first record within an interval.
        Ok(Ok(None)) => Problem::NotFound.response(),
        Ok(Err(error)) => {
            tracing::error!(error = %error, "the checkpoint in the database cannot be used");
            Problem::Unavailable.response()
        }
        Err(error) => {
            tracing::error!(error = %error, "the checkpoint cannot be read");
            Problem::Unavailable.response()
        }
    }
}
