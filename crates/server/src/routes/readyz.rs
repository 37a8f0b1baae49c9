//! `GET /readyz`: database, keys and record can do their work now.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Resource, web};
use vouchsafe_model::{HostsDigest, SealContext, Secret};
use vouchsafe_store::{StoreError, head, instance};

use crate::site::Site;
use crate::wire_error;

pub(super) fn resource() -> Resource {
    super::only("/readyz", "GET, HEAD")
        .get(get)
        .route(web::head().to(get))
}

async fn get(site: web::Data<Site>) -> HttpResponse {
    let (database, key, record) = (database(&site).await, key(&site), record(&site).await);
    let ready = database && key && record;
    let word = |works: bool| if works { "ok" } else { "failed" };
    let body = serde_json::json!({
        "status": if ready { "ready" } else { "not_ready" },
        "checks": { "database": word(database), "key": word(key), "record": word(record) },
    });
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    wire_error::json(status, body.to_string().into_bytes())
}

/// It answers, and it is the one that our keys belong to.
async fn database(site: &Site) -> bool {
    let stored = site.app.recorder.store().read(instance::get).await;
    matches!(stored, Ok(Some(id)) if id == *site.app.vault.instance())
}

/// What is sealed opens again.
fn key(site: &Site) -> bool {
    let context = SealContext {
        table: "readyz",
        column: "probe",
        row: "",
        user: "",
        provider: "",
        hosts: HostsDigest::none(),
        version: 0,
    };
    let vault = &site.app.vault;
    let sealed = vault.seal_for_server::<String>(&context, &Secret::from("probe"));
    vault.open_for_server(&context, &sealed).is_ok()
}

/// The head can be taken, which every append does first; nothing is written.
async fn record(site: &Site) -> bool {
    let taken = site
        .app
        .recorder
        .store()
        .write(|tx| head::take(tx).map(drop))
        .await;
    taken
        .inspect_err(|error: &StoreError| tracing::warn!(error = %error, "the record is not ready"))
        .is_ok()
}
