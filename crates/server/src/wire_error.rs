//! Which refusal is which status (RFC 6749 section 5.2): the only place that knows.
//!
//! Always JSON with `Content-Type: application/json` and no parameter (some clients compare it exactly), always
//! `no-store`.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA, RETRY_AFTER, TryIntoHeaderPair, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use vouchsafe_oauth_types::{ErrorCode, ErrorResponse};
use vouchsafe_token_exchange::{RefusalKind, TokenRefusal};

use crate::body::BodyError;

/// A refused token request.
pub(crate) fn refused(refusal: &TokenRefusal) -> HttpResponse {
    match refusal.kind {
        RefusalKind::BadRequest => error(StatusCode::BAD_REQUEST, &refusal.response),
        RefusalKind::ClientAuthentication { basic: false } => {
            error(StatusCode::UNAUTHORIZED, &refusal.response)
        }
        RefusalKind::ClientAuthentication { basic: true } => with(
            error(StatusCode::UNAUTHORIZED, &refusal.response),
            (WWW_AUTHENTICATE, BASIC),
        ),
        RefusalKind::Throttled { retry_after } => {
            let response = error(StatusCode::TOO_MANY_REQUESTS, &refusal.response);
            with(response, (RETRY_AFTER, whole_seconds(retry_after)))
        }
        RefusalKind::Unavailable { retry_after } => {
            let response = error(StatusCode::SERVICE_UNAVAILABLE, &refusal.response);
            with(response, (RETRY_AFTER, whole_seconds(retry_after)))
        }
    }
}

/// A body that is no token request.
pub(crate) fn unreadable(error: BodyError) -> HttpResponse {
    match error {
        BodyError::TooLarge => {
            invalid_request(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 KiB")
        }
        BodyError::NotAForm => invalid_request(
            StatusCode::BAD_REQUEST,
            "send the parameters as application/x-www-form-urlencoded in UTF-8, uncompressed, in the body",
        ),
        BodyError::Malformed => invalid_request(
            StatusCode::BAD_REQUEST,
            "the body is not well-formed application/x-www-form-urlencoded in UTF-8",
        ),
        BodyError::Interrupted => {
            invalid_request(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")
        }
    }
}

/// Parameters in the query string (TOK-3.2-06).
pub(crate) fn query_refused() -> HttpResponse {
    invalid_request(
        StatusCode::BAD_REQUEST,
        "send the parameters in the body, none in the query string",
    )
}

pub(crate) fn method_not_allowed() -> HttpResponse {
    invalid_request(
        StatusCode::METHOD_NOT_ALLOWED,
        "this endpoint does not have this method; see Allow",
    )
}

pub(crate) fn no_such_endpoint() -> HttpResponse {
    invalid_request(
        StatusCode::NOT_FOUND,
        "there is no such endpoint; see the metadata",
    )
}

pub(crate) fn plain_http() -> HttpResponse {
    invalid_request(StatusCode::FORBIDDEN, "plain HTTP is not served here; use https")
}

pub(crate) fn server_error() -> HttpResponse {
    let response = ErrorResponse::new(
        ErrorCode::ServerError,
        "the server failed; the operator's log says more",
    );
    error(StatusCode::INTERNAL_SERVER_ERROR, &response)
}

/// JSON that nobody may keep.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((PRAGMA, HeaderValue::from_static("no-cache")))
        .body(body)
}

/// For `Retry-After`: never zero, never shorter than asked.
pub(crate) fn whole_seconds(duration: Duration) -> String {
    duration.as_millis().div_ceil(1_000).max(1).to_string()
}

fn invalid_request(status: StatusCode, description: &'static str) -> HttpResponse {
    error(
        status,
        &ErrorResponse::new(ErrorCode::InvalidRequest, description),
    )
}

fn error(status: StatusCode, response: &ErrorResponse) -> HttpResponse {
    json(status, response.to_json())
}

fn with(mut response: HttpResponse, header: impl TryIntoHeaderPair) -> HttpResponse {
    if let Ok((name, value)) = header.try_into_pair() {
        response.headers_mut().insert(name, value);
    }
    response
}

const BASIC: &str = "Basic realm=\"vouchsafe\"";

#[cfg(test)]
mod tests {
    use vouchsafe_token_exchange::Reason;

    use super::*;

    fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn tok_5_2_01__every_error_is_json_that_nobody_keeps() {
        for response in [
            refused(&Reason::UnknownTarget.refusal()),
            refused(&Reason::WrongSecret.refusal()),
            refused(&Reason::Unavailable.refusal()),
            unreadable(BodyError::TooLarge),
            unreadable(BodyError::NotAForm),
            query_refused(),
            method_not_allowed(),
            no_such_endpoint(),
            server_error(),
        ] {
            assert_eq!(header(&response, "content-type"), Some("application/json"));
            assert_eq!(header(&response, "cache-control"), Some("no-store"));
        }
    }

    #[test]
    fn tok_5_2_03__basic_is_challenged_only_where_basic_was_tried() {
        let mut refusal = Reason::WrongSecret.refusal();
        let response = refused(&refusal);
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(header(&response, "www-authenticate"), None);
        refusal.kind = RefusalKind::ClientAuthentication { basic: true };
        assert_eq!(
            header(&refused(&refusal), "www-authenticate"),
            Some("Basic realm=\"vouchsafe\"")
        );
    }

    #[test]
    fn a_transient_failure_says_when_to_try_again() {
        let response = refused(&Reason::UpstreamUnavailable.refusal());
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(header(&response, "retry-after"), Some("5"));
        assert_eq!(whole_seconds(Duration::from_millis(1)), "1");
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), "2");
    }

    #[test]
    fn tok_2_3_06__too_many_failures_are_slowed_down_and_name_no_client_invalid() {
        let mut refusal = Reason::WrongSecret.refusal();
        refusal.kind = RefusalKind::Throttled {
            retry_after: Duration::from_millis(1_200),
        };
        let response = refused(&refusal);
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(header(&response, "retry-after"), Some("2"));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert_eq!(header(&response, "www-authenticate"), None);
    }

    #[test]
    fn te_2_2_2_01__other_refusals_are_bad_requests() {
        assert_eq!(
            refused(&Reason::SubjectInvalid.refusal()).status(),
            StatusCode::BAD_REQUEST
        );
        assert_eq!(
            refused(&Reason::InteractionRequired.refusal()).status(),
            StatusCode::BAD_REQUEST
        );
    }
}
