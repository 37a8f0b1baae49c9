//! Who keeps the outermost key: a file by default, later a KMS, a TPM, an HSM.

use vouchsafe_model::{Ids, Secret};

/// Wraps instance keys, and opens them at start. Everything else in the vault is sealed by an instance key.
pub trait KeyProvider: Send + Sync {
    /// What the configuration calls it (`file`, `awskms`, …), for messages.
    fn name(&self) -> &str;

    /// Wraps `key` so that it opens only with the same `context`.
    fn wrap(&self, key: &Secret<[u8; 32]>, context: &[u8], ids: &Ids) -> Result<Vec<u8>, KeyProviderError>;

    /// Opens what [`KeyProvider::wrap`] made with the same `context`.
    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Secret<[u8; 32]>, KeyProviderError>;
}

/// Why a key provider does not wrap or open a key. Each text says what to do, and none carries key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyProviderError {
    /// There is no key file. For whoever reads the file.
    #[error(
        "there is no key file at {place}: restore the one this database was initialised with, or point the \
         configuration at it"
    )]
    KeyFileMissing {
        /// Where it was looked for.
        place: String,
    },
    /// The file has no content.
    #[error("the key file is empty: restore it from your backup")]
    KeyFileEmpty,
    /// The file is something else.
    #[error(
        "this is not a Vouchsafe key file: point the configuration at the file that `vouchsafe init` wrote"
    )]
    NotAKeyFile,
    /// A later format.
    #[error(
        "the key file has a format this version does not know: run the Vouchsafe version that wrote it, or a later one"
    )]
    KeyFileVersionUnknown,
    /// Part of it is missing or altered.
    #[error(
        "the key file is truncated or mistyped, its check value does not match: restore it from your backup"
    )]
    KeyFileDamaged,
    /// A sound key, but of another database.
    #[error(
        "the key file is sound but it is not the key of this database: restore the key file this database was \
         initialised with, or restore the database that belongs to this key file"
    )]
    WrongKey,
    /// The right key, but the wrapped bytes are not what was wrapped for this place.
    #[error(
        "the wrapped key in the database was changed or moved: restore table server_keys from your backup"
    )]
    WrappedKeyDamaged,
    /// The provider cannot be reached or refuses. For providers outside this crate.
    #[error(
        "the key provider does not answer ({reason}): check that it is running and that this server may use the key"
    )]
    Unavailable {
        /// What it said, without key material.
        reason: String,
    },
}
