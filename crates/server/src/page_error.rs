//! What a person is told when something is wrong: what it was, and what to do. Fixed sentences, no input echoed.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError};
use vouchsafe_sign_in::SignInError;
use vouchsafe_store::StoreError;

use crate::body::BodyError;
use crate::html::{page, see_other};
use crate::pages::error;
use crate::wire_error::whole_seconds;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// Not an error: the person has to sign in first. Path and query of the sign-in page.
    #[error("the person has to sign in")]
    SignIn { location: String },
    #[error("there is no such page")]
    NotFound,
    #[error("the page does not have this method")]
    MethodNotAllowed,
    #[error("the form did not come from a page of ours")]
    Forged,
    #[error("the form is incomplete or malformed")]
    Malformed,
    #[error("the form is too large")]
    TooLarge,
    #[error("too many failures")]
    Throttled { retry_after: Duration },
    #[error("plain http is not served here")]
    PlainHttp,
    #[error("the server cannot complete the request right now")]
    Unavailable,
    #[error("the server failed")]
    Internal,
}

impl PageError {
    fn told(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::SignIn { .. } => (StatusCode::SEE_OTHER, "", ""),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Not found",
                "There is no such page. Check the link you followed.",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Not possible",
                "This page cannot be used in this way.",
            ),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "Not accepted",
                "This form was too old, or did not come from this site. Nothing was changed; go back, reload the page \
                 and try again.",
            ),
            Self::Malformed => (
                StatusCode::BAD_REQUEST,
                "Not understood",
                "Something is missing or malformed in this request. Go back to where you came from and try again.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Too large",
                "This form is larger than 64 KiB. Go back and shorten it.",
            ),
            Self::Throttled { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too many attempts",
                "There were too many failed attempts from here. Wait a while, then try again.",
            ),
            Self::PlainHttp => (
                StatusCode::FORBIDDEN,
                "Not secure",
                "This server is not reachable over plain http. Use https.",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Not available",
                "The server cannot do this right now. Nothing was changed; try again in a moment.",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something failed",
                "The server failed. Try again, and tell the operator if it happens again.",
            ),
        }
    }

    /// The page.
    pub(crate) fn response(&self) -> HttpResponse {
        if let Self::SignIn { location } = self {
            return see_other(location).unwrap_or_else(|_| Self::Internal.response());
        }
        let (status, title, sentence) = self.told();
        let mut response = page(status, error::document(title, sentence, None));
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }

    fn retry_after(&self) -> Option<actix_web::http::header::HeaderValue> {
        let pause = match self {
            Self::Throttled { retry_after } => *retry_after,
            Self::Unavailable => Duration::from_secs(5),
            _ => return None,
        };
        whole_seconds(pause).parse().ok()
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.told().0
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

/// The store failed: logged here, once.
impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = %error, "the store is not available for a page");
        Self::Unavailable
    }
}

impl From<SignInError> for PageError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Throttled { retry_after } => Self::Throttled { retry_after },
            SignInError::Unavailable(error) => error.into(),
            SignInError::Overloaded | SignInError::Interrupted => Self::Unavailable,
            error => {
                tracing::error!(error = %error, "signing in failed");
                Self::Internal
            }
        }
    }
}

impl From<BodyError> for PageError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::NotAForm | BodyError::Malformed | BodyError::Interrupted => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_4_1_09__error_pages_are_strict_too() {
        let response = PageError::Forged.response();
        assert_eq!(response.status(), 403);
        assert!(response.headers().contains_key("content-security-policy"));
        assert!(response.headers().contains_key("x-frame-options"));
        let throttled = PageError::Throttled {
            retry_after: Duration::from_millis(1_500),
        }
        .response();
        assert_eq!(throttled.headers().get(RETRY_AFTER).unwrap(), "2");
    }
}
