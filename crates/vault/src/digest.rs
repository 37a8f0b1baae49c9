//! Finding our own opaque tokens without storing them, and CSRF tokens, which are not stored at all.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::{Choice, ConstantTimeEq};
use vouchsafe_model::Digest;

use crate::mac::MacKey;
use crate::vault::Vault;

impl Vault {
    /// The digest to store for an opaque token of ours. `kind` keeps a token of one kind from being found as another.
    pub fn digest<T>(&self, kind: &str, token: &str) -> Digest<T> {
        digest(self.keys().cookie.active().1, kind, token)
    }

    /// The digests to look a presented token up by, under every live key, newest first.
    pub fn digests<T>(&self, kind: &str, token: &str) -> Vec<Digest<T>> {
        self.keys()
            .cookie
            .iter()
            .map(|(_, key)| digest(key, kind, token))
            .collect()
    }

    /// The CSRF token of a subject: a session, or a per-flow cookie before there is one.
    pub fn csrf_token(&self, subject: &str) -> String {
        URL_SAFE_NO_PAD.encode(csrf(self.keys().cookie.active().1, subject))
    }

    /// Whether `presented` is a CSRF token of `subject` under any live key. Constant time in the token.
    pub fn csrf_token_matches(&self, subject: &str, presented: &str) -> bool {
        let Ok(presented) = URL_SAFE_NO_PAD.decode(presented) else {
            return false;
        };
        let matches = self
            .keys()
            .cookie
            .iter()
            .fold(Choice::from(0), |matches, (_, key)| {
                matches | csrf(key, subject).as_slice().ct_eq(&presented)
            });
        matches.into()
    }
}

fn digest<T>(key: &MacKey, kind: &str, token: &str) -> Digest<T> {
    Digest::from_bytes(key.mac(&[b"vouchsafe/digest/1", kind.as_bytes(), token.as_bytes()]))
}

fn csrf(key: &MacKey, subject: &str) -> [u8; 32] {
    key.mac(&[b"vouchsafe/csrf/1", subject.as_bytes()])
}
