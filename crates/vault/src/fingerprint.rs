//! How the record names a token: recognisable to whoever holds both token and key, useless to everybody else.

use std::fmt;

use vouchsafe_model::KeyId;

use crate::framing::hex;
use crate::vault::Vault;

/// A keyed fingerprint of a token. Its text is `<key id>:<64 hexadecimal digits>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// The fingerprint key.
    pub key_id: KeyId,
    /// HMAC-SHA-256 of the token.
    pub mac: [u8; 32],
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.key_id, hex(&self.mac))
    }
}

impl Vault {
    /// The fingerprint under which the record knows `token`.
    pub fn fingerprint(&self, token: &str) -> Fingerprint {
        let (key_id, key) = self.keys().fingerprint.active();
        Fingerprint {
            key_id: key_id.clone(),
            mac: key.mac(&[DOMAIN, token.as_bytes()]),
        }
    }

    /// Every fingerprint under which the record may know `token`: of the key in use, and of those before it.
    pub fn fingerprints(&self, token: &str) -> Vec<Fingerprint> {
        let keys = self.keys().fingerprint.iter();
        keys.map(|(key_id, key)| Fingerprint {
            key_id: key_id.clone(),
            mac: key.mac(&[DOMAIN, token.as_bytes()]),
        })
        .collect()
    }
}

const DOMAIN: &[u8] = b"vouchsafe/fingerprint/1";
