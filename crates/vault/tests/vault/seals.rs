//! Ciphertexts open where they were made for, and nowhere else.

use proptest::prelude::*;
use vouchsafe_model::{AttemptSecrets, DataKeyId, HostsDigest, SealContext, Sealed, Secret};
use vouchsafe_vault::{OpenDataKey, Vault, VaultError};

use crate::{NOW, ids, instance, key_file, rotated, vault};

pub(crate) fn context<'a>() -> SealContext<'a> {
    SealContext {
        table: "upstream_grants",
        column: "refresh_token",
        row: "ugr_1",
        user: "usr_1",
        provider: "github",
        hosts: HostsDigest::of(["https://api.github.com"]),
        version: 1,
    }
}

pub(crate) fn not_opened(context: &SealContext<'_>) -> VaultError {
    VaultError::NotOpened {
        table: context.table.to_owned(),
        column: context.column.to_owned(),
    }
}

pub(crate) fn data_key(vault: &Vault) -> OpenDataKey {
    vault.new_data_key(&ids(5).next(), NOW).0
}

/// Every context that differs from [`context`] in one field, and two that only move a boundary between fields.
fn other_contexts() -> Vec<(&'static str, SealContext<'static>)> {
    let here = context;
    vec![
        (
            "table",
            SealContext {
                table: "access_tokens",
                ..here()
            },
        ),
        (
            "column",
            SealContext {
                column: "id_token",
                ..here()
            },
        ),
        (
            "row",
            SealContext {
                row: "ugr_2",
                ..here()
            },
        ),
        (
            "user",
            SealContext {
                user: "usr_2",
                ..here()
            },
        ),
        ("no user", SealContext { user: "", ..here() }),
        (
            "provider",
            SealContext {
                provider: "gitlab",
                ..here()
            },
        ),
        (
            "hosts",
            SealContext {
                hosts: HostsDigest::of(["https://api.github.com", "https://evil.example"]),
                ..here()
            },
        ),
        (
            "no hosts",
            SealContext {
                hosts: HostsDigest::none(),
                ..here()
            },
        ),
        ("older version", SealContext { version: 0, ..here() }),
        ("newer version", SealContext { version: 2, ..here() }),
        (
            "boundary",
            SealContext {
                table: "upstream_grantsr",
                column: "efresh_token",
                ..here()
            },
        ),
        (
            "exchanged",
            SealContext {
                user: "github",
                provider: "usr_1",
                ..here()
            },
        ),
    ]
}

#[test]
fn va_01__a_ciphertext_opens_only_if_every_field_of_its_context_is_the_same() {
    let (vault, _) = vault(1);
    let key = data_key(&vault);
    let sealed = vault.seal(&key, &context(), &"ghr_secret".into());
    assert_eq!(
        vault.open(&key, &context(), &sealed).unwrap().expose(),
        "ghr_secret"
    );
    for (field, other) in other_contexts() {
        assert_eq!(
            vault.open(&key, &other, &sealed).unwrap_err(),
            not_opened(&other),
            "{field}"
        );
    }
}

#[test]
fn va_01__a_server_s_ciphertext_opens_only_if_every_field_of_its_context_is_the_same() {
    let (vault, _) = vault(1);
    let sealed: Sealed<AttemptSecrets> = vault.seal_for_server(&context(), &"{}".into());
    assert_eq!(vault.open_for_server(&context(), &sealed).unwrap().expose(), "{}");
    for (field, other) in other_contexts() {
        assert_eq!(
            vault.open_for_server(&other, &sealed).unwrap_err(),
            not_opened(&other),
            "{field}"
        );
    }
}

#[test]
fn va_01__two_rows_with_exchanged_ciphertexts_do_not_open() {
    let (vault, _) = vault(1);
    let key = data_key(&vault);
    let (one, two) = (
        context(),
        SealContext {
            row: "ugr_2",
            ..context()
        },
    );
    let (sealed_one, sealed_two) = (
        vault.seal(&key, &one, &"1".into()),
        vault.seal(&key, &two, &"2".into()),
    );
    assert_eq!(vault.open(&key, &one, &sealed_two).unwrap_err(), not_opened(&one));
    assert_eq!(vault.open(&key, &two, &sealed_one).unwrap_err(), not_opened(&two));
}

