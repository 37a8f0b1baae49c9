//! What the configuration or an admin says about a user.

use vouchsafe_model::{ManagedBy, Secret};
use vouchsafe_vault::password;

use crate::error::SignInError;
use crate::username::normalise;

/// A user as it should be. Applying it twice changes nothing the second time.
#[derive(Debug, Clone)]
pub struct UserDefinition {
    /// Name for signing in.
    pub username: String,
    /// The password itself. Excludes `password_hash`.
    pub password: Option<Secret<String>>,
    /// Its argon2id PHC string. With neither, the user cannot sign in with a password.
    pub password_hash: Option<String>,
    /// Who says so.
    pub managed_by: ManagedBy,
}

impl UserDefinition {
    /// Whether this is somebody who can be made, and who could sign in with what is given. Asked before anything is
    /// written, so that the operator can be told which line is wrong.
    pub fn check(&self) -> Result<(), SignInError> {
        normalise(&self.username)?;
        match (&self.password, &self.password_hash) {
            (Some(_), Some(_)) => Err(SignInError::PasswordAmbiguous),
            (None, Some(hash)) if !password::is_usable(hash) => Err(SignInError::PasswordHashUnusable),
            _ => Ok(()),
        }
    }
}

/// Whether a definition changed anything. Unchanged: no write, no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Everything stood there already.
    Unchanged,
    /// Something was written and recorded.
    Changed,
}

/// The password of a definition.
pub(crate) enum DefinedPassword {
    None,
    Plain(Secret<String>),
    Hash(String),
}

impl DefinedPassword {
    pub(crate) fn of(password: Option<Secret<String>>, hash: Option<String>) -> Result<Self, SignInError> {
        match (password, hash) {
            (Some(_), Some(_)) => Err(SignInError::PasswordAmbiguous),
            (Some(password), None) => Ok(Self::Plain(password)),
            (None, Some(hash)) => Ok(Self::Hash(hash)),
            (None, None) => Ok(Self::None),
        }
    }
}
