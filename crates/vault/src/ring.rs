//! All live keys of one purpose: the active one makes, the retired ones only verify and open.

use vouchsafe_model::{KeyId, KeyPurpose, KeyState};

use crate::error::VaultError;
use crate::server_keys::OpenKey;

/// The keys of one purpose, newest first. There always is an active one.
pub(crate) struct Ring<K> {
    active: Named<K>,
    retired: Vec<Named<K>>,
}

struct Named<K> {
    id: KeyId,
    key: K,
}

impl<K> Ring<K> {
    /// Picks the keys of `purpose`. Should two be active, the newest makes new values and the other still opens: a
    /// rotation that was cut short must not keep the server from starting.
    pub(crate) fn of(
        keys: &[OpenKey],
        purpose: KeyPurpose,
        make: impl Fn(&OpenKey) -> K,
    ) -> Result<Self, VaultError> {
        let mut mine: Vec<&OpenKey> = keys.iter().filter(|key| key.purpose == purpose).collect();
        mine.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        let active = mine
            .iter()
            .position(|key| key.state == KeyState::Active)
            .ok_or(VaultError::NoActiveKey { purpose })?;
        let active = mine.remove(active);
        let named = |key: &OpenKey| Named {
            id: key.id.clone(),
            key: make(key),
        };
        Ok(Self {
            active: named(active),
            retired: mine.into_iter().map(named).collect(),
        })
    }

    /// The key that makes new values.
    pub(crate) fn active(&self) -> (&KeyId, &K) {
        (&self.active.id, &self.active.key)
    }

    /// The key of this id, active or retired.
    pub(crate) fn find(&self, id: &KeyId) -> Option<&K> {
        self.iter().find(|(known, _)| *known == id).map(|(_, key)| key)
    }

    /// All keys: the active one, then the retired ones from new to old.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&KeyId, &K)> {
        std::iter::once(&self.active)
            .chain(&self.retired)
            .map(|named| (&named.id, &named.key))
    }
}
