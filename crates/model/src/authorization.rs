//! A person's leave for a client at our own authorization server, and what follows from it.

use serde::{Deserialize, Serialize};
use vouchsafe_oauth_types::Scope;

use crate::client::ClientId;
use crate::clock::UnixMillis;
use crate::id::{AuthorizationId, CodeId, SessionId, TokenId, UserId};
use crate::sealed::Digest;
use crate::tagged::Authority;

/// Consent of a user to a client (person x client). Not a delegation: it opens no connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// Id.
    pub id: AuthorizationId,
    /// Who consented.
    pub user_id: UserId,
    /// To whom.
    pub client_id: ClientId,
    /// To which scopes of ours.
    pub scope: Scope,
    /// Creation or last widening.
    pub granted_at: UnixMillis,
}

impl Authority for Authorization {
    const KIND: &'static str = "authorizations/1";
}

/// An authorization code (RFC 6749 section 4.1.2), bound to everything it was issued under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// Id of the row.
    pub id: CodeId,
    /// Digest of the code.
    pub code: Digest<Self>,
    /// The consent it rests on.
    pub authorization_id: AuthorizationId,
    /// Who.
    pub user_id: UserId,
    /// The browser session.
    pub session_id: SessionId,
    /// When that session authenticated.
    pub authenticated_at: UnixMillis,
    /// To whom it was issued.
    pub client_id: ClientId,
    /// Where it was sent, exactly.
    pub redirect_uri: String,
    /// PKCE challenge (S256).
    pub code_challenge: String,
    /// OIDC nonce.
    pub nonce: Option<String>,
    /// Requested resources (RFC 8707).
    pub resource: Vec<String>,
    /// Granted scope.
    pub scope: Scope,
    /// Authority state it was issued under: nothing revoked since may be overlooked.
    pub change_seq: i64,
    /// End of its life.
    pub expires_at: UnixMillis,
}

impl Authority for AuthorizationCode {
    const KIND: &'static str = "authorization_codes/1";
}

/// An access token of ours that is out there: what revocation needs to know about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedToken {
    /// Its `jti`.
    pub id: TokenId,
    /// The code it came from.
    pub code_id: CodeId,
    /// The consent it rests on.
    pub authorization_id: AuthorizationId,
    /// The browser session it came from.
    pub session_id: SessionId,
    /// Its `sub`.
    pub user_id: UserId,
    /// Its `client_id`.
    pub client_id: ClientId,
    /// When it was issued, in milliseconds: `iat` counts seconds. Behind every epoch of its client that was there by
    /// then, also where another server's clock is ahead.
    pub issued_at: UnixMillis,
    /// Its `exp`.
    pub expires_at: UnixMillis,
    /// When it was revoked.
    pub revoked_at: Option<UnixMillis>,
}
