//! Verifying our own access tokens, each signature once: an Ed25519 verification costs more than all the rest of a warm
//! exchange. What is remembered is that a text was signed by a key of ours, and what it says; times are looked at each time.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};
use vouchsafe_model::{KeyId, UnixMillis};
use vouchsafe_oauth_types::AccessTokenClaims;
use vouchsafe_vault::Vault;

use crate::own_token::{self, Invalid};

/// Verifies access tokens of one issuer.
pub(crate) struct Verifier {
    vault: Vault,
    issuer: String,
    signed: Cache<[u8; 32], Signed, Bytes>,
}

/// A text that a key of ours has signed.
#[derive(Clone)]
struct Signed {
    key_id: KeyId,
    claims: Arc<AccessTokenClaims>,
    bytes: u64,
}

impl Verifier {
    /// Remembers signatures in at most `bytes`.
    pub(crate) fn new(vault: Vault, issuer: String, bytes: u64) -> Self {
        Self {
            vault,
            issuer,
            signed: Cache::with_weighter(64, bytes, Bytes),
        }
    }

    /// Signature, header, issuer and times. Whether the token still *stands* is the caller's to look up.
    pub(crate) fn verify(&self, token: &str, now: UnixMillis) -> Result<Arc<AccessTokenClaims>, Invalid> {
        // Not the token itself: what lies in memory for minutes is nobody's bearer.
        let name: [u8; 32] = Sha256::digest(token).into();
        if let Some(signed) = self.signed.get(&name) {
            if self.vault.verifies_with(&signed.key_id) {
                own_token::in_time(&signed.claims, now)?;
                return Ok(signed.claims);
            }
            self.signed.remove(&name);
        }
        let (key_id, claims) = own_token::signed(&self.vault, &self.issuer, token)?;
        own_token::in_time(&claims, now)?;
        let claims = Arc::new(claims);
        let signed = Signed {
            key_id,
            claims: Arc::clone(&claims),
            bytes: ENTRY + token.len() as u64,
        };
        self.signed.insert(name, signed);
        Ok(claims)
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<[u8; 32], Signed> for Bytes {
    fn weight(&self, _: &[u8; 32], signed: &Signed) -> u64 {
        signed.bytes
    }
}

/// An entry beside its claims, which are about as long as the token.
const ENTRY: u64 = 400;
