//! HMAC-SHA-256 (RFC 2104) over framed parts.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use vouchsafe_model::Secret;

use crate::framing::length;

/// A MAC key with its two padded blocks already hashed, which halves the cost of a short MAC. Wiped on drop.
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: &Secret<[u8; 32]>) -> Self {
        Self(Hmac::new_from_slice(key.expose()).expect("HMAC takes keys of any length"))
    }

    /// The MAC of `parts` as [`framed`](crate::framing::framed) would join them, without a copy of a secret part.
    /// The first part names the use: one key serves several.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&length(part));
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{framed, hex};

    #[test]
    fn parts_are_framed() {
        let key = MacKey::new(&Secret::new([1; 32]));
        let mut whole = key.0.clone();
        whole.update(&framed(&[b"ab", b"c"]));
        assert_eq!(
            key.mac(&[b"ab", b"c"]),
            <[u8; 32]>::from(whole.finalize().into_bytes())
        );
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
    }

    /// RFC 4231 section 4.3 pads to the same block as our 32-byte key with trailing zeros.
    #[test]
    fn rfc_4231__test_case_2() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mut mac = MacKey::new(&Secret::new(key)).0;
        mac.update(b"what do ya want for nothing?");
        let mac: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(
            hex(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
