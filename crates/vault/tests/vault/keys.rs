//! Server keys: all of them open at start, or the vault does not.

use std::error::Error as _;

use vouchsafe_model::{Ids, KeyPurpose, KeyState, Secret, ServerKey, Tag, Tagged, UnixMillis};
use vouchsafe_vault::{KeyProvider, KeyProviderError, Vault, VaultError};

use crate::authority::Grant;
use crate::{NOW, ids, instance, key_file, unlocked, vault};

fn refused(rows: Vec<ServerKey>) -> VaultError {
    Vault::unlock(instance(1), rows, &key_file(1), ids(9)).unwrap_err()
}

fn index(rows: &[ServerKey], purpose: KeyPurpose) -> usize {
    rows.iter().position(|row| row.purpose == purpose).unwrap()
}

#[test]
fn a_new_vault_has_one_active_key_per_purpose_and_unlocks_as_itself() {
    let (vault, rows) = vault(1);
    let mut purposes: Vec<_> = rows.iter().map(|row| row.purpose).collect();
    purposes.sort_unstable();
    assert_eq!(
        purposes,
        [
            KeyPurpose::Instance,
            KeyPurpose::Signing,
            KeyPurpose::Checkpoint,
            KeyPurpose::ClientSecret,
            KeyPurpose::RowMac,
            KeyPurpose::Fingerprint,
            KeyPurpose::Cookie,
        ]
    );
    assert!(
        rows.iter()
            .all(|row| row.state == KeyState::Active && row.created_at == NOW)
    );
    for row in &rows {
        let signs = matches!(row.purpose, KeyPurpose::Signing | KeyPurpose::Checkpoint);
        assert_eq!(
            row.public.as_ref().map(Vec::len),
            signs.then_some(32),
            "{}",
            row.purpose
        );
    }

    let again = unlocked(rows);
    assert_eq!(again.instance(), vault.instance());
    assert_eq!(again.fingerprint("token"), vault.fingerprint("token"));
    assert_eq!(again.csrf_token("ses"), vault.csrf_token("ses"));
    assert_eq!(again.digest::<()>("code", "x"), vault.digest::<()>("code", "x"));
    assert_eq!(again.verification_keys(), vault.verification_keys());
    assert_eq!(again.head_keys(), vault.head_keys());
    assert!(again.verify(vault.tag(Grant::example())).is_ok());
    let secret = vault.client_secret("client", "a", &"s".into());
    assert!(
        again
            .matching_client_secret("client", "a", &[secret], "s")
            .is_some()
    );
}

#[test]
fn va_03__another_key_file_is_refused_with_the_key_id_and_the_remedy() {
    let (_, rows) = vault(1);
    let key_id = rows[index(&rows, KeyPurpose::Instance)].id.clone();
    let refused = Vault::unlock(instance(1), rows, &key_file(2), ids(9)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "instance key {key_id} does not open with the key provider `file`: start with the key this database was \
             initialised with"
        )
    );
    assert_eq!(
        refused.source().unwrap().to_string(),
        KeyProviderError::WrongKey.to_string()
    );
}

#[test]
fn va_03__a_missing_purpose_is_refused_by_name() {
    let (_, rows) = vault(1);
    for row in &rows {
        let purpose = row.purpose;
        let rest: Vec<_> = rows
            .iter()
            .filter(|other| other.purpose != purpose)
            .cloned()
            .collect();
        let text = refused(rest).to_string();
        assert_eq!(
            text,
            format!(
                "there is no active {purpose} key in table server_keys: restore the table from your backup"
            )
        );
    }
    assert_eq!(
        refused(Vec::new()),
        VaultError::NoActiveKey {
            purpose: KeyPurpose::Instance
        }
    );
}

#[test]
fn va_03__retired_keys_alone_are_not_enough() {
    let (_, rows) = vault(1);
    for at in 0..rows.len() {
        let mut rows = rows.clone();
        rows[at].state = KeyState::Retired;
        let purpose = rows[at].purpose;
        assert_eq!(refused(rows), VaultError::NoActiveKey { purpose });
    }
}

#[test]
fn va_03__a_truncated_or_changed_key_row_is_refused_with_its_id() {
    let (_, rows) = vault(1);
    for at in 0..rows.len() {
        let ServerKey {
            id: key_id, purpose, ..
        } = rows[at].clone();
        let mut truncated = rows.clone();
        truncated[at].sealed.truncate(40);
        let mut changed = rows.clone();
        *changed[at].sealed.last_mut().unwrap() ^= 1;
        for rows in [truncated, changed] {
            let refused = refused(rows);
            assert!(refused.to_string().contains(key_id.as_str()), "{refused}");
            match refused {
                VaultError::InstanceKeyNotOpened { source, .. } => {
                    assert_eq!(
                        (purpose, source),
                        (KeyPurpose::Instance, KeyProviderError::WrappedKeyDamaged)
                    );
                }
                other => assert_eq!(
                    other,
                    VaultError::ServerKeyNotOpened {
                        key_id: key_id.clone(),
                        purpose
                    }
                ),
            }
        }
    }
}

