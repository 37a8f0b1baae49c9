//! The key file: 256 bits that open everything the database holds.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use vouchsafe_model::{Ids, Secret};
use vouchsafe_store::{Location, Store, StoreError, seals};
use vouchsafe_vault::{FileKeyProvider, KeyProviderError};

use crate::files::{self, Readers};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none, or it is not sound.
    #[error("the key file {path} cannot be used")]
    Unusable {
        /// Where.
        path: String,
        /// What it is instead.
        source: KeyProviderError,
    },
    /// The file cannot be read or written.
    #[error(
        "the key file {path} cannot be read or written: check that this user may, and that its folder exists"
    )]
    File {
        /// Where.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others may read or change it.
    #[error(
        "the key file {path} is open to other users (mode {mode:03o}): it opens everything, so close it with \
         `chmod 600 {path}`"
    )]
    Open {
        /// Where.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// Whether the database holds sealed rows cannot be found out.
    #[error("the database cannot be looked into")]
    Store(#[from] StoreError),
}

/// Reads the key file.
pub fn read(path: &Path) -> Result<FileKeyProvider, KeyFileError> {
    let text = fs::read_to_string(path)
        .map(Secret::new)
        .map_err(|error| file_error(path, error))?;
    // A group may read it: that is how orchestrators hand secrets to a process that is not root.
    if let Some(mode) = files::mode(path).filter(|mode| mode & 0o027 != 0) {
        let path = path.display().to_string();
        return Err(KeyFileError::Open { path, mode });
    }
    FileKeyProvider::from_file_text(&text).map_err(|source| KeyFileError::Unusable {
        path: path.display().to_string(),
        source,
    })
}

/// Reads the key file; makes one only for a database that holds nothing sealed. A new key for sealed rows would open
/// none of them, and the sight of a fresh file would hide that the right one is missing.
pub fn read_or_create(path: &Path, location: &Location, ids: &Ids) -> Result<FileKeyProvider, KeyFileError> {
    match read(path) {
        Err(KeyFileError::Unusable {
            source: KeyProviderError::KeyFileMissing { .. },
            ..
        }) if !holds_sealed_rows(location)? => {
            create(path, ids)?;
            tracing::info!(key.file = %path.display(), "made a new key file: keep a copy of it apart from the database");
            read(path)
        }
        outcome => outcome,
    }
}

/// Makes a key file; there must be none.
pub fn create(path: &Path, ids: &Ids) -> Result<(), KeyFileError> {
    files::create(
        path,
        FileKeyProvider::generate(ids).expose().as_bytes(),
        Readers::Owner,
    )
    .map_err(|error| file_error(path, error))
}

/// Whether a new key would be the wrong one.
pub(crate) fn holds_sealed_rows(location: &Location) -> Result<bool, StoreError> {
    if let Location::Sqlite(path) = location
        && !path.exists()
    {
        return Ok(false);
    }
    let store = Store::open_read_only(location.clone())?;
    match store.schema_state()? {
        vouchsafe_store::SchemaState::Empty => Ok(false),
        _ => store.read_blocking(seals::any),
    }
}

fn file_error(path: &Path, error: std::io::Error) -> KeyFileError {
    let path = path.display().to_string();
    let source = match error.kind() {
        ErrorKind::NotFound => KeyProviderError::KeyFileMissing { place: path.clone() },
        // Not even text.
        ErrorKind::InvalidData => KeyProviderError::NotAKeyFile,
        _ => return KeyFileError::File { path, source: error },
    };
    KeyFileError::Unusable { path, source }
}
