//! The default key provider: 256 bits in a file of one line.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use vouchsafe_model::{Ids, Secret};
use zeroize::Zeroizing;

use crate::envelope::{Envelope, NamedKey};
use crate::framing::hex;
use crate::provider::{KeyProvider, KeyProviderError};

/// Wraps instance keys with a key from a file: `vouchsafe-key-1:<base64url of 32 bytes>:<check value>`.
///
/// The check value tells a truncated or mistyped file from the sound file of another database. Reading and writing
/// the file, and its mode 0600, are the caller's.
pub struct FileKeyProvider {
    key: Secret<[u8; 32]>,
    /// Names the key in what it wraps, so that a wrong key is told from damaged bytes.
    id: String,
}

impl FileKeyProvider {
    /// The text of a new key file.
    pub fn generate(ids: &Ids) -> Secret<String> {
        let key = ids.secret_bytes();
        let encoded = Zeroizing::new(URL_SAFE_NO_PAD.encode(key.expose()));
        Secret::new(format!("{PREFIX}{VERSION}:{}:{}\n", *encoded, check_value(&key)))
    }

    /// From the text of a key file.
    pub fn from_file_text(text: &Secret<String>) -> Result<Self, KeyProviderError> {
        let text = text.expose().trim();
        if text.is_empty() {
            return Err(KeyProviderError::KeyFileEmpty);
        }
        if PREFIX.starts_with(text) {
            return Err(KeyProviderError::KeyFileDamaged);
        }
        let rest = text.strip_prefix(PREFIX).ok_or(KeyProviderError::NotAKeyFile)?;
        let (version, rest) = rest.split_once(':').ok_or(KeyProviderError::KeyFileDamaged)?;
        if version != VERSION {
            return Err(KeyProviderError::KeyFileVersionUnknown);
        }
        let (encoded, check) = rest.split_once(':').ok_or(KeyProviderError::KeyFileDamaged)?;
        let decoded = URL_SAFE_NO_PAD.decode(encoded).map(Zeroizing::new);
        let decoded = decoded.map_err(|_| KeyProviderError::KeyFileDamaged)?;
        let key = <[u8; 32]>::try_from(decoded.as_slice()).map(Secret::new);
        let key = key.map_err(|_| KeyProviderError::KeyFileDamaged)?;
        if check_value(&key) != check {
            return Err(KeyProviderError::KeyFileDamaged);
        }
        Ok(Self {
            id: format!("file_{}", derived(b"vouchsafe/key-file/id/1", &key, 8)),
            key,
        })
    }
}

impl KeyProvider for FileKeyProvider {
    fn name(&self) -> &'static str {
        "file"
    }

    fn wrap(&self, key: &Secret<[u8; 32]>, context: &[u8], ids: &Ids) -> Result<Vec<u8>, KeyProviderError> {
        Ok(NamedKey {
            id: &self.id,
            key: &self.key,
        }
        .seal(context, key.expose(), ids))
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Secret<[u8; 32]>, KeyProviderError> {
        let envelope = Envelope::parse(wrapped).map_err(|_| KeyProviderError::WrappedKeyDamaged)?;
        if envelope.key_id() != self.id {
            return Err(KeyProviderError::WrongKey);
        }
        envelope
            .open_key(&self.key, context)
            .map_err(|_| KeyProviderError::WrappedKeyDamaged)
    }
}

impl fmt::Debug for FileKeyProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKeyProvider(..)")
    }
}

fn check_value(key: &Secret<[u8; 32]>) -> String {
    derived(b"vouchsafe/key-file/check/1", key, 4)
}

/// The first `length` bytes of a hash of the key. One-way, and the key has 256 random bits: it gives nothing away.
fn derived(domain: &[u8], key: &Secret<[u8; 32]>, length: usize) -> String {
    let hash = Sha256::new()
        .chain_update(domain)
        .chain_update(key.expose())
        .finalize();
    hex(&hash[..length])
}

const PREFIX: &str = "vouchsafe-key-";
const VERSION: &str = "1";
