//! Applying what the operator wrote, and disabling what is gone from it.

use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{Change, ChangeKind, ManagedBy, Provider, ProviderId, Secret, Tagged};
use vouchsafe_store::{StoreError, Tx, providers};
use vouchsafe_vault::Vault;

use super::{LoadedProvider, ProviderError};
use crate::catalogue::Entry;
use crate::identity_provider::IdentityProvider;
use crate::sealing;

/// A provider as the operator wants it.
#[derive(Debug, Clone)]
pub struct ProviderDefinition {
    /// The operator's name for it.
    pub id: ProviderId,
    /// The entry, resolved, and discovered where it needs that.
    pub entry: Entry,
    /// Our `client_id` there.
    pub client_id: String,
    /// Our `client_secret` there.
    pub client_secret: Option<Secret<String>>,
    /// Who maintains it.
    pub managed_by: ManagedBy,
}

/// What applying a definition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Everything was as defined: no write, no event.
    Unchanged,
    /// Created or changed.
    Changed,
}

impl IdentityProvider {
    /// Makes the provider as defined. Connections keep the hosts that they were sealed for: when those change, they need
    /// to be connected again (AR-03).
    pub async fn apply_provider(&self, definition: ProviderDefinition) -> Result<Applied, ProviderError> {
        let once = || {
            let (this, definition) = (self.clone(), definition.clone());
            self.inner().store.write(move |tx| this.apply_in(tx, &definition))
        };
        match once().await {
            // Another replica with the same configuration was first: what it made is what we find now.
            Err(ProviderError::Store(StoreError::Conflict)) => once().await,
            applied => applied,
        }
    }

    fn apply_in(&self, tx: &mut Tx<'_>, definition: &ProviderDefinition) -> Result<Applied, ProviderError> {
        let inner = self.inner();
        // Replicas that start together change it one after the other.
        let found = Found::hold(tx, &definition.id, &inner.vault)?;
        let unchanged = |row: &Provider| row.enabled && is_as_defined(row, definition, &inner.vault);
        if found.current.as_ref().is_some_and(unchanged) {
            return Ok(Applied::Unchanged);
        }
        let (_, events) = self.write_provider(tx, definition, &found, true)?;
        inner.ledger.append_all(tx, events)?;
        Ok(Applied::Changed)
    }

    /// Writes the row as defined; the events are for the end of the transaction.
    pub(super) fn write_provider(
        &self,
        tx: &mut Tx<'_>,
        definition: &ProviderDefinition,
        found: &Found,
        enabled: bool,
    ) -> Result<(Provider, Vec<Event>), ProviderError> {
        let inner = self.inner();
        let Found {
            current,
            tampered,
            version,
            held,
        } = found;
        let hosts = definition.entry.hosts_digest();
        let context = sealing::client_secret(&definition.id, hosts, *version);
        let row = Provider {
            id: definition.id.clone(),
            entry: definition.entry.to_json(),
            client_id: definition.client_id.clone(),
            client_secret: definition
                .client_secret
                .as_ref()
                .map(|secret| inner.vault.seal_for_server(&context, secret)),
            hosts,
            version: *version,
            enabled,
            managed_by: definition.managed_by,
            updated_at: inner.clock.now(),
        };
        let tagged = inner.vault.tag(row.clone());
        if *held {
            providers::put(tx, &tagged)?;
        } else {
            providers::insert(tx, &tagged)?;
        }
        let changed = Event::new(EventKind::ProviderChanged)
            .fact("provider_id", definition.id.as_str())
            .fact("created", current.is_none() && !tampered)
            .fact(
                "hosts_changed",
                current.as_ref().is_some_and(|row| row.hosts != hosts),
            )
            .fact("managed_by", definition.managed_by.as_str())
            .fact("enabled", enabled)
            .row("providers", &definition.id, &tagged)
            .changes(Change::of(ChangeKind::Provider, &definition.id));
        let found = tampered.then(|| tampered_row(&definition.id));
        Ok((row, found.into_iter().chain([changed]).collect()))
    }

