//! Errors of the admin API as RFC 9457 problems: sentences for operators, no value of the request echoed.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use vouchsafe_model::AdminScope;

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("send an admin key as a bearer token")]
    NoCredentials,
    #[error("send one Authorization header, with an admin key as a bearer token")]
    BadCredentials,
    #[error("the admin key is unknown, expired or deleted")]
    InvalidKey,
    #[error("the admin key does not have the scope {0}, which this needs")]
    InsufficientScope(AdminScope),
    /// The caller may do this, but not so far.
    #[error("{0}")]
    Forbidden(String),
    /// A body or parameter, by name, and what it should be.
    #[error("{0}")]
    Invalid(String),
    #[error("there is nothing here")]
    NotFound,
    /// What is there does not allow it.
    #[error("{0}")]
    Conflict(String),
    #[error("this method does not exist here; see Allow")]
    MethodNotAllowed,
    #[error("send the body as application/json, in UTF-8, uncompressed")]
    NotJson,
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    #[error("the body did not arrive in time")]
    Interrupted,
    #[error("plain HTTP is not served here; use https")]
    PlainHttp,
    /// Something that this rests on cannot be reached.
    #[error("{0}")]
    UpstreamUnavailable(String),
    #[error("the server cannot complete the request right now; try again")]
    Unavailable,
    /// AR-04.
    #[error("the stored row was changed past the server and is not used; `vouchsafe audit verify` says more")]
    Tampered,
    /// A row that cannot be read, by table, key and column.
    #[error("{0}; compare it with a backup, or run `vouchsafe audit verify`")]
    Damaged(String),
    #[error("the server failed; the operator's log says more")]
    Internal,
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoCredentials | Self::InvalidKey => StatusCode::UNAUTHORIZED,
            Self::BadCredentials | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::InsufficientScope(_) | Self::Forbidden(_) | Self::PlainHttp => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Interrupted => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Tampered | Self::Damaged(_) | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::UpstreamUnavailable(_) | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// RFC 6750 section 3: without credentials a bare challenge, else the reason.
    fn challenge(&self) -> Option<String> {
        match self {
            Self::NoCredentials => Some(REALM.to_owned()),
            Self::BadCredentials => Some(format!("{REALM}, error=\"invalid_request\"")),
            Self::InvalidKey => Some(format!("{REALM}, error=\"invalid_token\"")),
            Self::InsufficientScope(scope) => Some(format!(
                "{REALM}, error=\"insufficient_scope\", scope=\"{scope}\""
            )),
            _ => None,
        }
    }

    pub(crate) fn response(&self) -> HttpResponse {
        let status = self.status();
        let body = serde_json::json!({
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        let mut response = HttpResponseBuilder::new(status);
        response
            .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/problem+json")))
            .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")));
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        response.body(body.to_string())
    }
}

const REALM: &str = "Bearer realm=\"vouchsafe\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(problem: &Problem) -> Option<String> {
        let response = problem.response();
        response
            .headers()
            .get(WWW_AUTHENTICATE)
            .map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn bt_3_01__without_credentials_the_challenge_has_no_error() {
        assert_eq!(
            challenge(&Problem::NoCredentials).unwrap(),
            "Bearer realm=\"vouchsafe\""
        );
    }

    #[test]
    fn bt_3_02__a_bad_key_is_an_invalid_token() {
        assert_eq!(Problem::InvalidKey.response().status(), 401);
        assert!(
            challenge(&Problem::InvalidKey)
                .unwrap()
                .contains("error=\"invalid_token\"")
        );
    }

    #[test]
    fn bt_3_03__too_little_scope_names_the_scope() {
        let problem = Problem::InsufficientScope(AdminScope::Revoke);
        assert_eq!(problem.response().status(), 403);
        assert!(
            challenge(&problem)
                .unwrap()
                .ends_with("error=\"insufficient_scope\", scope=\"revoke\"")
        );
    }
}
