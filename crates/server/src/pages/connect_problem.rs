//! What a person is told when an account could not be connected: what it was, and what to do.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use vouchsafe_identity_provider::{ConnectError, ProviderRefusal};

use super::message::{self, Message, Tone};
use crate::html::page;
use crate::site::Site;

/// The page for it.
pub(crate) fn response(error: &ConnectError, site: &Site) -> HttpResponse {
    let (status, title, sentence) = told(error);
    if status.is_server_error() {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "an account could not be connected"
        );
    }
    let connections = site.path("/connections");
    let message = Message {
        tone: tone(error),
        ..Message::wrong(title, sentence).way_on(&connections, "Your connections")
    };
    page(status, message::document(&message, Some(&site.base)))
}

/// Nothing is wrong where the person said no, or where the provider will say later whose account it is.
fn tone(error: &ConnectError) -> Tone {
    match error {
        ConnectError::Refused(ProviderRefusal::Declined)
        | ConnectError::IdentityPending
        | ConnectError::AlreadyFinished => Tone::Still,
        _ => Tone::Wrong,
    }
}

fn told(error: &ConnectError) -> (StatusCode, &'static str, &'static str) {
    match error {
        ConnectError::ProviderNotFound => (
            StatusCode::NOT_FOUND,
            "Not found",
            "There is no such provider here. Choose one on your connections page.",
        ),
        ConnectError::ConnectionNotFound => (
            StatusCode::NOT_FOUND,
            "Not found",
            "You have no such connection any more. Connect the account anew from your connections page.",
        ),
        ConnectError::Misconfigured(_) | ConnectError::Provider(_) | ConnectError::Vault(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            NOT_CONNECTED,
            "This provider is not set up correctly here. Tell the operator of this server.",
        ),
        ConnectError::NotThisBrowser => (
            StatusCode::FORBIDDEN,
            NOT_CONNECTED,
            "This was not started in this browser by you, so nothing was connected. If somebody sent you the link, do \
             not use it; start from your connections page.",
        ),
        ConnectError::Expired => (
            StatusCode::GONE,
            "Too late",
            "This took too long, so nothing was connected. Start again.",
        ),
        ConnectError::AlreadyFinished => (
            StatusCode::CONFLICT,
            "Already done",
            "This page was opened before; the result stands on your connections page.",
        ),
        ConnectError::Refused(refusal) => (StatusCode::BAD_REQUEST, NOT_CONNECTED, refused(*refusal)),
        ConnectError::IssuerMismatch => (
            StatusCode::BAD_REQUEST,
            NOT_CONNECTED,
            "The answer did not come from the provider you left for, so it was not used. Start again, and tell the \
             operator if it happens again.",
        ),
        ConnectError::ProviderChanged | ConnectError::AuthorityChanged => (
            StatusCode::CONFLICT,
            NOT_CONNECTED,
            "Something was changed or revoked here while you were away, so nothing was connected. Start again.",
        ),
        ConnectError::NotRedeemed => (
            StatusCode::BAD_GATEWAY,
            NOT_CONNECTED,
            "The provider did not accept our request for access. Start again, and tell the operator if it happens again.",
        ),
        ConnectError::UpstreamUnavailable => (
            StatusCode::BAD_GATEWAY,
            NOT_CONNECTED,
            "The provider could not be reached. Wait a moment, then start again.",
        ),
        ConnectError::IdentityUnverified => (
            StatusCode::BAD_GATEWAY,
            NOT_CONNECTED,
            "The provider did not say clearly whose account this is, so nothing was connected. Start again.",
        ),
        ConnectError::IdentityPending => (
            StatusCode::ACCEPTED,
            "Almost connected",
            "You have agreed, but the provider cannot yet say whose account it is. This goes on by itself; look at your \
             connections page in some minutes.",
        ),
        ConnectError::DifferentAccount => (
            StatusCode::CONFLICT,
            "Another account",
            "You came back with another account than the one to renew, so nothing was changed. Sign in at the provider \
             with the right account and start again, or connect this one anew.",
        ),
        ConnectError::AccountTaken => (
            StatusCode::CONFLICT,
            NOT_CONNECTED,
            "Another user of this server has connected this account. They must disconnect it first.",
        ),
        ConnectError::Store(_) | ConnectError::Interrupted => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available",
            "The server cannot do this right now. Look at your connections page in a moment, and start again if nothing \
             is there.",
        ),
    }
}

fn refused(refusal: ProviderRefusal) -> &'static str {
    match refusal {
        ProviderRefusal::Declined => {
            "You did not agree at the provider, so nothing was connected. If that was a mistake, start again."
        }
        ProviderRefusal::Temporary => {
            "The provider cannot do this right now. Wait a moment, then start again."
        }
        ProviderRefusal::Other => {
            "The provider refused. Start again, and tell the operator of this server if it happens again."
        }
    }
}

const NOT_CONNECTED: &str = "Not connected";