    /// Stops using the provider. Its connections stay, and can still be revoked.
    pub async fn disable_provider(&self, id: &ProviderId) -> Result<Applied, ProviderError> {
        let (this, id) = (self.clone(), id.clone());
        self.inner()
            .store
            .write(move |tx| {
                let inner = this.inner();
                providers::hold(tx, &id)?;
                let Some(tagged) = providers::by_id(tx, &id)? else {
                    return Err(ProviderError::NotFound);
                };
                let row = inner.vault.verify(tagged).map_err(ProviderError::Tampered)?;
                if !row.enabled {
                    return Ok(Applied::Unchanged);
                }
                // The version belongs to the seal of the secret, which stays.
                let row = Provider {
                    enabled: false,
                    updated_at: inner.clock.now(),
                    ..row
                };
                let row = inner.vault.tag(row);
                providers::put(tx, &row)?;
                let event = Event::new(EventKind::ProviderDisabled)
                    .fact("provider_id", id.as_str())
                    .fact("enabled", false)
                    .row("providers", &id, &row)
                    .changes(Change::of(ChangeKind::Provider, &id));
                inner.ledger.append(tx, event)?;
                Ok(Applied::Changed)
            })
            .await
    }

    /// All providers, in order of id; rows without a valid tag are left out, and reported in the log.
    pub async fn providers(&self) -> Result<Vec<LoadedProvider>, ProviderError> {
        let this = self.clone();
        self.inner()
            .store
            .read(move |tx| {
                Ok(providers::all_readable(tx)?
                    .into_iter()
                    .filter_map(|row| this.readable(row))
                    .collect())
            })
            .await
    }

    pub(super) fn readable(&self, tagged: Tagged<Provider>) -> Option<LoadedProvider> {
        let id = tagged.unverified().id.clone();
        let row = self
            .inner()
            .vault
            .verify(tagged)
            .map_err(|error| error.to_string());
        let loaded = row.and_then(|row| match Entry::from_json(&row.entry) {
            Ok(entry) => Ok(LoadedProvider { row, entry }),
            Err(error) => Err(error.to_string()),
        });
        loaded
            .map_err(|reason| tracing::error!(provider.id = %id, reason, "a provider cannot be used"))
            .ok()
    }
}

/// What there is of a provider before it is written, held until the end of the transaction.
pub(super) struct Found {
    pub(super) current: Option<Provider>,
    /// Whether a row is there that somebody changed: it counts as none, and is replaced.
    pub(super) tampered: bool,
    /// The version to be written.
    version: i64,
    /// Whether a row was there to be held.
    held: bool,
}

impl Found {
    pub(super) fn hold(tx: &mut Tx<'_>, id: &ProviderId, vault: &Vault) -> Result<Self, StoreError> {
        let held = providers::hold(tx, id)?;
        let row = providers::by_id(tx, id)?;
        let version = row
            .as_ref()
            .map_or(1, |tagged| tagged.unverified().version.saturating_add(1));
        let verified = row.map(|tagged| vault.verify(tagged));
        Ok(Self {
            tampered: matches!(verified, Some(Err(_))),
            current: verified.and_then(Result::ok),
            version,
            held,
        })
    }
}

/// Whether the row says what the definition says, but for being switched off.
pub(super) fn is_as_defined(row: &Provider, definition: &ProviderDefinition, vault: &Vault) -> bool {
    let context = sealing::client_secret(&row.id, row.hosts, row.version);
    let same_secret = match (&row.client_secret, &definition.client_secret) {
        (None, None) => true,
        (Some(sealed), Some(secret)) => vault
            .open_for_server(&context, sealed)
            .is_ok_and(|opened| opened.expose() == secret.expose()),
        _ => false,
    };
    same_secret
        && row.client_id == definition.client_id
        && row.managed_by == definition.managed_by
        && row.entry == definition.entry.to_json()
}

fn tampered_row(id: &ProviderId) -> Event {
    Event::new(EventKind::TamperedRow)
        .fact("table", "providers")
        .fact("provider_id", id.as_str())
        .changes(Change::of(ChangeKind::Provider, id))
}
