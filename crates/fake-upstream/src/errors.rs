//! What the token endpoint refuses, and how each personality says it.

use serde_json::{Value, json};

use crate::personality::{Personality, Wire};
use crate::reply::{Body, Reply};
use crate::request::Request;

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    Request(&'static str),
    /// The client is unknown or its secret is wrong.
    Client,
    Code(&'static str),
    RedirectUri,
    RefreshToken(&'static str),
    Scope(&'static str),
    GrantType,
    ConsentRequired,
    SeveralResources,
}

impl TokenError {
    /// The error code of RFC 6749 section 5.2.
    fn rfc6749(self) -> &'static str {
        match self {
            Self::Request(_) | Self::SeveralResources => "invalid_request",
            Self::Client => "invalid_client",
            Self::Code(_) | Self::RedirectUri | Self::RefreshToken(_) | Self::ConsentRequired => {
                "invalid_grant"
            }
            Self::Scope(_) => "invalid_scope",
            Self::GrantType => "unsupported_grant_type",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Request(text) | Self::Code(text) | Self::RefreshToken(text) | Self::Scope(text) => text,
            Self::Client => "client authentication failed",
            Self::RedirectUri => "redirect_uri is not the one of the authorization request",
            Self::GrantType => "this grant type is not supported",
            Self::ConsentRequired => "the user has not consented to this",
            Self::SeveralResources => "the scopes are of more than one resource",
        }
    }

    fn github(self) -> &'static str {
        match self {
            Self::Client => "incorrect_client_credentials",
            Self::Code(_) => "bad_verification_code",
            Self::RedirectUri => "redirect_uri_mismatch",
            Self::RefreshToken(_) => "bad_refresh_token",
            other => other.rfc6749(),
        }
    }

    fn slack(self) -> &'static str {
        match self {
            Self::Request(_) => "invalid_arguments",
            Self::Client => "bad_client_secret",
            Self::Code(_) => "invalid_code",
            Self::RedirectUri => "bad_redirect_uri",
            Self::RefreshToken(_) => "invalid_refresh_token",
            Self::GrantType => "invalid_grant_type",
            other => other.rfc6749(),
        }
    }

    fn aadsts(self) -> (u32, Option<&'static str>) {
        match self {
            Self::Request(_) => (900_144, None),
            Self::Client => (7_000_215, None),
            Self::Code(_) | Self::RefreshToken(_) => (70_008, None),
            Self::RedirectUri => (50_011, None),
            Self::Scope(_) => (70_011, None),
            Self::GrantType => (70_003, None),
            Self::ConsentRequired => (65_001, Some("consent_required")),
            Self::SeveralResources => (28_000, None),
        }
    }
}

/// The answer to a refused token request.
pub(crate) fn refusal(personality: &Personality, request: &Request, error: TokenError) -> Reply {
    match personality.wire {
        Wire::Plain => plain(request, error, rfc6749_body(error)),
        Wire::Entra if error == TokenError::Client => Reply::json(401, entra_body(error)),
        Wire::Entra => plain(request, error, entra_body(error)),
        Wire::Atlassian => match error {
            TokenError::Client => Reply::json(
                401,
                json!({"error": "access_denied", "error_description": "Unauthorized"}),
            ),
            TokenError::RefreshToken(_) => Reply::json(
                403,
                json!({"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}),
            ),
            _ => plain(request, error, rfc6749_body(error)),
        },
        Wire::GithubOauthApp | Wire::GithubApp => {
            let body = json!({
                "error": error.github(),
                "error_description": error.description(),
                "error_uri": "https://docs.github.com/apps/oauth",
            });
            json_or_form(request, body)
        }
        Wire::Slack => Reply::json(200, json!({"ok": false, "error": error.slack()})),
    }
}

/// GitHub's choice of encoding, always as 200.
pub(crate) fn json_or_form(request: &Request, value: Value) -> Reply {
    let mut reply = Reply::json(200, value);
    if !request.accepts_json()
        && let Body::Json(value) = reply.body
    {
        reply.body = Body::Form(value);
    }
    reply
}

fn plain(request: &Request, error: TokenError, body: Value) -> Reply {
    let basic = request.authorization_scheme().is_some();
    match error {
        TokenError::Client if basic => {
            Reply::json(401, body).with_header("www-authenticate", "Basic realm=\"fake-upstream\"")
        }
        _ => Reply::json(400, body),
    }
}

fn rfc6749_body(error: TokenError) -> Value {
    json!({"error": error.rfc6749(), "error_description": error.description()})
}

fn entra_body(error: TokenError) -> Value {
    let (number, suberror) = error.aadsts();
    let mut body = json!({
        "error": error.rfc6749(),
        "error_description": format!("AADSTS{number}: {}", error.description()),
        "error_codes": [number],
        "timestamp": "2026-11-22 00:00:00Z",
        "trace_id": "00000000-0000-0000-0000-000000000001",
        "correlation_id": "00000000-0000-0000-0000-000000000002",
    });
    if let Some(suberror) = suberror {
        body["suberror"] = suberror.into();
    }
    body
}
