//! Connecting an account: the browser that finishes is the user that started.
//!
//! 1. [`IdentityProvider::begin`](crate::IdentityProvider::begin): a fresh `state`, a per-flow cookie, PKCE and `nonce`;
//!    everything that the callback must match is written down, and the browser leaves.
//! 2. [`IdentityProvider::finish`](crate::IdentityProvider::finish): one UPDATE takes the attempt, and only with state,
//!    cookie, session, user and provider together (CL-03).
//! 3. `iss` is compared (RFC 9207), then the code is redeemed at the token endpoint that was written down (UP-06).
//! 4. The answer is sealed into the attempt before anything else is done with it (quarantine).
//! 5. Whose account it is: the verified ID token, userinfo, or the answer itself.
//! 6. One transaction: connection, grants, tokens, delegation, interaction, attempt and record; nothing that the flow
//!    rests on has changed since it began (AR-19).
//!
//! Steps 2 to 6 run in a task of the main runtime.

mod account;
mod begin;
mod callback;
mod complete;
mod cookie;
mod delegate;
mod error;
mod fail;
mod id_token;
mod identify;
mod interstitial;
pub(crate) mod jwks;
mod recheck;
pub(crate) mod recover;
mod redeem;
mod renew;

use std::time::Duration;

use vouchsafe_audit::Origin;
use vouchsafe_model::{
    ApprovedDelegation, ClientId, Connection, ConnectionId, Delegation, InteractionId, ProviderId, Secret,
    Session, User,
};
use vouchsafe_oauth_types::Scope;

pub use error::{ConnectError, ProviderRefusal};
pub use interstitial::{InterstitialView, WidenedClient};
pub use recheck::still_signed_in;
pub(crate) use redeem::Redeemed;

/// What a flow begins with. The POST that leads here has been checked: session, CSRF token, recent authentication.
#[derive(Debug, Clone)]
pub struct Begin {
    /// Who.
    pub user: User,
    /// In which browser.
    pub session: Session,
    /// Where to.
    pub provider_id: ProviderId,
    /// What to ask for; `None` = the provider's default scopes.
    pub scope: Option<Scope>,
    /// The connection to renew or widen, instead of making one.
    pub reconnect: Option<ConnectionId>,
    /// The client that asked for it.
    pub client_id: Option<ClientId>,
    /// The interaction that led here.
    pub interaction_id: Option<InteractionId>,
    /// The delegation that the same POST approved.
    pub approved: Option<ApprovedDelegation>,
    /// The request.
    pub origin: Origin,
}

/// Where the browser goes, and the cookie it takes along. Set the cookie with `Secure`, `HttpOnly`, `SameSite=Lax`,
/// `Path=/` and no `Domain`: its name begins with `__Host-`.
#[derive(Debug)]
pub struct Departure {
    /// The provider's authorization endpoint, with all parameters.
    pub url: String,
    /// One cookie per flow, so that flows in several tabs do not disturb each other (CL-08).
    pub cookie_name: String,
    /// Its value.
    pub cookie_value: Secret<String>,
    /// How long it is good for.
    pub max_age: Duration,
}

/// What came back to `/connect/callback/{provider}`.
#[derive(Debug)]
pub struct Callback {
    /// The provider of the path.
    pub provider_id: ProviderId,
    /// The user of the session.
    pub user: User,
    /// The session.
    pub session: Session,
    /// `code`
    pub code: Option<Secret<String>>,
    /// `state`
    pub state: Option<String>,
    /// `error`
    pub error: Option<String>,
    /// `iss` (RFC 9207)
    pub iss: Option<String>,
    /// All cookies of the request.
    pub cookies: Vec<(String, Secret<String>)>,
    /// The request.
    pub origin: Origin,
}

/// A finished flow.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The connection, new or renewed.
    pub connection: Connection,
    /// Its provider, for people.
    pub provider_name: String,
    /// The delegation that was approved before leaving.
    pub delegation: Option<Delegation>,
    /// Agents that may use it by what was decided before: those that an admin trusts, or that had leave for it.
    pub agents: Vec<WidenedClient>,
    /// The interaction that it answers.
    pub interaction_id: Option<InteractionId>,
}
