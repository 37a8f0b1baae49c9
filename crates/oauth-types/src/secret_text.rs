//! Text that must never be shown: tokens and client secrets on the wire.

use std::fmt;

use zeroize::Zeroize;

/// A secret string: wiped on drop, without `Debug` content, `Display` or `Serialize`.
#[derive(Clone)]
pub struct SecretText(String);

impl SecretText {
    /// Takes the text in.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Every call site is a place where it could leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}
