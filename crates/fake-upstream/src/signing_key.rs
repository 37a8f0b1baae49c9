//! The key that signs ID tokens: ES256, made at start, replaceable.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::secrets::random_string;

/// The current key and the ones it replaced; all are published, the last one signs.
#[derive(Debug)]
pub(crate) struct SigningKeys {
    keys: Vec<SigningKey>,
}

#[derive(Debug)]
struct SigningKey {
    kid: String,
    pair: EcdsaKeyPair,
}

impl SigningKeys {
    pub(crate) fn generate() -> std::io::Result<Self> {
        Ok(Self {
            keys: vec![SigningKey::generate()?],
        })
    }

    /// Signs with a new key from now on.
    pub(crate) fn rotate(&mut self) -> std::io::Result<()> {
        self.keys.push(SigningKey::generate()?);
        Ok(())
    }

    /// A compact JWS over the claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let key = self.keys.last().expect("there is a key from the start");
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": key.kid});
        let input = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = key
            .pair
            .sign(&SystemRandom::new(), input.as_bytes())
            .expect("an in-memory P-256 key signs");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The JWK set.
    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": self.keys.iter().map(SigningKey::jwk).collect::<Vec<_>>()})
    }
}

impl SigningKey {
    fn generate() -> std::io::Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| std::io::Error::other("no P-256 key could be generated"))?;
        Ok(Self {
            kid: random_string(12),
            pair,
        })
    }

    fn jwk(&self) -> Value {
        // An uncompressed point: 0x04, 32 bytes of x, 32 bytes of y.
        let point = self.pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        json!({
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        })
    }
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
