//! Nothing the vault hands out shows a key when it is formatted.

use vouchsafe_vault::{FileKeyProvider, SigningKey, Vault};

use crate::{NOW, ids, key_file, vault};

#[test]
fn va_05__debug_of_every_type_with_a_key_shows_its_id_at_most() {
    let (vault, _) = vault(1);
    let (data_key, _) = vault.new_data_key(&ids(5).next(), NOW);
    let signing: &SigningKey = vault.signing_key();
    assert_eq!(format!("{vault:?}"), format!("Vault({})", vault.instance()));
    assert_eq!(format!("{data_key:?}"), format!("OpenDataKey({})", data_key.id));
    assert_eq!(
        format!("{signing:?}"),
        format!("SigningKey({})", signing.key_id())
    );
    assert_eq!(format!("{:?}", key_file(1)), "FileKeyProvider(..)");
    assert_eq!(format!("{:?}", FileKeyProvider::generate(&ids(1))), "Secret(..)");
    assert_eq!(format!("{:?}", signing.pkcs8_der()), "Secret(..)");
    assert_eq!(
        format!("{:#?}", Some(&vault)),
        format!("Some(\n    Vault({}),\n)", vault.instance())
    );
}

#[test]
fn va_05__debug_of_what_is_public_carries_public_parts_only() {
    let (vault, rows) = vault(1);
    let der = vault.signing_key().pkcs8_der().expose();
    let seed = format!("{:?}", &der[der.len() - 32..]);
    for text in [
        format!("{rows:?}"),
        format!("{:?}", vault.verification_keys()),
        format!("{:?}", vault.head_keys()),
        format!("{:?}", vault.sign_head(b"head")),
        format!("{:?}", vault.fingerprint("gho_secret")),
    ] {
        assert!(!text.contains(seed.trim_matches(['[', ']'])), "{text}");
        assert!(!text.contains("gho_secret"), "{text}");
    }
}

#[test]
fn a_vault_is_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Vault>();
}
