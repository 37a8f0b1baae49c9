//! Why the vault does not give out a secret.

use vouchsafe_model::{DataKeyId, KeyId, KeyPurpose};

use crate::provider::KeyProviderError;

/// What failed, and what the operator can do. No variant carries plaintext, key material or the bytes at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The key provider did not wrap a new instance key.
    #[error(
        "the key provider `{provider}` did not wrap a new instance key: check its configuration and try again"
    )]
    InstanceKeyNotWrapped {
        /// Name of the provider.
        provider: String,
        /// What it said.
        source: KeyProviderError,
    },
    /// The key provider did not open an instance key.
    #[error(
        "instance key {key_id} does not open with the key provider `{provider}`: start with the key this database was \
         initialised with"
    )]
    InstanceKeyNotOpened {
        /// The instance key.
        key_id: KeyId,
        /// Name of the provider.
        provider: String,
        /// What it said.
        source: KeyProviderError,
    },
    /// A purpose has no active key.
    #[error("there is no active {purpose} key in table server_keys: restore the table from your backup")]
    NoActiveKey {
        /// The purpose.
        purpose: KeyPurpose,
    },
    /// A server key does not open with the instance key that is said to have sealed it.
    #[error(
        "{purpose} key {key_id} does not open: its row in table server_keys was changed, restore it from your backup"
    )]
    ServerKeyNotOpened {
        /// The key.
        key_id: KeyId,
        /// Its purpose.
        purpose: KeyPurpose,
    },
    /// The public half in the row is not that of the private half.
    #[error(
        "{purpose} key {key_id} has another public half than its row in table server_keys says: the row was changed, \
         restore it from your backup"
    )]
    PublicKeyDiffers {
        /// The key.
        key_id: KeyId,
        /// Its purpose.
        purpose: KeyPurpose,
    },
    /// Sealed by an instance key that is not here.
    #[error("the instance key {key_id} is not in table server_keys: restore the table from your backup")]
    InstanceKeyUnknown {
        /// The key the ciphertext names.
        key_id: KeyId,
    },
    /// A data key does not open.
    #[error(
        "data key {data_key_id} does not open: its row was changed or belongs to another connection or instance"
    )]
    DataKeyNotOpened {
        /// The data key.
        data_key_id: DataKeyId,
    },
    /// Sealed by another data key than the one given.
    #[error("the value of {table}.{column} is not sealed with data key {data_key_id}")]
    SealedByAnotherKey {
        /// Table of the row.
        table: String,
        /// Column within it.
        column: String,
        /// The data key given.
        data_key_id: DataKeyId,
    },
    /// The stored bytes are no ciphertext of ours.
    #[error("the value of {table}.{column} is not a sealed value of a version this server knows")]
    NotSealed {
        /// Table of the row.
        table: String,
        /// Column within it.
        column: String,
    },
    /// The ciphertext does not belong where it was found.
    #[error(
        "the value of {table}.{column} does not open here: it was changed, or sealed for another row, owner, provider, \
         host set or version"
    )]
    NotOpened {
        /// Table of the row.
        table: String,
        /// Column within it.
        column: String,
    },
}
