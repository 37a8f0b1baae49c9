//! One journey of a browser to a provider and back.

use serde::{Deserialize, Serialize};
use vouchsafe_oauth_types::Scope;

use crate::client::{ClientId, ScopeBound};
use crate::clock::UnixMillis;
use crate::id::{ConnectAttemptId, ConnectionId, InteractionId, SessionId, UserId};
use crate::provider::ProviderId;
use crate::sealed::{Digest, HostsDigest, Sealed};
use crate::text::text_enum;

text_enum!(/// Where an attempt is.
ConnectAttemptState {
    /// The browser is at the provider.
    Pending = "pending",
    /// The one callback that won is redeeming the code.
    Redeeming = "redeeming",
    /// Tokens received and sealed, the account not yet known.
    Quarantined = "quarantined",
    /// Connected.
    Done = "done",
    /// Over without a connection.
    Failed = "failed",
});

/// What only the server may know about an attempt; sealed as JSON into its row. Also what the person approved before
/// leaving, so that the database alone cannot add to it.
#[derive(Clone, Serialize, Deserialize)]
pub struct AttemptSecrets {
    /// PKCE verifier (RFC 7636); absent where the provider chokes on PKCE.
    pub code_verifier: Option<String>,
    /// OIDC nonce.
    pub nonce: Option<String>,
    /// The delegation that the same POST approved.
    pub approved: Option<ApprovedDelegation>,
}

impl std::fmt::Debug for AttemptSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttemptSecrets(..)")
    }
}

impl zeroize::Zeroize for AttemptSecrets {
    fn zeroize(&mut self) {
        self.code_verifier.zeroize();
        self.nonce.zeroize();
    }
}

/// A delegation approved by a POST before the browser left for the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedDelegation {
    /// To whom.
    pub client_id: ClientId,
    /// How much.
    pub scope: ScopeBound,
    /// The interaction it answers.
    pub interaction_id: InteractionId,
}

/// A connect attempt. The callback needs the state, the per-flow cookie *and* the session (CL-03).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectAttempt {
    /// Id.
    pub id: ConnectAttemptId,
    /// The connection it will make or renew.
    pub connection_id: ConnectionId,
    /// Whether the connection exists already and is being renewed or widened.
    pub reconnect: bool,
    /// Who started.
    pub user_id: UserId,
    /// In which browser.
    pub session_id: SessionId,
    /// Where to.
    pub provider_id: ProviderId,
    /// Who asked for it.
    pub client_id: Option<ClientId>,
    /// The interaction that led here.
    pub interaction_id: Option<InteractionId>,
    /// Digest of `state`.
    pub state_digest: Digest<Self>,
    /// Digest of the per-flow cookie.
    pub cookie_digest: Digest<Self>,
    /// Verifier, nonce and approval, sealed.
    pub secrets: Sealed<AttemptSecrets>,
    /// The redirect URI that was sent.
    pub redirect_uri: String,
    /// The token endpoint recorded at the start (UP-06).
    pub token_url: String,
    /// The issuer expected in the response (RFC 9207), when the provider has one.
    pub expected_issuer: Option<String>,
    /// The upstream client.
    pub upstream_client_id: String,
    /// Hosts of the provider at the start.
    pub hosts: HostsDigest,
    /// Scopes asked for.
    pub scope: Scope,
    /// Where it is.
    pub state: ConnectAttemptState,
    /// The token response while quarantined, sealed.
    pub quarantine: Option<Sealed<String>>,
    /// Authority state it began under; re-checked when it completes (AR-19).
    pub change_seq: i64,
    /// Creation.
    pub created_at: UnixMillis,
    /// End; the row stays until then, so that a duplicate callback gets a friendly page.
    pub expires_at: UnixMillis,
}
