//! The first start of a database, and every later one.

use vouchsafe_audit::{Event, EventKind, Ledger};
use vouchsafe_model::{Ids, InstanceId, UnixMillis};
use vouchsafe_store::{SchemaState, Store, StoreError, Tx, instance, replay_ids, seals, server_keys};
use vouchsafe_vault::Vault;

use super::{Settings, StartError};

/// An empty database gets its schema. Any other must have ours: a migration is the operator's decision.
pub(super) fn bring_up_to_date(store: &Store) -> Result<(), StartError> {
    match store.schema_state()? {
        SchemaState::Current => Ok(()),
        SchemaState::Empty => {
            store.migrate()?;
            tracing::info!("made the schema of an empty database");
            Ok(())
        }
        SchemaState::Old { pending } => Err(StartError::SchemaOld { pending }),
        SchemaState::Newer => Err(StartError::SchemaNewer),
    }
}

/// A server that can read its database but not write it would answer everybody with an error, so it does not start.
/// Only a statement that writes finds out; this one has nothing to delete.
pub(super) fn require_writable(store: &Store) -> Result<(), StartError> {
    store.write_blocking(|tx: &mut Tx<'_>| replay_ids::purge(tx, UnixMillis(0)))?;
    Ok(())
}

/// The vault of this database, and whether it was made just now.
pub(super) fn unlock_or_create(
    store: &Store,
    settings: &Settings,
    ids: &Ids,
) -> Result<(Vault, bool), StartError> {
    if let Some(vault) = unlock(store, settings, ids)? {
        return Ok((vault, false));
    }
    match create(store, settings, ids) {
        // Another replica was first: its instance is ours.
        Err(StartError::Store(StoreError::Conflict)) => {
            let vault = unlock(store, settings, ids)?.ok_or(StartError::SealedWithoutInstance)?;
            Ok((vault, false))
        }
        outcome => outcome.map(|vault| (vault, true)),
    }
}

fn unlock(store: &Store, settings: &Settings, ids: &Ids) -> Result<Option<Vault>, StartError> {
    let found = store.read_blocking(|tx| -> Result<_, StoreError> {
        Ok((instance::get(tx)?, server_keys::all(tx)?, seals::any(tx)?))
    })?;
    match found {
        (Some(instance), keys, _) => Ok(Some(Vault::unlock(
            instance,
            keys,
            settings.key_provider.as_ref(),
            ids.clone(),
        )?)),
        (None, _, true) => Err(StartError::SealedWithoutInstance),
        (None, _, false) => Ok(None),
    }
}

/// Instance, keys and the first record, in one transaction.
fn create(store: &Store, settings: &Settings, ids: &Ids) -> Result<Vault, StartError> {
    let now = settings.clock.now();
    let id: InstanceId = ids.next();
    let (vault, keys) = Vault::create(id.clone(), settings.key_provider.as_ref(), ids.clone(), now)?;
    let ledger = Ledger::new(vault.clone(), settings.clock.clone(), ids.clone());
    let event = Event::new(EventKind::InstanceCreated)
        .fact("version", env!("CARGO_PKG_VERSION"))
        .fact("key_provider", settings.key_provider.name());
    store.write_blocking(move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
        instance::insert(tx, &id, now)?;
        keys.iter().try_for_each(|key| server_keys::insert(tx, key))?;
        ledger.append(tx, event)?;
        Ok(())
    })?;
    tracing::info!(instance.id = %vault.instance(), "made a new instance");
    Ok(vault)
}
