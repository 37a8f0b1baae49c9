//! Server keys: made, sealed, opened.

use vouchsafe_model::{Ids, InstanceId, KeyId, KeyPurpose, KeyState, Secret, ServerKey, UnixMillis};

use crate::envelope::{Envelope, NamedKey};
use crate::error::VaultError;
use crate::framing::framed;
use crate::provider::KeyProvider;
use crate::ring::Ring;
use crate::signing::SigningKey;

/// A server key with its material in the open.
pub(crate) struct OpenKey {
    pub(crate) id: KeyId,
    pub(crate) purpose: KeyPurpose,
    pub(crate) state: KeyState,
    pub(crate) created_at: UnixMillis,
    pub(crate) material: Secret<[u8; 32]>,
}

impl OpenKey {
    /// A new active key.
    pub(crate) fn generate(purpose: KeyPurpose, ids: &Ids, now: UnixMillis) -> Self {
        Self {
            id: ids.next(),
            purpose,
            state: KeyState::Active,
            created_at: now,
            material: ids.secret_bytes(),
        }
    }

    /// The row of an instance key: wrapped by the key provider.
    pub(crate) fn wrap(
        &self,
        instance: &InstanceId,
        provider: &dyn KeyProvider,
        ids: &Ids,
    ) -> Result<ServerKey, VaultError> {
        let context = context(INSTANCE_KEY, instance, &self.id, self.purpose);
        let wrapped = provider.wrap(&self.material, &context, ids);
        let wrapped = wrapped.map_err(|source| VaultError::InstanceKeyNotWrapped {
            provider: provider.name().to_owned(),
            source,
        })?;
        Ok(self.row(wrapped))
    }

    /// The row of any other key: sealed by the instance key.
    pub(crate) fn seal(&self, instance: &InstanceId, by: &Ring<Secret<[u8; 32]>>, ids: &Ids) -> ServerKey {
        let (id, key) = by.active();
        let aad = context(SERVER_KEY, instance, &self.id, self.purpose);
        self.row(NamedKey { id: id.as_str(), key }.seal(&aad, self.material.expose(), ids))
    }

    fn row(&self, sealed: Vec<u8>) -> ServerKey {
        ServerKey {
            id: self.id.clone(),
            purpose: self.purpose,
            state: self.state,
            sealed,
            public: self.public().map(Vec::from),
            created_at: self.created_at,
        }
    }

    fn public(&self) -> Option<[u8; 32]> {
        let signs = matches!(self.purpose, KeyPurpose::Signing | KeyPurpose::Checkpoint);
        signs.then(|| SigningKey::from_seed(self.id.clone(), &self.material).public())
    }

    fn of_row(row: &ServerKey, material: Secret<[u8; 32]>) -> Self {
        let ServerKey {
            id,
            purpose,
            state,
            created_at,
            ..
        } = row;
        Self {
            id: id.clone(),
            purpose: *purpose,
            state: *state,
            created_at: *created_at,
            material,
        }
    }
}

/// Has the key provider open an instance key.
pub(crate) fn unwrap(
    instance: &InstanceId,
    row: &ServerKey,
    provider: &dyn KeyProvider,
) -> Result<OpenKey, VaultError> {
    let context = context(INSTANCE_KEY, instance, &row.id, row.purpose);
    let material = provider.unwrap(&row.sealed, &context);
    let material = material.map_err(|source| VaultError::InstanceKeyNotOpened {
        key_id: row.id.clone(),
        provider: provider.name().to_owned(),
        source,
    })?;
    Ok(OpenKey::of_row(row, material))
}

/// Opens any other key with the instance key that sealed it.
pub(crate) fn open(
    instance: &InstanceId,
    row: &ServerKey,
    by: &Ring<Secret<[u8; 32]>>,
) -> Result<OpenKey, VaultError> {
    let not_opened = || VaultError::ServerKeyNotOpened {
        key_id: row.id.clone(),
        purpose: row.purpose,
    };
    let envelope = Envelope::parse(&row.sealed).map_err(|_| not_opened())?;
    let by_id: KeyId = envelope.key_id().parse().map_err(|_| not_opened())?;
    let key = by
        .find(&by_id)
        .ok_or(VaultError::InstanceKeyUnknown { key_id: by_id })?;
    let aad = context(SERVER_KEY, instance, &row.id, row.purpose);
    let opened = OpenKey::of_row(row, envelope.open_key(key, &aad).map_err(|_| not_opened())?);
    if opened.public().map(Vec::from) != row.public {
        return Err(VaultError::PublicKeyDiffers {
            key_id: row.id.clone(),
            purpose: row.purpose,
        });
    }
    Ok(opened)
}

fn context(domain: &str, instance: &InstanceId, id: &KeyId, purpose: KeyPurpose) -> Vec<u8> {
    framed(&[
        domain.as_bytes(),
        instance.as_str().as_bytes(),
        id.as_str().as_bytes(),
        purpose.as_str().as_bytes(),
    ])
}

const INSTANCE_KEY: &str = "vouchsafe/instance-key/1";
const SERVER_KEY: &str = "vouchsafe/server-key/1";
