//! The vault: every live key, opened once at start.

use std::fmt;
use std::sync::Arc;

use vouchsafe_model::{Ids, InstanceId, KeyPurpose, Secret, ServerKey, UnixMillis};

use crate::error::VaultError;
use crate::mac::MacKey;
use crate::provider::KeyProvider;
use crate::ring::Ring;
use crate::server_keys::{self, OpenKey};
use crate::signing::SigningKey;

/// Seals, opens, tags, digests and signs for one instance. Clones share the keys.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

pub(crate) struct Keys {
    pub(crate) instance: InstanceId,
    pub(crate) ids: Ids,
    /// The instance keys.
    pub(crate) sealing: Ring<Secret<[u8; 32]>>,
    pub(crate) signing: Ring<SigningKey>,
    pub(crate) checkpoint: Ring<SigningKey>,
    pub(crate) client_secret: Ring<MacKey>,
    pub(crate) row_mac: Ring<MacKey>,
    pub(crate) fingerprint: Ring<MacKey>,
    pub(crate) cookie: Ring<MacKey>,
}

impl Vault {
    /// Makes the keys of a new instance: the rows to store, and the vault as [`Vault::unlock`] would open it.
    pub fn create(
        instance: InstanceId,
        provider: &dyn KeyProvider,
        ids: Ids,
        now: UnixMillis,
    ) -> Result<(Self, Vec<ServerKey>), VaultError> {
        let instance_key = OpenKey::generate(KeyPurpose::Instance, &ids, now);
        let mut rows = vec![instance_key.wrap(&instance, provider, &ids)?];
        let instance_keys = instance_ring(&[instance_key])?;
        let opened = SEALED_PURPOSES.map(|purpose| OpenKey::generate(purpose, &ids, now));
        rows.extend(opened.iter().map(|key| key.seal(&instance, &instance_keys, &ids)));
        Ok((Self::assemble(instance, ids, instance_keys, &opened)?, rows))
    }

    /// Opens the stored keys. Fails when any of them does not open or a purpose has no active one: a vault that
    /// could only do half its work would refuse the other half later, without anybody at the console (VA-03).
    pub fn unlock(
        instance: InstanceId,
        keys: Vec<ServerKey>,
        provider: &dyn KeyProvider,
        ids: Ids,
    ) -> Result<Self, VaultError> {
        let (wrapped, sealed): (Vec<_>, Vec<_>) = keys
            .into_iter()
            .partition(|key| key.purpose == KeyPurpose::Instance);
        let unwrapped = wrapped
            .iter()
            .map(|row| server_keys::unwrap(&instance, row, provider));
        let instance_keys = instance_ring(&unwrapped.collect::<Result<Vec<_>, _>>()?)?;
        let opened = sealed
            .iter()
            .map(|row| server_keys::open(&instance, row, &instance_keys));
        let opened = opened.collect::<Result<Vec<_>, _>>()?;
        Self::assemble(instance, ids, instance_keys, &opened)
    }

    /// The instance all of this is bound to.
    pub fn instance(&self) -> &InstanceId {
        &self.0.instance
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0
    }

    fn assemble(
        instance: InstanceId,
        ids: Ids,
        instance_keys: Ring<Secret<[u8; 32]>>,
        opened: &[OpenKey],
    ) -> Result<Self, VaultError> {
        let signing = |purpose| {
            Ring::of(opened, purpose, |key| {
                SigningKey::from_seed(key.id.clone(), &key.material)
            })
        };
        let mac = |purpose| Ring::of(opened, purpose, |key| MacKey::new(&key.material));
        Ok(Self(Arc::new(Keys {
            instance,
            ids,
            sealing: instance_keys,
            signing: signing(KeyPurpose::Signing)?,
            checkpoint: signing(KeyPurpose::Checkpoint)?,
            client_secret: mac(KeyPurpose::ClientSecret)?,
            row_mac: mac(KeyPurpose::RowMac)?,
            fingerprint: mac(KeyPurpose::Fingerprint)?,
            cookie: mac(KeyPurpose::Cookie)?,
        })))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({})", self.0.instance)
    }
}

fn instance_ring(keys: &[OpenKey]) -> Result<Ring<Secret<[u8; 32]>>, VaultError> {
    Ring::of(keys, KeyPurpose::Instance, |key| key.material.clone())
}

/// Every purpose but `Instance`.
const SEALED_PURPOSES: [KeyPurpose; 6] = [
    KeyPurpose::Signing,
    KeyPurpose::Checkpoint,
    KeyPurpose::ClientSecret,
    KeyPurpose::RowMac,
    KeyPurpose::Fingerprint,
    KeyPurpose::Cookie,
];
