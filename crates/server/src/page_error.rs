//! What a person is told when something is wrong: what it was, and what to do. Fixed sentences, no input echoed.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, ResponseError, web};
use maud::Markup;
use vouchsafe_sign_in::SignInError;
use vouchsafe_store::StoreError;

use crate::body::BodyError;
use crate::html::{page, see_other};
use crate::pages::message::{self, Message};
use crate::site::Site;
use crate::time_text;
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

/// What the page says; kept beside the response, so that it can be written again once it is known where we live.
#[derive(Debug, Clone)]
struct Told {
    title: &'static str,
    sentence: Cow<'static, str>,
    /// Path of ours below the base, and the words of the link.
    way_on: Option<(&'static str, &'static str)>,
}

impl Told {
    fn page(&self, base: Option<&str>) -> Markup {
        let to = self
            .way_on
            .zip(base)
            .map(|((path, words), base)| (format!("{base}{path}"), words));
        let message = Message::wrong(self.title, &self.sentence);
        match &to {
            Some((to, words)) => message::document(&message.way_on(to, words), base),
            None => message::document(&message, base),
        }
    }
}

impl PageError {
    fn told(&self) -> Told {
        let (title, sentence, way_on) = match self {
            Self::SignIn { .. } => ("Sign in", "Sign in first.", None),
            Self::NotFound => (
                "Not found",
                "There is no such page. Check the link you followed.",
                CONNECTIONS,
            ),
            Self::MethodNotAllowed => (
                "Not possible",
                "This page cannot be used in this way. Nothing was changed.",
                CONNECTIONS,
            ),
            Self::Forged => (
                "Not accepted",
                "This form was too old, or did not come from this site. Nothing was changed; go back, reload the page \
                 and try again.",
                CONNECTIONS,
            ),
            Self::Malformed => (
                "Not understood",
                "Something is missing or malformed in this request. Nothing was changed; go back to where you came \
                 from and try again.",
                CONNECTIONS,
            ),
            Self::TooLarge => (
                "Too large",
                "This form is larger than 64 KiB. Nothing was changed; go back and shorten it.",
                None,
            ),
            Self::Throttled { retry_after } => {
                return Told {
                    title: "Too many attempts",
                    sentence: format!(
                        "There were too many failed attempts. Wait {}, then try again.",
                        time_text::pause(*retry_after)
                    )
                    .into(),
                    way_on: Some(("/login", "Sign in")),
                };
            }
            Self::PlainHttp => (
                "Not secure",
                "This server is not reachable over plain http. Use https.",
                None,
            ),
            Self::Unavailable => (
                "Not available",
                "The server cannot do this right now. Nothing was changed; try again in a moment.",
                None,
            ),
            Self::Internal => (
                "Something failed",
                "The server failed. Try again, and tell the operator if it happens again.",
                None,
            ),
        };
        Told {
            title,
            sentence: sentence.into(),
            way_on,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } => StatusCode::SEE_OTHER,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Forged | Self::PlainHttp => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The page. An error does not know where we live, so it has no links until [`at_home`].
    pub(crate) fn response(&self) -> HttpResponse {
        if let Self::SignIn { location } = self {
            return see_other(location).unwrap_or_else(|_| Self::Internal.response());
        }
        let told = self.told();
        let mut response = page(self.status(), told.page(None));
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(told);
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

/// Gives the page of an error its links and its icon. Whatever else the response is, it stays.
pub(crate) fn at_home(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let told = response.response().extensions().get::<Told>().cloned();
    let site = response.request().app_data::<web::Data<Site>>().cloned();
    match (told, site) {
        (Some(told), Some(site)) => {
            response.map_body(|_, _| BoxBody::new(told.page(Some(&site.base)).into_string()))
        }
        _ => response,
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.status()
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

const CONNECTIONS: Option<(&str, &str)> = Some(("/connections", "Your connections"));

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

    #[test]
    fn an_error_says_what_to_do_and_where_to_go() {
        let told = PageError::Throttled {
            retry_after: Duration::from_millis(39_500),
        }
        .told();
        let page = told.page(Some("/base")).into_string();
        assert!(page.contains("Wait 40 seconds") && page.contains("href=\"/base/login\""));
        // Where we live is not known yet: no link that leads elsewhere.
        assert!(!told.page(None).into_string().contains("href"));
    }
}
