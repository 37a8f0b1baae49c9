//! One look at what is known, and at the database for what is not.

use std::hash::Hash;
use std::sync::Arc;

use vouchsafe_audit::Basis;
use vouchsafe_identity_provider::{LoadedProvider, ProviderError, load_provider};
use vouchsafe_model::{Change, ChangeKind, Client, ClientId, IssuedToken, ProviderId, TokenId, UnixMillis};
use vouchsafe_store::{StoreError, Tx, clients, head, issued_tokens};
use vouchsafe_vault::Vault;

use super::shelf::{Held, Kept, Shelf};
use super::standing::{self, Standing};
use super::{Known, LeaveKey, TOKEN_BYTES};
use crate::leave::Leaves;

/// Why a look did not come to its end.
pub(crate) enum Stop {
    /// Something is not in memory, and this look does not go to the database.
    Miss,
    /// The database failed.
    Store(StoreError),
    /// A provider cannot be used.
    Provider(ProviderError),
    /// The row of a client carries no valid MAC.
    ClientTampered,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ProviderError> for Stop {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Store(error) => Self::Store(error),
            error => Self::Provider(error),
        }
    }
}

/// A look: everything that it finds becomes part of what a release rests on.
pub(crate) struct Reader<'a, 'tx, 'c> {
    known: &'a Known,
    vault: &'a Vault,
    tx: Option<&'tx mut Tx<'c>>,
    /// Whether what is in memory will do.
    remembers: bool,
    now: UnixMillis,
    basis: Option<Basis>,
    from_memory: bool,
}

impl<'a, 'tx, 'c> Reader<'a, 'tx, 'c> {
    /// In memory alone.
    pub(crate) const fn in_memory(known: &'a Known, vault: &'a Vault, now: UnixMillis) -> Self {
        Self {
            known,
            vault,
            tx: None,
            remembers: true,
            now,
            basis: None,
            from_memory: false,
        }
    }

    /// In the database, for what is not in memory; or for all of it.
    pub(crate) const fn in_database(
        known: &'a Known,
        vault: &'a Vault,
        (tx, remembers): (&'tx mut Tx<'c>, bool),
        now: UnixMillis,
    ) -> Self {
        Self {
            known,
            vault,
            tx: Some(tx),
            remembers,
            now,
            basis: None,
            from_memory: false,
        }
    }

    /// The time of the look.
    pub(crate) const fn now(&self) -> UnixMillis {
        self.now
    }

    /// Whether anything was not read from the database just now.
    pub(crate) const fn is_from_memory(&self) -> bool {
        self.from_memory
    }

    /// Everything found, each with the point at which it was read.
    pub(crate) fn into_basis(self) -> Basis {
        self.basis.unwrap_or(Basis::at(0))
    }

    /// The client.
    pub(crate) fn client(&mut self, id: &ClientId) -> Result<Option<Held<Client>>, Stop> {
        let vault = self.vault;
        self.find(&self.known.clients, id, |tx| {
            let found = clients::by_id(tx, id)?.map(|row| vault.verify(row));
            let found = found.transpose().map_err(|_| Stop::ClientTampered)?;
            Ok(found.map(|client| (client, vec![Change::of(ChangeKind::Client, id)], CLIENT_BYTES)))
        })
    }

    /// The row of a token of ours.
    pub(crate) fn token(&mut self, id: &TokenId) -> Result<Option<Held<IssuedToken>>, Stop> {
        self.find(&self.known.tokens, id, |tx| {
            let found = issued_tokens::by_id(tx, id)?;
            Ok(found.map(|token| (token, vec![Change::of(ChangeKind::Token, id)], TOKEN_BYTES)))
        })
    }

    /// What the token stands on.
    pub(crate) fn standing(&mut self, token: &IssuedToken) -> Result<Arc<Kept<Standing>>, Stop> {
        let (key, vault) = (Standing::key(token), self.vault);
        let found = self.find(&self.known.standings, &key, |tx| {
            let standing = Standing::read(tx, vault, &key)?;
            Ok(Some((standing, Standing::subjects(&key), standing::BYTES)))
        })?;
        // It is always there, for better or worse.
        found.map(|(kept, _)| kept).ok_or(Stop::Miss)
    }

    /// The enabled provider.
    pub(crate) fn provider(&mut self, id: &ProviderId) -> Result<Option<Arc<Kept<LoadedProvider>>>, Stop> {
        let vault = self.vault;
        let found = self.find(&self.known.providers, id, |tx| {
            let found = load_provider(tx, vault, id)?;
            Ok(found.map(|provider| {
                let bytes = PROVIDER_BYTES + provider.row.entry.len();
                (provider, vec![Change::of(ChangeKind::Provider, id)], bytes)
            }))
        })?;
        Ok(found.map(|(kept, _)| kept))
    }

    /// What the user has connected and allowed.
    pub(crate) fn leaves(&mut self, key: &LeaveKey) -> Result<Arc<Kept<Leaves>>, Stop> {
        let vault = self.vault;
        let found = self.find(&self.known.leaves, key, |tx| {
            let leaves = Leaves::read_with_holdings(tx, vault, key)?;
            let (subjects, bytes) = (leaves.subjects(key), leaves.bytes());
            Ok(Some((leaves, subjects, bytes)))
        })?;
        found.map(|(kept, _)| kept).ok_or(Stop::Miss)
    }

    /// From the shelf, or from the database onto the shelf. What is not there is not remembered.
    fn find<K: Eq + Hash + Clone, V>(
        &mut self,
        place: &Shelf<K, V>,
        key: &K,
        load: impl FnOnce(&mut Tx<'c>) -> Result<Option<(V, Vec<Change>, usize)>, Stop>,
    ) -> Result<Option<Held<V>>, Stop> {
        if self.remembers
            && let Some(held) = place.get(key, self.known.recorder.feed(), self.now)
        {
            self.from_memory = true;
            self.rests_on(&held);
            return Ok(Some(held));
        }
        let tx = self.tx.as_mut().ok_or(Stop::Miss)?;
        // Before the row: what changes it from here on comes behind this point.
        let point = head::peek(tx)?.change_seq;
        let Some((value, subjects, bytes)) = load(tx)? else {
            return Ok(None);
        };
        let kept = Arc::new(Kept::new(value, subjects, (point, self.now), bytes));
        place.put(key.clone(), Arc::clone(&kept));
        let held = (kept, point);
        self.rests_on(&held);
        Ok(Some(held))
    }

    fn rests_on<V>(&mut self, (kept, point): &Held<V>) {
        let basis = self.basis.take().unwrap_or(Basis::at(*point));
        self.basis = Some(basis.on_all(*point, kept.subjects()));
    }
}

/// The row of a client, roughly.
const CLIENT_BYTES: usize = 2048;
/// A provider beside the text of its entry, roughly.
const PROVIDER_BYTES: usize = 8192;
