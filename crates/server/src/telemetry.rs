//! One span and one line per request: method, route template, status, request id, latency. Never path, query or
//! headers: they carry codes, states and ids of people.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::{Error, HttpMessage as _, HttpRequest};
use tracing::Span;
use tracing::field::Empty;
use tracing_actix_web::{RequestId, RootSpanBuilder};

/// Builds the span of a request.
pub(crate) struct RequestSpan;

struct Began(Instant);

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Began(Instant::now()));
        let route = request.match_pattern();
        let id = request_id(request.request());
        tracing::info_span!(
            "request",
            http.method = %method(request),
            http.route = route.as_deref().unwrap_or("none"),
            http.status = Empty,
            request.id = id,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let (status, began) = match outcome {
            Ok(response) => {
                let began = response
                    .request()
                    .extensions()
                    .get::<Began>()
                    .map(|began| began.0);
                (response.status().as_u16(), began)
            }
            Err(error) => (error.as_response_error().status_code().as_u16(), None),
        };
        span.record("http.status", status);
        let latency = began.map(|began| u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
        tracing::info!(parent: &span, http.status = status, latency_us = latency, "answered");
    }
}

/// The id of this request, in logs, records and the `X-Request-Id` of the answer. Ours: never the caller's.
pub(crate) fn request_id(request: &HttpRequest) -> String {
    request
        .extensions()
        .get::<RequestId>()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Methods are free text; only the known ones are written.
fn method(request: &ServiceRequest) -> &str {
    match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "PATCH" | "OPTIONS" | "TRACE" | "CONNECT") => {
            known
        }
        _ => "other",
    }
}
