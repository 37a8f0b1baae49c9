//! `GET /readyz`: database, keys and record can do their work now. Whatever cannot is named in an operator's words;
//! without an address, a name or a value, because anyone may ask.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, Resource, web};
use vouchsafe_model::{HostsDigest, SealContext, Secret};
use vouchsafe_store::{StoreError, head, instance};

use crate::site::Site;
use crate::wire_error;

pub(super) fn resource() -> Resource {
    super::only("/readyz", "GET").get(get)
}

/// What is wrong, and what to do.
type Complaint = &'static str;

async fn get(site: web::Data<Site>) -> HttpResponse {
    let (database, key, record) = (database(&site).await, key(&site), record(&site).await);
    let ready = database.is_ok() && key.is_ok() && record.is_ok();
    let body = serde_json::json!({
        "status": if ready { "ready" } else { "not_ready" },
        "checks": { "database": said(database), "key": said(key), "record": said(record) },
    });
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    wire_error::json(status, body.to_string().into_bytes())
}

fn said(check: Result<(), Complaint>) -> &'static str {
    check.err().unwrap_or("ok")
}

/// It answers, and it is the one that our keys belong to.
async fn database(site: &Site) -> Result<(), Complaint> {
    match site.app.recorder.store().read(instance::get).await {
        Ok(Some(id)) if id == *site.app.vault.instance() => Ok(()),
        Ok(_) => {
            tracing::error!("not ready: the database is not the one that this server was started with");
            Err(
                "this is not the database that the server was started with: restart the server, or restore the database",
            )
        }
        Err(error) => Err(complaint("database", &error)),
    }
}

/// What is sealed opens again.
fn key(site: &Site) -> Result<(), Complaint> {
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
    vault.open_for_server(&context, &sealed).map(drop).map_err(|error| {
        tracing::error!(error = %error, "not ready: what was sealed does not open");
        "what the server seals does not open again: restart it with the key file that belongs to this database"
    })
}

/// The head can be taken, which every append does first; nothing is written.
async fn record(site: &Site) -> Result<(), Complaint> {
    let store = site.app.recorder.store();
    let taken = store.write(|tx| head::take(tx).map(drop)).await;
    taken.map_err(|error| complaint("record", &error))
}

fn complaint(check: &'static str, error: &StoreError) -> Complaint {
    tracing::error!(error = %error, check, "not ready");
    match error {
        StoreError::Busy => {
            "the database is busy: it answers again when its load falls; look for a long transaction"
        }
        StoreError::Unavailable | StoreError::CommitOutcomeUnknown => {
            "the database cannot be reached: check that it runs and that the server may connect to it"
        }
        StoreError::Corrupt { .. } => {
            "a row that the server needs is damaged: the server's log names it; restore the database from a backup"
        }
        StoreError::SchemaOld | StoreError::SchemaNewer => {
            "the schema of the database is not that of this program: run `vouchsafe migrate`, or use the newer program"
        }
        StoreError::ReadOnly => "the database can only be read: give the server write access",
        _ => "the database refuses what the server asks: the server's log says more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_complaint_repeats_what_only_the_log_may_say() {
        let damaged = StoreError::Corrupt {
            table: "instance",
            row: Some("singleton".to_owned()),
            what: "id",
        };
        for error in [
            damaged,
            StoreError::Engine("relation \"instance\" does not exist".to_owned()),
        ] {
            let told = complaint("database", &error);
            assert!(
                !told.contains("instance") && !told.contains("singleton"),
                "{told}"
            );
            assert!(told.contains("log"), "{told}");
        }
    }
}
