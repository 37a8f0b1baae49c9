//! Ed25519 (RFC 8032): access tokens of ours and heads of the record.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, UnparsedPublicKey};
use vouchsafe_model::{KeyId, Secret};

use crate::ring::Ring;
use crate::vault::Vault;

/// A private key that signs.
pub struct SigningKey {
    key_id: KeyId,
    pair: Ed25519KeyPair,
    public: [u8; 32],
    verifier: ParsedPublicKey,
    pkcs8_der: Secret<Vec<u8>>,
}

impl SigningKey {
    /// The key pair of a 32-byte seed (RFC 8032 section 5.1.5).
    pub(crate) fn from_seed(key_id: KeyId, seed: &Secret<[u8; 32]>) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).expect("any 32 bytes are a seed");
        let public: [u8; 32] = pair
            .public_key()
            .as_ref()
            .try_into()
            .expect("an Ed25519 public key has 32 bytes");
        let verifier = ParsedPublicKey::new(&ED25519, public).expect("the public half of a pair is a key");
        let mut der = Vec::with_capacity(PKCS8_HEAD.len() + 32);
        der.extend_from_slice(&PKCS8_HEAD);
        der.extend_from_slice(seed.expose());
        Self {
            key_id,
            pair,
            public,
            verifier,
            pkcs8_der: Secret::new(der),
        }
    }

    /// `kid`.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// The private half as PKCS #8 (RFC 8410 section 7), for JWT libraries.
    pub fn pkcs8_der(&self) -> &Secret<Vec<u8>> {
        &self.pkcs8_der
    }

    /// Signs `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.pair
            .sign(message)
            .as_ref()
            .try_into()
            .expect("an Ed25519 signature has 64 bytes")
    }

    fn verification_key(&self) -> VerificationKey {
        VerificationKey {
            key_id: self.key_id.clone(),
            public: self.public,
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.key_id)
    }
}

/// A public key and the `kid` it goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationKey {
    /// `kid`.
    pub key_id: KeyId,
    /// The Ed25519 public key.
    pub public: [u8; 32],
}

/// The signature of a head of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadSignature {
    /// The checkpoint key.
    pub key_id: KeyId,
    /// The Ed25519 signature.
    pub signature: [u8; 64],
}

impl Vault {
    /// The key that signs new access tokens.
    pub fn signing_key(&self) -> &SigningKey {
        self.keys().signing.active().1
    }

    /// The keys access tokens verify with: the active one, then retired ones from new to old.
    pub fn verification_keys(&self) -> Vec<VerificationKey> {
        verification_keys(&self.keys().signing)
    }

    /// The key that made `signature` over `message` of an access token, if there is one that goes by this `kid`.
    pub fn token_signed_by(&self, kid: &str, message: &[u8], signature: &[u8]) -> Option<&KeyId> {
        let mut keys = self.keys().signing.iter();
        let (id, key) = keys.find(|(id, _)| id.as_str() == kid)?;
        let verified = key.verifier.verify_sig(message, signature);
        verified.is_ok().then_some(id)
    }

    /// Whether access tokens that this key signed still verify.
    pub fn verifies_with(&self, key_id: &KeyId) -> bool {
        self.keys().signing.find(key_id).is_some()
    }

    /// Signs a head of the record, or a checkpoint of its tree: neither passes for the other, as no text begins like the
    /// message of a head.
    pub fn sign_head(&self, message: &[u8]) -> HeadSignature {
        let (key_id, key) = self.keys().checkpoint.active();
        HeadSignature {
            key_id: key_id.clone(),
            signature: key.sign(message),
        }
    }

    /// The keys heads verify with: the active one, then retired ones from new to old.
    pub fn head_keys(&self) -> Vec<VerificationKey> {
        verification_keys(&self.keys().checkpoint)
    }
}

/// Whether `signature` is that of `message` under `public`. Also `false` for what is no key or no signature.
pub fn verify_ed25519(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public)
        .verify(message, signature)
        .is_ok()
}

fn verification_keys(ring: &Ring<SigningKey>) -> Vec<VerificationKey> {
    ring.iter().map(|(_, key)| key.verification_key()).collect()
}

/// All of an Ed25519 `PrivateKeyInfo` (RFC 8410 section 7) before the seed: version 0, OID 1.3.101.112, and two nested
/// octet strings. Written out, because the library's own encoder leaves a copy that nobody wipes.
const PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
    }

    fn key(seed: [u8; 32]) -> SigningKey {
        SigningKey::from_seed(
            "key_00000000000000000000000000".parse().unwrap(),
            &Secret::new(seed),
        )
    }

    #[test]
    fn rfc_8032__section_7_1_test_2() {
        let key = key(unhex(
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        ));
        assert_eq!(
            key.public(),
            unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        );
        let signature = unhex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        assert_eq!(key.sign(&[0x72]), signature);
        assert!(verify_ed25519(&key.public(), &[0x72], &signature));
        assert!(!verify_ed25519(&key.public(), &[0x73], &signature));
        assert!(!verify_ed25519(&key.public(), &[0x72], &signature[..63]));
        assert!(!verify_ed25519(&key.public(), &[0x72], b""));
    }

    #[test]
    fn our_pkcs8_is_the_library_s() {
        let key = key([9; 32]);
        assert_eq!(key.pkcs8_der().expose(), key.pair.to_pkcs8v1().unwrap().as_ref());
    }
}
