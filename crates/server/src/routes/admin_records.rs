//! `GET /admin/v1/records?after=&limit=`: the record, from the entry behind `after` (0 = from the first), at most
//! `limit` entries (100, up to 1000). Scope `read`.
//!
//! Each entry is as in an export: `body` is the exact text that was hashed, `time` is Unix milliseconds. `next` is the
//! `after` of the next page, absent on the last.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_audit::export::Line;
use vouchsafe_model::AdminScope;
use vouchsafe_oauth_types::Form;
use vouchsafe_store::records;

use crate::problem::Problem;
use crate::site::Site;
use crate::{admin, wire_error};

pub(super) fn resource() -> Resource {
    super::only("/admin/v1/records", "GET").get(get)
}

async fn get(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    admin::authenticated(&site, &request, AdminScope::Read).await?;
    let query = Form::parse(request.query_string().as_bytes()).map_err(|_| Problem::BadRequest)?;
    let after = number(&query, "after")?.unwrap_or(0);
    let limit = number(&query, "limit")?.unwrap_or(100).clamp(1, 1_000);
    let rows = site
        .app
        .recorder
        .store()
        .read(move |tx| records::range(tx, after.saturating_add(1), limit))
        .await;
    let rows = rows.map_err(|error| {
        tracing::error!(error = %error, "the record cannot be read");
        Problem::Unavailable
    })?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().map(|row| row.seq).filter(|_| full);
    let lines: Vec<Line> = rows.iter().map(Line::of).collect();
    let mut answer = serde_json::json!({ "records": lines });
    if let Some(next) = next {
        answer["next"] = next.into();
    }
    Ok(wire_error::json(StatusCode::OK, answer.to_string().into_bytes()))
}

fn number(query: &Form, name: &str) -> Result<Option<i64>, Problem> {
    let text = query.single(name).map_err(|_| Problem::BadRequest)?;
    text.map(str::parse).transpose().map_err(|_| Problem::BadRequest)
}
