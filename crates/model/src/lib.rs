//! Our nouns: typed ids, secrets, time, randomness, and the states of everything the server keeps.
//!
//! Nothing here performs I/O. A value's type says what has been checked: [`Secret`] never shows itself,
//! [`Sealed`] is ciphertext, [`Digest`] finds an opaque token without knowing it, and [`Tagged`] is a row that
//! grants something and is worth nothing until the vault has verified its MAC.

#![cfg_attr(test, expect(non_snake_case, reason = "tests carry requirement ids"))]

mod access_token;
mod admin_key;
mod authorization;
mod change;
mod client;
mod clock;
mod connect_attempt;
mod connection;
mod delegation;
mod entropy;
mod id;
mod interaction;
mod job;
mod keys;
mod provider;
mod revocation;
mod revoked_access;
mod sealed;
mod secret;
mod session;
mod tagged;
mod text;
mod upstream_grant;
mod user;

pub use access_token::AccessToken;
pub use admin_key::{AdminKey, AdminScope};
pub use authorization::{Authorization, AuthorizationCode, IssuedToken};
pub use change::{Change, ChangeKind};
pub use client::{
    Ceiling, Client, ClientAuthMethod, ClientId, ClientSecretDigest, ClientStatus, InvalidClientId,
    ManagedBy, ScopeBound,
};
pub use clock::{Clock, FixedClock, Sleep, UnixMillis};
pub use connect_attempt::{ApprovedDelegation, AttemptSecrets, ConnectAttempt, ConnectAttemptState};
pub use connection::{Connection, ConnectionState, ReconnectReason};
pub use delegation::{Delegation, DelegationDecision};
pub use entropy::{Entropy, Ids, OsEntropy, SeededEntropy};
pub use id::{
    AccessTokenId, AdminKeyId, AuthorizationId, CodeId, ConnectAttemptId, ConnectionId, DataKeyId,
    DelegationId, InstanceId, InteractionId, InvalidId, JobId, KeyId, RecordId, RevocationId, SessionId,
    TokenId, TypedId, UpstreamGrantId, UserId,
};
pub use interaction::{Interaction, InteractionState};
pub use job::{Job, JobState};
pub use keys::{DataKey, KeyPurpose, KeyState, ServerKey};
pub use provider::{InvalidProviderId, Provider, ProviderId};
pub use revocation::{RevocationSecret, RevocationState, UpstreamRevocation};
pub use revoked_access::{AccessOf, UnknownAccess};
pub use sealed::{Digest, HostsDigest, SealContext, Sealed};
pub use secret::Secret;
pub use session::Session;
pub use tagged::{Authority, Tag, Tagged};
pub use text::UnknownText;
pub use upstream_grant::{EffectiveScope, UpstreamGrant};
pub use user::{Credential, Identity, User, UserStatus};
