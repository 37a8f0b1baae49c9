//! `POST /admin/v1/connections/{id}/revoke`: the kill switch. Scope `revoke`; the body is ignored.
//!
//! 200 once the connection is dead on every replica; revoking again gives the answer as it stands by then. `state` is
//! `pending_upstream`, `revoked_upstream` or `abandoned`. Times are RFC 3339 in UTC. `expires_at` is `null` for a token
//! that lives without bound; then `exposed_until` is `null` too, as it is when no token is out.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use serde::Serialize;
use vouchsafe_identity_provider::{RawRelease, RevokeAnswer, RevokeError, RevokedBy};
use vouchsafe_model::{AdminScope, UnixMillis};

use crate::problem::Problem;
use crate::site::Site;
use crate::time_text::rfc3339;
use crate::{admin, origin, wire_error};

pub(super) fn resource() -> Resource {
    super::only("/admin/v1/connections/{id}/revoke", "POST").post(post)
}

async fn post(
    site: web::Data<Site>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let key = admin::authenticated(&site, &request, AdminScope::Revoke).await?;
    let id = id.parse().map_err(|_| Problem::NotFound)?;
    let by = RevokedBy::Admin { key_id: key.id };
    match site
        .app
        .identity_provider
        .revoke_connection(&id, by, origin::of(&request, &site))
        .await
    {
        Ok(answer) => Ok(wire_error::json(StatusCode::OK, body(&answer))),
        Err(RevokeError::NotFound) => Err(Problem::NotFound),
        Err(error) => {
            tracing::error!(error = %error, connection.id = %id, "a connection could not be revoked");
            Err(Problem::Unavailable)
        }
    }
}

/// What has become of it, and what may still be out there.
#[derive(Serialize)]
struct Wire<'a> {
    connection_id: &'a str,
    state: &'static str,
    /// Why it was abandoned, or the last failure.
    reason: Option<&'a str>,
    /// Whether its secrets are gone: only said once their key is destroyed (AR-05).
    forgotten: bool,
    /// Until when some token that was handed out may still work.
    exposed_until: Option<String>,
    raw_releases_alive: Vec<WireRelease<'a>>,
}

#[derive(Serialize)]
struct WireRelease<'a> {
    client_id: &'a str,
    record_id: &'a str,
    released_at: String,
    expires_at: Option<String>,
}

fn body(answer: &RevokeAnswer) -> Vec<u8> {
    let wire = Wire {
        connection_id: answer.connection_id.as_str(),
        state: answer.state.as_str(),
        reason: answer.reason.as_deref(),
        forgotten: answer.forgotten,
        exposed_until: answer.exposed_until.map(rfc3339),
        raw_releases_alive: answer.raw_releases_alive.iter().map(release).collect(),
    };
    serde_json::to_vec(&wire).expect("the answer is plain")
}

fn release(raw: &RawRelease) -> WireRelease<'_> {
    let at: Option<UnixMillis> = raw.expires_at;
    WireRelease {
        client_id: raw.client_id.as_str(),
        record_id: raw.record_id.as_str(),
        released_at: rfc3339(raw.released_at),
        expires_at: at.map(rfc3339),
    }
}
