//! MACs over rows that grant: whoever can only write to the database cannot grant (AR-04).

use subtle::ConstantTimeEq;
use vouchsafe_model::{Authority, KeyId, Tag, Tagged};

use crate::mac::MacKey;
use crate::vault::Vault;

/// A row that grants does not carry our tag: someone changed it behind our back. Raise an alarm and use nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// The tag names a row-MAC key that is not here.
    #[error("a row of {kind} is tagged with key {key_id}, which is not in table server_keys")]
    KeyUnknown {
        /// The kind of row, [`Authority::KIND`].
        kind: &'static str,
        /// The key the tag names.
        key_id: KeyId,
    },
    /// The tag is not that of this row.
    #[error("a row of {kind} does not carry its tag: it was written or changed outside Vouchsafe")]
    Mismatch {
        /// The kind of row, [`Authority::KIND`].
        kind: &'static str,
    },
}

impl Vault {
    /// Tags a row before it is stored.
    pub fn tag<T: Authority>(&self, value: T) -> Tagged<T> {
        let (key_id, key) = self.keys().row_mac.active();
        let tag = Tag {
            key_id: key_id.clone(),
            mac: self.row_mac(key, &value),
        };
        Tagged::new(value, tag)
    }

    /// Turns a stored row into one that may decide something.
    pub fn verify<T: Authority>(&self, tagged: Tagged<T>) -> Result<T, TagError> {
        let (value, tag) = tagged.into_parts();
        let Some(key) = self.keys().row_mac.find(&tag.key_id) else {
            return Err(TagError::KeyUnknown {
                kind: T::KIND,
                key_id: tag.key_id,
            });
        };
        if self.row_mac(key, &value).ct_eq(&tag.mac).into() {
            Ok(value)
        } else {
            Err(TagError::Mismatch { kind: T::KIND })
        }
    }

    fn row_mac<T: Authority>(&self, key: &MacKey, value: &T) -> [u8; 32] {
        key.mac(&[
            b"vouchsafe/row/1",
            self.instance().as_str().as_bytes(),
            &value.canonical(),
        ])
    }
}
