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

/// `GET /audit/checkpoint/witnessed`: the last one that witnesses cosigned (C2SP `tlog-cosignature`).
pub(super) fn witnessed() -> Resource {
    super::only("/audit/checkpoint/witnessed", "GET").get(get_witnessed)
}

async fn get_witnessed(site: web::Data<Site>) -> HttpResponse {
    let (store, keys) = (site.app.recorder.store(), site.app.vault.head_keys());
    match store.read(move |tx| Checkpoint::witnessed(tx, &keys)).await {
        Ok(Some(kept)) => note(&kept),
        Ok(None) => Problem::NotFound.response(),
        Err(error) => {
            tracing::error!(error = %error, "the cosigned checkpoint cannot be read");
            Problem::Unavailable.response()
        }
    }
}

fn note(kept: &Checkpoint) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(kept.note().to_owned())
}

async fn get(site: web::Data<Site>) -> HttpResponse {
    let (store, keys) = (site.app.recorder.store(), site.app.vault.head_keys());
    // Whoever writes to the database does not publish in our name.
    match store.read(move |tx| Checkpoint::inside(tx, &keys)).await {
        Ok(Ok(Some(kept))) => note(&kept),
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
