//! Error codes and the error response (RFC 6749 section 5.2).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// Error codes, spelled as registered.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        pub enum ErrorCode {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl ErrorCode {
            /// The wire form.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

error_codes! {
    /// RFC 6749 section 5.2; also for invalid subject and actor tokens (RFC 8693 section 2.2.2).
    InvalidRequest = "invalid_request",
    /// RFC 6749 section 5.2.
    InvalidClient = "invalid_client",
    /// RFC 6749 section 5.2.
    InvalidGrant = "invalid_grant",
    /// RFC 6749 section 5.2.
    UnauthorizedClient = "unauthorized_client",
    /// RFC 6749 section 5.2.
    UnsupportedGrantType = "unsupported_grant_type",
    /// RFC 6749 section 4.1.2.1.
    UnsupportedResponseType = "unsupported_response_type",
    /// RFC 6749 section 5.2.
    InvalidScope = "invalid_scope",
    /// RFC 8707 section 2.
    InvalidTarget = "invalid_target",
    /// RFC 6749 section 4.1.2.1.
    AccessDenied = "access_denied",
    /// RFC 6749 section 4.1.2.1.
    ServerError = "server_error",
    /// RFC 6749 section 4.1.2.1.
    TemporarilyUnavailable = "temporarily_unavailable",
    /// OpenID Connect Core section 3.1.2.6; here: a person must act (`interaction_uri`).
    InteractionRequired = "interaction_required",
    /// RFC 8628 section 3.5; here: too many failed client authentications.
    SlowDown = "slow_down",
    /// RFC 9470 section 3.
    InsufficientUserAuthentication = "insufficient_user_authentication",
    /// RFC 6750 section 3.1.
    InvalidToken = "invalid_token",
    /// RFC 6750 section 3.1.
    InsufficientScope = "insufficient_scope",
    /// OpenID Connect Core section 3.1.2.6.
    LoginRequired = "login_required",
    /// OpenID Connect Core section 3.1.2.6.
    ConsentRequired = "consent_required",
    /// OpenID Connect Core section 3.1.2.6.
    RequestNotSupported = "request_not_supported",
    /// OpenID Connect Core section 3.1.2.6.
    RequestUriNotSupported = "request_uri_not_supported",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a person must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InteractionReason {
    /// The user has not given this client leave.
    AuthorizationNeeded,
    /// The connection must be connected again.
    Reconnect,
    /// More scopes are needed at the provider or in the leave.
    MoreScopes,
    /// This use needs approval.
    Approval,
    /// The user has several accounts there.
    AccountSelection,
}

/// Not a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown interaction reason")]
pub struct UnknownReason;

impl InteractionReason {
    /// The wire form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationNeeded => "authorization_needed",
            Self::Reconnect => "reconnect",
            Self::MoreScopes => "more_scopes",
            Self::Approval => "approval",
            Self::AccountSelection => "account_selection",
        }
    }
}

impl FromStr for InteractionReason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        [
            Self::AuthorizationNeeded,
            Self::Reconnect,
            Self::MoreScopes,
            Self::Approval,
            Self::AccountSelection,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == text)
        .ok_or(UnknownReason)
    }
}

/// Where a person can make the identical call succeed, and how often to try again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InteractionHint {
    /// The page to open.
    pub interaction_uri: String,
    /// Why.
    pub reason: InteractionReason,
    /// Seconds between attempts, at least.
    pub interval: u32,
}

/// The JSON body of an error. Descriptions are fixed sentences: no input is ever echoed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorResponse {
    /// The code.
    pub error: ErrorCode,
    /// What was wrong and what to do, for developers.
    pub error_description: &'static str,
    /// Present with `interaction_required`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionHint>,
}

impl ErrorResponse {
    /// An error without a link.
    pub const fn new(error: ErrorCode, error_description: &'static str) -> Self {
        Self {
            error,
            error_description,
            interaction: None,
        }
    }

    /// The body.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an error response is plain")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_stands_beside_the_code() {
        let mut response = ErrorResponse::new(ErrorCode::InteractionRequired, "a person must act");
        response.interaction = Some(InteractionHint {
            interaction_uri: "https://v.example/interaction/itn_1".to_owned(),
            reason: InteractionReason::Reconnect,
            interval: 5,
        });
        insta::assert_snapshot!(String::from_utf8(response.to_json()).unwrap(), @r#"{"error":"interaction_required","error_description":"a person must act","interaction_uri":"https://v.example/interaction/itn_1","reason":"reconnect","interval":5}"#);
    }
}
