//! What can go wrong at a provider, one request at a time.
//!
//! A fault is queued for an endpoint and consumed by the next request there. Some answer *instead of* the
//! endpoint and leave its state alone; the others let it do its work and then spoil the answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One failure to inject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// This status, before any processing; JSON if the body parses as JSON, plain text otherwise.
    Status {
        /// The HTTP status.
        code: u16,
        /// The body, verbatim.
        #[serde(default)]
        body: String,
        /// The `Retry-After` header, verbatim, so that dates and nonsense can be sent too.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// The server does its work (a rotating provider rotates) and then drops the connection: a lost rotation.
    HangUpAfterProcessing,
    /// The connection is dropped and nothing has happened.
    HangUpBeforeProcessing,
    /// The server does its work and holds the answer back for so many milliseconds.
    StallMillis(u64),
    /// An HTML page instead of the answer, before any processing.
    HtmlPage {
        /// The HTTP status.
        status: u16,
    },
    /// The work is done; the first half of the body is sent as if it were all.
    TruncatedJson,
    /// The work is done; the answer has no `access_token`.
    NoAccessToken,
    /// The work is done; `token_type` is replaced by this value. Like [`Fault::NoAccessToken`], it spoils an answer whose
    /// refresh token is good, and the only one that is left where the provider rotates.
    TokenType(Value),
    /// The work is done; `expires_in` is replaced by this value.
    ExpiresIn(Value),
    /// The work is done; `scope` is replaced by this value.
    Scope(Value),
    /// The work is done; this JSON pointer is replaced in the answer, or removed when there is no value.
    Field {
        /// Where, as a JSON pointer such as `/refresh_token`.
        pointer: String,
        /// The new value; absent removes the member.
        #[serde(default)]
        value: Option<Value>,
    },
    /// A JSON body of so many bytes, before any processing.
    HugeBody(u64),
    /// A 307 to this address, before any processing.
    Redirect(String),
    /// The provider's own way to say `invalid_client`, before any processing.
    InvalidClient,
    /// The provider's own way to say `invalid_grant`, before any processing.
    InvalidGrant,
    /// A foreign `iss`: in the authorization response (endpoint authorize) or the ID token (endpoint token).
    WrongIss,
    /// No `iss`, in the same places.
    MissingIss,
    /// The ID token carries another `nonce`.
    WrongNonce,
    /// The ID token is for another `aud`.
    WrongAudience,
}

impl Fault {
    /// A bare status without body or `Retry-After`.
    pub fn status(code: u16) -> Self {
        Self::Status {
            code,
            body: String::new(),
            retry_after: None,
        }
    }

    /// 429 with this `Retry-After`.
    pub fn too_many_requests(retry_after: &str) -> Self {
        Self::Status {
            code: 429,
            body: r#"{"error":"rate_limited"}"#.to_owned(),
            retry_after: Some(retry_after.to_owned()),
        }
    }

    /// Whether the authorization response itself is spoilt, so that showing the consent page must not use it up.
    pub(crate) fn spoils_authorization_response(&self) -> bool {
        matches!(self, Self::WrongIss | Self::MissingIss)
    }
}

/// The endpoints a fault or a delay can be set for, and the journal's column of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// The authorization endpoint and the consent form behind it.
    Authorize,
    /// The token endpoint.
    Token,
    /// Revocation in any of its shapes.
    Revoke,
    /// Introspection in any of its shapes.
    Introspect,
    /// The identity call: userinfo, `/user`, `/me`.
    Userinfo,
    /// The protected API.
    Api,
    /// The OpenID Provider metadata.
    Discovery,
    /// The signing keys.
    Jwks,
    /// A path nobody serves.
    Unknown,
}
