//! The public keys that the record is verified with, pinned in a file outside the database.
//!
//! One key a line: its id, a space, its 32 bytes in base64. Lines that begin with `#` are for people.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vouchsafe_vault::VerificationKey;

use crate::files::{self, Readers};

/// Why there are no pinned keys.
#[derive(Debug, thiserror::Error)]
pub enum PublicKeysError {
    /// The file cannot be read.
    #[error("the public key file {} cannot be read: `vouchsafe init` and the first `vouchsafe serve` write it", path.display())]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is no key.
    #[error("line {line} of the public key file {} is no key (a key id, a space, and 32 bytes in base64): restore the file from your copy", path.display())]
    NoKey {
        /// Where.
        path: PathBuf,
        /// Which line.
        line: usize,
    },
    /// The file holds none.
    #[error("the public key file {} holds no key: restore it from your copy, or move it away to have the next `vouchsafe serve` write it", path.display())]
    Empty {
        /// Where.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("the public key file {} cannot be written: check that its folder exists and that this user may write there", path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The lines for `keys`.
pub fn to_text(keys: &[VerificationKey]) -> String {
    let mut text = "# Public keys of this Vouchsafe's record. `vouchsafe audit verify` trusts these, not the database.\n".to_owned();
    for key in keys {
        text.push_str(key.key_id.as_str());
        text.push(' ');
        text.push_str(&STANDARD.encode(key.public));
        text.push('\n');
    }
    text
}

/// Reads the pinned keys.
pub fn read(path: &Path) -> Result<Vec<VerificationKey>, PublicKeysError> {
    let text = fs::read_to_string(path).map_err(|source| PublicKeysError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let mut keys = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = parse(line).ok_or(PublicKeysError::NoKey {
            path: path.to_owned(),
            line: index + 1,
        })?;
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(PublicKeysError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(keys)
}

/// Pins the keys where none are pinned yet, and says so loudly when others are: then the record that this instance
/// writes does not verify against the file.
pub fn pin(path: &Path, keys: &[VerificationKey]) -> Result<(), PublicKeysError> {
    match read(path) {
        Err(PublicKeysError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            files::create(path, to_text(keys).as_bytes(), Readers::Everyone).map_err(|source| {
                PublicKeysError::Unwritable {
                    path: path.to_owned(),
                    source,
                }
            })?;
            tracing::info!(audit.public_key_file = %path.display(), "pinned the public keys of the record: keep a copy elsewhere");
            Ok(())
        }
        Ok(pinned) => {
            if !keys.iter().all(|key| pinned.contains(key)) {
                tracing::error!(audit.public_key_file = %path.display(), "the pinned public keys are not those of this database: `vouchsafe audit verify` will not hold");
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn parse(line: &str) -> Option<VerificationKey> {
    let (key_id, public) = line.split_once(' ')?;
    Some(VerificationKey {
        key_id: key_id.parse().ok()?,
        public: STANDARD.decode(public.trim()).ok()?.try_into().ok()?,
    })
}