#[test]
fn va_01__a_key_does_not_open_under_another_id_purpose_or_instance() {
    let (_, rows) = vault(1);
    let (cookie, row_mac) = (index(&rows, KeyPurpose::Cookie), index(&rows, KeyPurpose::RowMac));

    let mut exchanged = rows.clone();
    exchanged[cookie].sealed.clone_from(&rows[row_mac].sealed);
    assert!(matches!(
        refused(exchanged),
        VaultError::ServerKeyNotOpened {
            purpose: KeyPurpose::Cookie,
            ..
        }
    ));

    let mut repurposed = rows.clone();
    repurposed[cookie].purpose = KeyPurpose::RowMac;
    assert!(matches!(
        refused(repurposed),
        VaultError::ServerKeyNotOpened {
            purpose: KeyPurpose::RowMac,
            ..
        }
    ));

    let elsewhere = Vault::unlock(instance(2), rows, &key_file(1), ids(9)).unwrap_err();
    assert!(matches!(elsewhere, VaultError::InstanceKeyNotOpened { .. }));
}

#[test]
fn va_01__two_keys_of_one_purpose_do_not_open_under_each_other_s_id() {
    let ((_, mut rows), (_, old)) = (vault(1), vault(2));
    rows.extend(old.into_iter().map(|key| ServerKey {
        state: KeyState::Retired,
        ..key
    }));
    unlocked(rows.clone());
    for at in 0..rows.len() / 2 {
        let mut exchanged = rows.clone();
        exchanged[at].sealed.clone_from(&rows[at + rows.len() / 2].sealed);
        let text = refused(exchanged).to_string();
        assert!(text.contains(rows[at].id.as_str()), "{text}");
    }
}

#[test]
fn another_public_half_in_the_row_is_refused() {
    let (_, rows) = vault(1);
    for purpose in [KeyPurpose::Signing, KeyPurpose::Checkpoint] {
        for public in [None, Some(vec![0; 32])] {
            let mut rows = rows.clone();
            let at = index(&rows, purpose);
            rows[at].public = public;
            let key_id = rows[at].id.clone();
            assert_eq!(refused(rows), VaultError::PublicKeyDiffers { key_id, purpose });
        }
    }
}

#[test]
fn a_key_sealed_by_an_absent_instance_key_is_refused_with_the_id_of_that_key() {
    let (_, mut rows) = vault(1);
    let (_, mut others) = vault(2);
    let at = index(&rows, KeyPurpose::Instance);
    let lost = std::mem::replace(&mut rows[at], others.remove(at));
    assert_eq!(refused(rows), VaultError::InstanceKeyUnknown { key_id: lost.id });
}

#[test]
fn a_rotation_cut_short_with_two_active_keys_uses_the_newer_and_opens_both() {
    let (old, mut rows) = vault(1);
    let (new, others) = vault(2);
    for row in &mut rows {
        row.created_at = UnixMillis(NOW.0 - 1);
    }
    let both = unlocked(rows.into_iter().chain(others).collect());
    assert_eq!(both.fingerprint("token"), new.fingerprint("token"));
    assert_eq!(
        both.fingerprints("token"),
        [new.fingerprint("token"), old.fingerprint("token")]
    );
    assert!(both.verify(old.tag(Grant::example())).is_ok());
    let (grant, Tag { key_id, .. }) = both.tag(Grant::example()).into_parts();
    assert_eq!(key_id, new.tag(grant.clone()).tag().key_id);
    assert!(
        new.verify(Tagged::new(grant, both.tag(Grant::example()).tag().clone()))
            .is_ok()
    );
}

#[test]
fn a_provider_that_does_not_answer_is_named() {
    struct Broken;

    impl KeyProvider for Broken {
        fn name(&self) -> &'static str {
            "awskms"
        }

        fn wrap(&self, _: &Secret<[u8; 32]>, _: &[u8], _: &Ids) -> Result<Vec<u8>, KeyProviderError> {
            Err(KeyProviderError::Unavailable {
                reason: "timed out".to_owned(),
            })
        }

        fn unwrap(&self, _: &[u8], _: &[u8]) -> Result<Secret<[u8; 32]>, KeyProviderError> {
            Err(KeyProviderError::Unavailable {
                reason: "timed out".to_owned(),
            })
        }
    }

    let created = Vault::create(instance(1), &Broken, ids(1), NOW).unwrap_err();
    assert!(created.to_string().contains("`awskms`"), "{created}");
    let unlocked = Vault::unlock(instance(1), vault(1).1, &Broken, ids(1)).unwrap_err();
    assert!(unlocked.to_string().contains("`awskms`"), "{unlocked}");
    assert!(unlocked.source().unwrap().to_string().contains("timed out"));
}
