//! The key file: every way it can be wrong is told apart, in a sentence.

use vouchsafe_model::Secret;
use vouchsafe_vault::{FileKeyProvider, KeyProvider, KeyProviderError};

use crate::{ids, key_file};

fn refused(text: &str) -> KeyProviderError {
    FileKeyProvider::from_file_text(&text.into()).unwrap_err()
}

#[test]
fn a_key_file_is_one_line_and_reads_back() {
    let text = FileKeyProvider::generate(&ids(1));
    let text = text.expose();
    assert!(text.starts_with("vouchsafe-key-1:"));
    assert_eq!(text.len(), "vouchsafe-key-1:".len() + 43 + 1 + 8 + 1);
    assert_eq!(text.lines().count(), 1);
    for text in [
        text.clone(),
        text.trim().to_owned(),
        format!("{}\r\n", text.trim()),
    ] {
        assert_eq!(
            FileKeyProvider::from_file_text(&Secret::new(text))
                .unwrap()
                .name(),
            "file"
        );
    }
    assert_ne!(FileKeyProvider::generate(&ids(2)).expose(), text);
}

#[test]
fn va_03__a_key_file_cut_anywhere_is_said_to_be_truncated() {
    let text = FileKeyProvider::generate(&ids(1));
    let text = text.expose().trim();
    assert_eq!(refused(""), KeyProviderError::KeyFileEmpty);
    assert_eq!(refused(" \n"), KeyProviderError::KeyFileEmpty);
    for length in 1..text.len() {
        assert_eq!(
            refused(&text[..length]),
            KeyProviderError::KeyFileDamaged,
            "{length}"
        );
    }
    assert_eq!(refused(&format!("{text}0")), KeyProviderError::KeyFileDamaged);
}

#[test]
fn va_03__a_mistyped_character_is_noticed() {
    let text = FileKeyProvider::generate(&ids(1));
    let text = text.expose().trim();
    for at in "vouchsafe-key-1:".len()..text.len() {
        for typed in ["A", "b", "0", "_", ":", "!", "é"] {
            if &text[at..=at] != typed {
                let mistyped = format!("{}{typed}{}", &text[..at], &text[at + 1..]);
                assert_eq!(
                    refused(&mistyped),
                    KeyProviderError::KeyFileDamaged,
                    "{at} {typed}"
                );
            }
        }
    }
}

#[test]
fn va_03__another_file_or_version_is_named_as_such() {
    for text in ["-----BEGIN PRIVATE KEY-----", "key", "Vouchsafe-key-1:", "{}"] {
        assert_eq!(refused(text), KeyProviderError::NotAKeyFile, "{text}");
    }
    assert_eq!(
        refused("vouchsafe-key-2:whatever"),
        KeyProviderError::KeyFileVersionUnknown
    );
}

#[test]
fn va_03__a_wrong_key_is_told_from_damaged_bytes() {
    let (ids, right, wrong) = (ids(3), key_file(1), key_file(2));
    let key = ids.secret_bytes();
    let wrapped = right.wrap(&key, b"here", &ids).unwrap();
    assert_eq!(right.unwrap(&wrapped, b"here").unwrap().expose(), key.expose());
    assert_eq!(
        wrong.unwrap(&wrapped, b"here").unwrap_err(),
        KeyProviderError::WrongKey
    );
    assert_eq!(
        right.unwrap(&wrapped, b"there").unwrap_err(),
        KeyProviderError::WrappedKeyDamaged
    );
    for length in 0..wrapped.len() {
        let refused = right.unwrap(&wrapped[..length], b"here").unwrap_err();
        assert_eq!(refused, KeyProviderError::WrappedKeyDamaged, "{length}");
    }
}

#[test]
fn va_03__each_refusal_is_one_sentence_with_a_remedy() {
    let missing = KeyProviderError::KeyFileMissing {
        place: "/etc/vouchsafe/key".to_owned(),
    };
    assert_eq!(
        missing.to_string(),
        "there is no key file at /etc/vouchsafe/key: restore the one this database was initialised with, or point \
         the configuration at it"
    );
    assert_eq!(
        KeyProviderError::KeyFileDamaged.to_string(),
        "the key file is truncated or mistyped, its check value does not match: restore it from your backup"
    );
    assert_eq!(
        KeyProviderError::WrongKey.to_string(),
        "the key file is sound but it is not the key of this database: restore the key file this database was \
         initialised with, or restore the database that belongs to this key file"
    );
    for error in [
        missing,
        KeyProviderError::KeyFileEmpty,
        KeyProviderError::NotAKeyFile,
        KeyProviderError::KeyFileVersionUnknown,
        KeyProviderError::KeyFileDamaged,
        KeyProviderError::WrongKey,
        KeyProviderError::WrappedKeyDamaged,
        KeyProviderError::Unavailable {
            reason: "timed out".to_owned(),
        },
    ] {
        let text = error.to_string();
        let (what, remedy) = text.split_once(": ").unwrap();
        assert!(!what.is_empty() && !remedy.is_empty(), "{text}");
        assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
    }
}
