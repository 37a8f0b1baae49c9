//! The wire form of everything sealed: version ‖ key id ‖ nonce ‖ ciphertext (XChaCha20-Poly1305).
//!
//! The version is one byte, the key id is text behind its length in one byte, the nonce has 24 bytes. What is
//! authenticated beside the ciphertext (the AAD) is not part of it: whoever opens must know where it belongs.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use vouchsafe_model::{Ids, Secret};

/// A parsed envelope. Nothing about it is authentic until it has been opened.
pub(crate) struct Envelope<'a> {
    key_id: &'a str,
    nonce: [u8; NONCE_LENGTH],
    ciphertext: &'a [u8],
}

/// The bytes are no envelope.
#[derive(Debug)]
pub(crate) struct Malformed;

/// The key or the context is another, or the bytes were changed.
#[derive(Debug)]
pub(crate) struct NotAuthentic;

/// A key and the name it goes by in envelopes.
pub(crate) struct NamedKey<'a> {
    pub(crate) id: &'a str,
    pub(crate) key: &'a Secret<[u8; 32]>,
}

impl NamedKey<'_> {
    /// Seals `plaintext` under a fresh nonce. 192 random bits never repeat, so no counter is kept.
    pub(crate) fn seal(&self, aad: &[u8], plaintext: &[u8], ids: &Ids) -> Vec<u8> {
        let nonce: [u8; NONCE_LENGTH] = ids.bytes();
        let ciphertext = cipher(self.key)
            .encrypt(&XNonce::from(nonce), Payload { msg: plaintext, aad })
            .expect("a plaintext in memory is below the cipher's 256 GiB");
        let mut wire = Vec::with_capacity(2 + self.id.len() + NONCE_LENGTH + ciphertext.len());
        wire.push(VERSION);
        wire.push(u8::try_from(self.id.len()).expect("key ids are shorter than 256 bytes"));
        wire.extend_from_slice(self.id.as_bytes());
        wire.extend_from_slice(&nonce);
        wire.extend_from_slice(&ciphertext);
        wire
    }
}

impl<'a> Envelope<'a> {
    /// Takes the wire form apart.
    pub(crate) fn parse(wire: &'a [u8]) -> Result<Self, Malformed> {
        let (&version, rest) = wire.split_first().ok_or(Malformed)?;
        if version != VERSION {
            return Err(Malformed);
        }
        let (&length, rest) = rest.split_first().ok_or(Malformed)?;
        let (key_id, rest) = rest.split_at_checked(length.into()).ok_or(Malformed)?;
        let (nonce, ciphertext) = rest.split_first_chunk().ok_or(Malformed)?;
        if ciphertext.len() < MAC_LENGTH {
            return Err(Malformed);
        }
        Ok(Self {
            key_id: str::from_utf8(key_id).map_err(|_| Malformed)?,
            nonce: *nonce,
            ciphertext,
        })
    }

    /// The key it claims to be sealed with.
    pub(crate) fn key_id(&self) -> &'a str {
        self.key_id
    }

    /// The plaintext, if `key` sealed it under the same `aad`.
    pub(crate) fn open(&self, key: &Secret<[u8; 32]>, aad: &[u8]) -> Result<Secret<Vec<u8>>, NotAuthentic> {
        cipher(key)
            .decrypt(
                &XNonce::from(self.nonce),
                Payload {
                    msg: self.ciphertext,
                    aad,
                },
            )
            .map(Secret::new)
            .map_err(|_| NotAuthentic)
    }

    /// As [`Envelope::open`], for a plaintext that is itself a key.
    pub(crate) fn open_key(
        &self,
        key: &Secret<[u8; 32]>,
        aad: &[u8],
    ) -> Result<Secret<[u8; 32]>, NotAuthentic> {
        let opened = self.open(key, aad)?;
        <[u8; 32]>::try_from(opened.expose().as_slice())
            .map(Secret::new)
            .map_err(|_| NotAuthentic)
    }
}

fn cipher(key: &Secret<[u8; 32]>) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(<&Key>::from(key.expose()))
}

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 24;
const MAC_LENGTH: usize = 16;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use vouchsafe_model::{FixedClock, SeededEntropy, UnixMillis};

    use super::*;

    fn ids(seed: u64) -> Ids {
        Ids::new(
            Arc::new(FixedClock::at(UnixMillis(0))),
            Arc::new(SeededEntropy::new(seed)),
        )
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, aad: Vec<u8>) {
            if let Ok(envelope) = Envelope::parse(&bytes) {
                prop_assert!(envelope.open(&Secret::new([7; 32]), &aad).is_err());
            }
        }

        #[test]
        fn no_bytes_behind_a_right_beginning_panic(mut rest: Vec<u8>, length: u8) {
            rest.splice(0..0, [VERSION, length]);
            if let Ok(envelope) = Envelope::parse(&rest) {
                prop_assert!(envelope.open_key(&Secret::new([7; 32]), b"").is_err());
            }
        }

        #[test]
        fn what_was_sealed_opens(key: [u8; 32], aad: Vec<u8>, plaintext: Vec<u8>, seed: u64) {
            let key = Secret::new(key);
            let wire = NamedKey { id: "key_a", key: &key }.seal(&aad, &plaintext, &ids(seed));
            let envelope = Envelope::parse(&wire).unwrap();
            prop_assert_eq!(envelope.key_id(), "key_a");
            let opened = envelope.open(&key, &aad).unwrap();
            prop_assert_eq!(opened.expose(), &plaintext);
        }

        #[test]
        fn a_changed_byte_does_not_open_under_the_same_key(plaintext: Vec<u8>, at: prop::sample::Index, flip in 1_u8..) {
            let key = Secret::new([3; 32]);
            let mut wire = NamedKey { id: "key_a", key: &key }.seal(b"aad", &plaintext, &ids(1));
            let at = at.index(wire.len());
            wire[at] ^= flip;
            let opens = Envelope::parse(&wire)
                .is_ok_and(|envelope| envelope.key_id() == "key_a" && envelope.open(&key, b"aad").is_ok());
            prop_assert!(!opens);
        }
    }

    #[test]
    fn the_same_plaintext_is_never_sealed_to_the_same_bytes() {
        let (ids, key) = (ids(1), Secret::new([3; 32]));
        let named = NamedKey {
            id: "key_a",
            key: &key,
        };
        assert_ne!(named.seal(b"", b"same", &ids), named.seal(b"", b"same", &ids));
    }

    #[test]
    fn the_wire_form_is_as_documented() {
        let wire = NamedKey {
            id: "key_a",
            key: &Secret::new([3; 32]),
        }
        .seal(b"", b"four", &ids(1));
        assert_eq!(wire[..7], *b"\x01\x05key_a");
        assert_eq!(wire.len(), 7 + 24 + 4 + 16);
    }
}
