//! The client's half of PKCE.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// A verifier with its challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkce {
    /// `code_verifier`.
    pub verifier: String,
    /// `code_challenge`, S256.
    pub challenge: String,
}

impl Pkce {
    /// The pair of a verifier.
    pub fn of(verifier: &str) -> Self {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Self {
            verifier: verifier.to_owned(),
            challenge,
        }
    }
}

impl Default for Pkce {
    fn default() -> Self {
        Self::of("a-verifier-of-a-test-that-is-long-enough-0123456789")
    }
}
