//! What every request passes first and every answer last: who may speak plain HTTP to us, which paths are looked at, `HEAD`
//! where there is `GET`, headers for all, and a fixed sentence where the code fails.

use std::panic::AssertUnwindSafe;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use futures_util::FutureExt as _;
use vouchsafe_token_exchange::Reason;

use crate::page_error::{self, PageError};
use crate::problem::Problem;
use crate::site::{Peer, Site};
use crate::{origin, path, telemetry, wire_error};

/// How an error looks at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// RFC 6749 JSON.
    OAuth,
    /// RFC 9457 JSON.
    Problem,
    /// A page.
    Page,
}

impl Surface {
    /// `path` is below the base.
    pub(crate) fn of(path: &str) -> Self {
        // Two slashes lead nowhere, but whoever wrote them meant one.
        let path = path.trim_start_matches('/');
        let below = |prefix: &str| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if path == "oauth/authorize" {
            Self::Page
        } else if below("oauth") || below(".well-known") {
            Self::OAuth
        } else if below("admin") || below("audit") || matches!(path, "healthz" | "readyz" | "openapi.json") {
            Self::Problem
        } else {
            Self::Page
        }
    }

    fn not_found(self) -> HttpResponse {
        match self {
            Self::OAuth => wire_error::no_such_endpoint(),
            Self::Problem => Problem::NotFound.response(),
            Self::Page => PageError::NotFound.response(),
        }
    }

    fn failed(self) -> HttpResponse {
        match self {
            Self::OAuth => wire_error::server_error(),
            Self::Problem => Problem::Internal.response(),
            Self::Page => PageError::Internal.response(),
        }
    }

    pub(crate) fn unavailable(self) -> HttpResponse {
        match self {
            Self::OAuth => wire_error::refused(&Reason::Unavailable.refusal()),
            Self::Problem => Problem::Unavailable.response(),
            Self::Page => PageError::Unavailable.response(),
        }
    }

    fn plain_http(self) -> HttpResponse {
        match self {
            Self::OAuth => wire_error::plain_http(),
            Self::Problem => Problem::PlainHttp.response(),
            Self::Page => PageError::PlainHttp.response(),
        }
    }

    fn method_not_allowed(self) -> HttpResponse {
        match self {
            Self::OAuth => wire_error::method_not_allowed(),
            Self::Problem => Problem::MethodNotAllowed.response(),
            Self::Page => PageError::MethodNotAllowed.response(),
        }
    }
}

/// The one middleware of ours.
pub(crate) async fn guard(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let request_id = telemetry::request_id(request.request());
    let surface = surface(request.request());
    let mut response = if !origin::may_speak_plain_http(request.request()) {
        request.into_response(surface.plain_http())
    } else if !path::has_one_reading(request.uri().path()) {
        request.into_response(surface.not_found())
    } else {
        // Whatever can be read can be asked about (RFC 9110 section 9.1); the connection leaves the body out.
        if *request.method() == Method::HEAD {
            request.head_mut().method = Method::GET;
        }
        let Ok(answered) = AssertUnwindSafe(next.call(request)).catch_unwind().await else {
            tracing::error!("a handler panicked");
            return Err(Failed { surface, request_id }.into());
        };
        answered?.map_into_boxed_body()
    };
    response = page_error::at_home(response);
    dress(response.headers_mut(), &request_id);
    Ok(response)
}

/// Where nothing is.
pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    surface(&request).not_found()
}

/// Where something is, but not with this method. `allow` names the methods there are, without `HEAD`.
pub(crate) fn method_not_allowed(request: &HttpRequest, allow: &'static str) -> HttpResponse {
    let mut response = surface(request).method_not_allowed();
    let allow = if allow.contains("HEAD") {
        HeaderValue::from_static(allow)
    } else {
        HeaderValue::from_str(&allow.replacen("GET", "GET, HEAD", 1))
            .unwrap_or(HeaderValue::from_static(allow))
    };
    response.headers_mut().insert(ALLOW, allow);
    response
}

fn surface(request: &HttpRequest) -> Surface {
    let path = request.path();
    match request.app_data::<web::Data<Site>>() {
        Some(site) if site.peer == Peer::LocalOperator => Surface::Problem,
        Some(site) => Surface::of(site.within(path)),
        None => Surface::of(path),
    }
}

fn dress(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// A handler panicked: what it held is gone, so the answer is made from what was known before.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Failed {
    surface: Surface,
    request_id: String,
}

impl actix_web::ResponseError for Failed {
    fn error_response(&self) -> HttpResponse {
        let mut response = self.surface.failed();
        dress(response.headers_mut(), &self.request_id);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_get_json_and_people_get_pages() {
        assert_eq!(Surface::of("/oauth/token"), Surface::OAuth);
        assert_eq!(Surface::of("/oauth/nothing"), Surface::OAuth);
        assert_eq!(Surface::of("/.well-known/nothing"), Surface::OAuth);
        assert_eq!(Surface::of("/admin/v1/nothing"), Surface::Problem);
        assert_eq!(Surface::of("/oauth/authorize"), Surface::Page);
        assert_eq!(Surface::of("//oauth//token"), Surface::OAuth);
        assert_eq!(Surface::of("/oauthx"), Surface::Page);
        assert_eq!(Surface::of("/nothing"), Surface::Page);
    }
}
