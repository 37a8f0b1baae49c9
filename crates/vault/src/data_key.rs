//! One key per connection: destroying it destroys every copy of that connection's secrets.

use std::fmt;

use vouchsafe_model::{ConnectionId, DataKey, DataKeyId, KeyId, Secret, UnixMillis};

use crate::envelope::{Envelope, NamedKey};
use crate::error::VaultError;
use crate::framing::framed;
use crate::vault::Vault;

/// A data key in the open; wiped on drop. Open it before calling a provider, so that no key call stands between the
/// provider's answer and its commit.
#[derive(Clone)]
pub struct OpenDataKey {
    /// Its id, named by every ciphertext it makes.
    pub id: DataKeyId,
    key: Secret<[u8; 32]>,
}

impl OpenDataKey {
    pub(crate) fn named(&self) -> NamedKey<'_> {
        NamedKey {
            id: self.id.as_str(),
            key: &self.key,
        }
    }
}

impl Vault {
    /// A new data key for `connection`, in the open and as the row to store.
    pub fn new_data_key(&self, connection: &ConnectionId, now: UnixMillis) -> (OpenDataKey, DataKey) {
        let keys = self.keys();
        let open = OpenDataKey {
            id: keys.ids.next(),
            key: keys.ids.secret_bytes(),
        };
        let (id, key) = keys.sealing.active();
        let aad = self.data_key_aad(&open.id, connection);
        let row = DataKey {
            id: open.id.clone(),
            connection_id: connection.clone(),
            sealed: NamedKey { id: id.as_str(), key }.seal(&aad, open.key.expose(), &keys.ids),
            created_at: now,
        };
        (open, row)
    }

    /// Opens a stored data key. It opens only as the key of the connection it was made for.
    pub fn open_data_key(&self, row: &DataKey) -> Result<OpenDataKey, VaultError> {
        let not_opened = || VaultError::DataKeyNotOpened {
            data_key_id: row.id.clone(),
        };
        let envelope = Envelope::parse(&row.sealed).map_err(|_| not_opened())?;
        let by_id: KeyId = envelope.key_id().parse().map_err(|_| not_opened())?;
        let by = self.keys().sealing.find(&by_id);
        let by = by.ok_or(VaultError::InstanceKeyUnknown { key_id: by_id })?;
        let aad = self.data_key_aad(&row.id, &row.connection_id);
        let key = envelope.open_key(by, &aad).map_err(|_| not_opened())?;
        Ok(OpenDataKey {
            id: row.id.clone(),
            key,
        })
    }

    fn data_key_aad(&self, id: &DataKeyId, connection: &ConnectionId) -> Vec<u8> {
        framed(&[
            b"vouchsafe/data-key/1",
            self.instance().as_str().as_bytes(),
            id.as_str().as_bytes(),
            connection.as_str().as_bytes(),
        ])
    }
}

impl fmt::Debug for OpenDataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenDataKey({})", self.id)
    }
}
