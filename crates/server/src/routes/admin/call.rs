//! A call of an operation: who asks, with what.

use std::fmt::Display;
use std::str::FromStr;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde::de::DeserializeOwned;
use vouchsafe_audit::Origin;
use vouchsafe_model::Secret;
use vouchsafe_oauth_types::Form;
use vouchsafe_store::StoreError;

use super::input;
use crate::admin::{self, Principal};
use crate::app::App;
use crate::problem::Problem;
use crate::site::Site;
use crate::wire_error;

/// A call by somebody who may make it.
pub(crate) struct Call {
    pub(super) site: web::Data<Site>,
    pub(super) request: HttpRequest,
    /// Who asks.
    pub(super) principal: Principal,
    /// Where it came from, and who asks, for the record.
    pub(super) origin: Origin,
    pub(super) query: Form,
    pub(super) body: Option<Secret<Vec<u8>>>,
}

impl Call {
    pub(super) fn app(&self) -> &App {
        &self.site.app
    }

    /// The path parameter of this name. Nothing is at an id of another shape.
    pub(super) fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.request
            .match_info()
            .get(name)
            .and_then(|text| text.parse().ok())
            .ok_or(Problem::NotFound)
    }

    /// A query parameter, if it is there.
    pub(super) fn query<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Problem> {
        self.query_as(name, expected, |text| text.parse().ok())
    }

    /// A query parameter that is read in its own way.
    pub(super) fn query_as<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let wrong = || Problem::Invalid(format!("{name}: expected {expected}"));
        if !self.query.has(name) {
            return Ok(None);
        }
        let text = self.query.single(name).map_err(|_| wrong())?.ok_or_else(wrong)?;
        read(text).map(Some).ok_or_else(wrong)
    }

    /// A whole number in the query.
    pub(super) fn number(&self, name: &str, from: i64, to: i64) -> Result<Option<i64>, Problem> {
        let expected = if to == i64::MAX {
            format!("a whole number, at least {from}")
        } else {
            format!("a whole number from {from} to {to}")
        };
        self.query_as(name, &expected, |text| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let number = text.parse().ok().filter(|_| digits)?;
            (from..=to).contains(&number).then_some(number)
        })
    }

    /// Behind which id a list goes on, and with how many items.
    pub(super) fn page<T: FromStr>(&self) -> Result<(Option<T>, i64), Problem> {
        let after = self.query("cursor", "the next_cursor of the page before")?;
        let limit = self.number("limit", 1, MOST_ITEMS)?.unwrap_or(ITEMS);
        Ok((after, limit))
    }

    /// The body.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let bytes = self.body.as_ref().ok_or(Problem::Internal)?;
        input::json(bytes)
    }

    /// Notes that this caller may not go so far.
    pub(super) async fn refused(&self, reason: &'static str) {
        admin::refused(&self.site, &self.origin, reason).await;
    }

    /// 201, and where what was made can be found.
    pub(super) fn created(&self, path: impl Display, body: &impl Serialize) -> HttpResponse {
        let mut response = json(StatusCode::CREATED, body);
        let location = self.site.path(&format!("{}{path}", super::BASE));
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }
}

/// What our own database failed with.
pub(super) fn failed(error: &StoreError) -> Problem {
    tracing::error!(error = %error, "an admin operation failed");
    match error {
        StoreError::Corrupt { .. } => Problem::Damaged(error.to_string()),
        _ => Problem::Unavailable,
    }
}

/// 200.
pub(super) fn ok(body: &impl Serialize) -> HttpResponse {
    json(StatusCode::OK, body)
}

/// 204.
pub(super) fn nothing() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((actix_web::http::header::CACHE_CONTROL, "no-store"))
        .finish()
}

fn json(status: StatusCode, body: &impl Serialize) -> HttpResponse {
    let body = serde_json::to_vec(body).expect("answers are plain structs with string keys");
    wire_error::json(status, body)
}

/// Items of a page, if not said.
pub(super) const ITEMS: i64 = 50;
/// Items of a page, at most.
pub(super) const MOST_ITEMS: i64 = 200;
