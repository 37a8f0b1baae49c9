//! Signatures: access tokens and heads of the record.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};
use vouchsafe_vault::verify_ed25519;

use crate::{rotated, vault};

#[test]
fn a_jwt_signed_with_our_key_verifies_with_the_published_one() {
    let (vault, _) = vault(1);
    let key = vault.signing_key();
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(key.key_id().to_string());
    let encoding = EncodingKey::from_ed_der(key.pkcs8_der().expose());
    let jwt = jsonwebtoken::encode(&header, &json!({"sub": "usr_1"}), &encoding).unwrap();

    let published = vault.verification_keys().remove(0);
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    let decoding = DecodingKey::from_ed_der(&published.public);
    let decoded = jsonwebtoken::decode::<Value>(&jwt, &decoding, &validation).unwrap();
    assert_eq!(decoded.claims["sub"], "usr_1");
    assert_eq!(decoded.header.kid.as_deref(), Some(published.key_id.as_str()));

    let other = DecodingKey::from_ed_der(&crate::vault(2).0.signing_key().public());
    assert!(jsonwebtoken::decode::<Value>(&jwt, &other, &validation).is_err());
}

#[test]
fn sign_and_verify_agree() {
    let (vault, _) = vault(1);
    let key = vault.signing_key();
    let signature = key.sign(b"message");
    assert!(verify_ed25519(&key.public(), b"message", &signature));
    assert!(!verify_ed25519(&key.public(), b"other", &signature));
    assert!(!verify_ed25519(&[0; 32], b"message", &signature));
}

#[test]
fn a_head_is_signed_with_the_checkpoint_key_and_no_other() {
    let (vault, _) = vault(1);
    let head = vault.sign_head(b"head");
    let keys = vault.head_keys();
    assert_eq!(keys.len(), 1);
    assert_eq!(head.key_id, keys[0].key_id);
    assert!(verify_ed25519(&keys[0].public, b"head", &head.signature));
    assert!(!verify_ed25519(
        &vault.signing_key().public(),
        b"head",
        &head.signature
    ));
}

#[test]
fn retired_keys_are_published_after_the_active_one() {
    let (before, after) = rotated();
    let keys = after.verification_keys();
    assert_eq!(keys.len(), 2);
    assert_eq!(&keys[0].key_id, after.signing_key().key_id());
    assert_eq!(keys[1], before.verification_keys()[0]);

    let head = before.sign_head(b"old head");
    let key = after
        .head_keys()
        .into_iter()
        .find(|key| key.key_id == head.key_id)
        .unwrap();
    assert!(verify_ed25519(&key.public, b"old head", &head.signature));
    assert_ne!(after.sign_head(b"head").key_id, head.key_id);
}
