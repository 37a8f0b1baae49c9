//! Tokens that the server itself would not issue, signed with its own key.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;
use vouchsafe_model::{Clock as _, Ids, OsEntropy};
use vouchsafe_testkit::TestApp;
use vouchsafe_vault::{FileKeyProvider, Vault};

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let middle = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&decode(middle)).unwrap()
}

/// The header of a token, unverified.
pub(crate) fn header(token: &str) -> Value {
    serde_json::from_slice(&decode(token.split('.').next().unwrap())).unwrap()
}

/// A token with these claims, in every other respect as the server signs them.
pub(crate) fn signed(app: &TestApp, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(app.instance.vault.signing_key().key_id().to_string());
    signed_with(app, &header, claims)
}

/// The same with another header.
pub(crate) fn signed_with(app: &TestApp, header: &Header, claims: &Value) -> String {
    let key = EncodingKey::from_ed_der(app.instance.vault.signing_key().pkcs8_der().expose());
    jsonwebtoken::encode(header, claims, &key).unwrap()
}

/// A token that names our key and was signed by another.
pub(crate) fn signed_by_another_key(app: &TestApp, claims: &Value) -> String {
    let ids = Ids::new(Arc::new(app.clock.clone()), Arc::new(OsEntropy));
    let provider = FileKeyProvider::from_file_text(&FileKeyProvider::generate(&ids)).unwrap();
    let instance = app.instance.vault.instance().clone();
    let (other, _) = Vault::create(instance, &provider, ids, app.clock.now()).unwrap();
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(app.instance.vault.signing_key().key_id().to_string());
    let key = EncodingKey::from_ed_der(other.signing_key().pkcs8_der().expose());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

/// A token with one claim changed.
pub(crate) fn with(app: &TestApp, token: &str, claim: &str, value: Value) -> String {
    let mut changed = claims(token);
    changed[claim] = value;
    signed(app, &changed)
}

fn decode(segment: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(segment)
        .unwrap()
}
