//! Errors of the admin API as RFC 9457 problems: fixed sentences, no input echoed.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use vouchsafe_model::AdminScope;

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("send an admin key as a bearer token")]
    NoCredentials,
    #[error("send one Authorization header, with an admin key as a bearer token")]
    BadCredentials,
    #[error("the admin key is unknown, expired or deleted")]
    InvalidKey,
    #[error("the admin key does not have the scope that this needs")]
    InsufficientScope(AdminScope),
    #[error("a parameter is malformed")]
    BadRequest,
    #[error("there is nothing here")]
    NotFound,
    #[error("this method does not exist here; see Allow")]
    MethodNotAllowed,
    #[error("plain HTTP is not served here; use https")]
    PlainHttp,
    #[error("the server cannot complete the request right now; try again")]
    Unavailable,
    #[error("the server failed; the operator's log says more")]
    Internal,
}

impl Problem {
    fn status(self) -> StatusCode {
        match self {
            Self::NoCredentials | Self::InvalidKey => StatusCode::UNAUTHORIZED,
            Self::BadCredentials | Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::InsufficientScope(_) | Self::PlainHttp => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// RFC 6750 section 3: without credentials a bare challenge, else the reason.
    fn challenge(self) -> Option<String> {
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

    pub(crate) fn response(self) -> HttpResponse {
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

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

const REALM: &str = "Bearer realm=\"vouchsafe\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(problem: Problem) -> Option<String> {
        let response = problem.response();
        response
            .headers()
            .get(WWW_AUTHENTICATE)
            .map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn bt_3_01__without_credentials_the_challenge_has_no_error() {
        assert_eq!(
            challenge(Problem::NoCredentials).unwrap(),
            "Bearer realm=\"vouchsafe\""
        );
    }

    #[test]
    fn bt_3_02__a_bad_key_is_an_invalid_token() {
        assert_eq!(Problem::InvalidKey.response().status(), 401);
        assert!(
            challenge(Problem::InvalidKey)
                .unwrap()
                .contains("error=\"invalid_token\"")
        );
    }

    #[test]
    fn bt_3_03__too_little_scope_names_the_scope() {
        let problem = Problem::InsufficientScope(AdminScope::Revoke);
        assert_eq!(problem.response().status(), 403);
        assert!(
            challenge(problem)
                .unwrap()
                .ends_with("error=\"insufficient_scope\", scope=\"revoke\"")
        );
    }
}
