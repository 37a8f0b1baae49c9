//! Why nobody was signed in, or nothing was changed.

use std::time::Duration;

use vouchsafe_model::UserId;
use vouchsafe_store::StoreError;
use vouchsafe_vault::TagError;
use vouchsafe_vault::password::PasswordError;

use crate::username::InvalidUsername;

/// What failed. `Refused` is one answer for an unknown name, a wrong password, and a disabled user (ATK-19).
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Name and password do not belong to an active user.
    #[error("the name or the password is wrong")]
    Refused,
    /// Too many failures for this account from this source, or from this source altogether.
    #[error("too many failures")]
    Throttled {
        /// When to try again.
        retry_after: Duration,
    },
    /// The store did not answer, or whether it committed is unknown.
    #[error("the store is not available")]
    Unavailable(#[from] StoreError),
    /// All password permits stayed taken for too long.
    #[error("too many passwords are being checked")]
    Overloaded,
    /// The runtime went away under the work.
    #[error("the work was interrupted")]
    Interrupted,
    /// A row that grants carries no valid MAC: nothing of it is used.
    #[error("a stored row was changed past the server")]
    RowTampered(#[from] TagError),
    /// A user definition names nobody.
    #[error("the user cannot have this name")]
    UsernameInvalid(#[from] InvalidUsername),
    /// A user definition has both a password and a hash.
    #[error("a user has either a password or a password hash")]
    PasswordAmbiguous,
    /// A user definition has a hash of another kind.
    #[error("the password hash is no argon2id PHC string that this server can check")]
    PasswordHashUnusable,
    /// A password could not be hashed.
    #[error("the password could not be hashed")]
    PasswordNotHashed(#[from] PasswordError),
    /// A password of an absurd length.
    #[error("password: it must have 8 to 1024 characters")]
    PasswordLength,
    /// There is no such user.
    #[error("there is no user {0}")]
    UserNotFound(UserId),
    /// There is a user of this name.
    #[error("there is a user of this name already")]
    UsernameTaken,
    /// The configuration file says what this user is.
    #[error("this user is managed by the configuration file: change it there")]
    ManagedByConfiguration,
    /// The person was erased.
    #[error("this user was erased, and nothing brings them back: create another")]
    UserErased,
    /// There is no such admin key.
    #[error("there is no such admin key")]
    AdminKeyNotFound,
    /// An admin key needs a name that can be shown.
    #[error("name: it must have 1 to 128 characters, none of them a control character")]
    AdminKeyNameInvalid,
    /// An admin key that may do nothing.
    #[error("scopes: name at least one of read, revoke, manage, trust, each once")]
    AdminKeyScopesInvalid,
    /// An admin key that may do more than the one that makes it.
    #[error("an admin key cannot make one with scopes that it does not have itself")]
    AdminKeyScopeBeyondOwn,
    /// Nobody could make admin keys any more over the API.
    #[error(
        "this is the last admin key with the scope trust: make another one first, or delete it on the server itself"
    )]
    LastTrustKey,
}
