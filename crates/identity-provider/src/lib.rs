//! Faces upstream: provider catalogue, consent flow, code redemption, refresh, upstream revocation.
//!
//! - [`catalogue`] says what to send and what an answer means; [`Egress`] is the only client that sends it.
//! - [`IdentityProvider::begin`] and [`IdentityProvider::finish`] take a person to a provider and back.
//! - [`holdings`] finds a token in the vault; [`IdentityProvider::refresh`] gets a new one when it is cold.
//! - [`IdentityProvider::revoke_connection`] ends a connection here at once and at the provider as soon as it can.
//! - [`IdentityProvider::erase_user`] ends everything of a person, and forgets who it was.
//! - [`IdentityProvider::run_jobs`] does what is left to do.
//!
//! Whatever must be remembered after a provider has answered runs in a task on the main runtime that also writes it:
//! the request that asked for it may go away at any time.

#![cfg_attr(test, expect(non_snake_case, reason = "tests carry requirement ids"))]

pub mod catalogue;

mod admin_connections;
mod connect;
mod egress;
mod erasure;
mod holdings;
mod identity_provider;
mod jobs;
mod provider;
mod refresh;
mod revocation;
mod sealer;
mod sealing;
mod tasks;
mod withdrawal;

pub use admin_connections::ConnectionDetail;
pub use catalogue::{Entry, EntryOverrides};
pub use connect::{
    Begin, Callback, ConnectError, Connected, Departure, InterstitialView, ProviderRefusal, WidenedClient,
    still_signed_in,
};
pub use egress::{Egress, EgressAnswer, EgressError, EgressFailure, EgressFailureKind, EgressOptions};
pub use erasure::EraseError;
pub use holdings::{Fresh, Holding, Holdings, Narrowed, Want, holdings};
pub use identity_provider::{ConnectOptions, IdentityProvider, Parts};
pub use provider::{
    Applied, LoadedProvider, ProviderDefinition, ProviderError, ProviderRequest, Switch, load_provider,
};
pub use refresh::RefreshError;
pub use revocation::{RawRelease, RevokeAnswer, RevokeError, RevokedBy};
pub use withdrawal::take_leave_back;