#[test]
fn va_01__another_instance_with_the_very_same_keys_opens_nothing() {
    let here = vault(1).0;
    let there = Vault::create(instance(2), &key_file(1), ids(1), NOW).unwrap().0;
    let (key, there_key) = (data_key(&here), data_key(&there));
    assert_eq!(key.id, there_key.id);
    let sealed = here.seal(&key, &context(), &"secret".into());
    assert!(here.open(&key, &context(), &sealed).is_ok());
    assert_eq!(
        there.open(&there_key, &context(), &sealed).unwrap_err(),
        not_opened(&context())
    );
    let sealed: Sealed<String> = here.seal_for_server(&context(), &"secret".into());
    assert_eq!(
        there.open_for_server(&context(), &sealed).unwrap_err(),
        not_opened(&context())
    );
}

#[test]
fn ar_03__a_secret_sealed_for_some_hosts_does_not_open_for_others() {
    let (vault, _) = vault(1);
    let key = data_key(&vault);
    let before = SealContext {
        hosts: HostsDigest::of(["https://a.example", "https://b.example"]),
        ..context()
    };
    let sealed = vault.seal(&key, &before, &"secret".into());
    let reordered = SealContext {
        hosts: HostsDigest::of(["https://b.example", "https://a.example"]),
        ..context()
    };
    assert!(vault.open(&key, &reordered, &sealed).is_ok());
    for hosts in [
        vec!["https://a.example"],
        vec!["https://a.example", "https://b.example", "https://c.example"],
        vec![],
    ] {
        let edited = SealContext {
            hosts: HostsDigest::of(hosts),
            ..context()
        };
        assert_eq!(
            vault.open(&key, &edited, &sealed).unwrap_err(),
            not_opened(&edited)
        );
    }
}

#[test]
fn ar_05__a_secret_moved_to_another_table_opens_in_its_old_context_as_long_as_its_key_row_lives() {
    let (vault, _) = vault(1);
    let (key, row) = vault.new_data_key(&ids(5).next(), NOW);
    let sealed = vault.seal(&key, &context(), &"to be revoked".into());
    drop(key);
    let moved = Sealed::from_bytes(sealed.into_bytes());
    let reopened = vault.open_data_key(&row).unwrap();
    assert_eq!(
        vault.open(&reopened, &context(), &moved).unwrap().expose(),
        "to be revoked"
    );
    // The instance key alone does not help once that row is gone.
    assert_eq!(
        vault.open_for_server(&context(), &moved).unwrap_err(),
        VaultError::NotSealed {
            table: "upstream_grants".to_owned(),
            column: "refresh_token".to_owned()
        }
    );
}

#[test]
fn what_an_older_instance_key_sealed_still_opens() {
    let (before, after) = rotated();
    let sealed: Sealed<String> = before.seal_for_server(&context(), &"old".into());
    let (_, data_key) = before.new_data_key(&ids(5).next(), NOW);
    assert_eq!(
        after.open_for_server(&context(), &sealed).unwrap().expose(),
        "old"
    );
    assert!(after.open_data_key(&data_key).is_ok());

    let sealed: Sealed<String> = after.seal_for_server(&context(), &"new".into());
    let refused = before.open_for_server(&context(), &sealed).unwrap_err();
    assert!(
        matches!(refused, VaultError::InstanceKeyUnknown { .. }),
        "new values are sealed by the new key"
    );
}

proptest! {
    #[test]
    fn any_text_opens_as_itself(text: String, row: String, version: i64) {
        let (vault, _) = vault(1);
        let key = data_key(&vault);
        let context = SealContext { row: &row, version, ..context() };
        let sealed = vault.seal(&key, &context, &Secret::new(text.clone()));
        let opened = vault.open(&key, &context, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &text);
    }

    #[test]
    fn no_stored_bytes_panic(bytes: Vec<u8>, as_data_key: bool) {
        let (vault, _) = vault(1);
        let (key, mut row) = vault.new_data_key(&ids(5).next(), NOW);
        let id: &DataKeyId = &row.id;
        let mut wire = vec![1, 30];
        wire.extend_from_slice(id.as_str().as_bytes());
        wire.extend_from_slice(&bytes);
        for wire in [bytes, wire] {
            let sealed = Sealed::from_bytes(wire.clone());
            prop_assert!(vault.open(&key, &context(), &sealed).is_err());
            prop_assert!(vault.open_for_server(&context(), &sealed).is_err());
            if as_data_key {
                row.sealed = wire;
                prop_assert!(vault.open_data_key(&row).is_err());
            }
        }
    }
}
