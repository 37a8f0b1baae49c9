//! Data keys belong to one connection.

use vouchsafe_model::{ConnectionId, Sealed};
use vouchsafe_vault::VaultError;

use crate::seals::{context, data_key, not_opened};
use crate::{NOW, ids, vault};

#[test]
fn va_01__a_data_key_opens_only_for_its_connection_and_under_its_id() {
    let (vault, _) = vault(1);
    let connections: (ConnectionId, ConnectionId) = (ids(5).next(), ids(6).next());
    let (_, row) = vault.new_data_key(&connections.0, NOW);
    let (_, other) = vault.new_data_key(&connections.1, NOW);
    assert!(vault.open_data_key(&row).is_ok());

    let mut moved = row.clone();
    moved.connection_id = connections.1;
    let mut renamed = row.clone();
    renamed.id = other.id.clone();
    let mut exchanged = row.clone();
    exchanged.sealed = other.sealed;
    let mut truncated = row;
    truncated.sealed.truncate(20);
    for row in [moved, renamed, exchanged, truncated] {
        let refused = VaultError::DataKeyNotOpened {
            data_key_id: row.id.clone(),
        };
        assert_eq!(vault.open_data_key(&row).unwrap_err(), refused);
    }
}

#[test]
fn va_01__a_value_does_not_open_with_the_key_of_another_connection() {
    let (vault, _) = vault(1);
    let (key, other) = (data_key(&vault), data_key(&vault));
    let sealed = vault.seal(&key, &context(), &"secret".into());
    let refused = vault.open(&other, &context(), &sealed).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "the value of upstream_grants.refresh_token is not sealed with data key {}",
            other.id
        )
    );
    // Not even when the ciphertext is made to name it.
    let wire = sealed.into_bytes();
    let at = 2 + key.id.as_str().len();
    let forged = [&wire[..2], other.id.as_str().as_bytes(), &wire[at..]].concat();
    assert_eq!(
        vault
            .open(&other, &context(), &Sealed::from_bytes(forged))
            .unwrap_err(),
        not_opened(&context())
    );
}
