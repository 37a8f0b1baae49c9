//! What an administrator does with providers. Each change is on the record with who asked for it.

use std::collections::BTreeMap;

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{Change, ChangeKind, ManagedBy, Provider, ProviderId, Secret};
use vouchsafe_store::{Page, StoreError, Tx, providers};

use super::apply::{Found, is_as_defined};
use super::{LoadedProvider, ProviderDefinition, ProviderError, load_any};
use crate::catalogue::{Entry, EntryOverrides, template};
use crate::identity_provider::IdentityProvider;

/// A provider as an administrator wants it: what a `[[provider]]` of the configuration says.
#[derive(Debug, Clone)]
pub struct ProviderRequest {
    /// The operator's name for it.
    pub id: ProviderId,
    /// The entry of the catalogue to begin with.
    pub template: String,
    /// Our `client_id` there.
    pub client_id: String,
    /// Our `client_secret` there.
    pub client_secret: Option<Secret<String>>,
    /// Values of the entry's variables.
    pub vars: BTreeMap<String, String>,
    /// Fields that replace those of the entry.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// Whether a provider may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It may.
    On,
    /// Nobody connects there, and nothing is released from there; what is connected can still be revoked.
    Off,
}

impl IdentityProvider {
    /// The provider of this id, enabled or not.
    pub async fn provider(&self, id: &ProviderId) -> Result<LoadedProvider, ProviderError> {
        let (this, id) = (self.clone(), id.clone());
        let find = move |tx: &mut Tx<'_>| load_any(tx, &this.inner().vault, &id);
        let found = self.inner().store.read(find).await?;
        found.ok_or(ProviderError::NotFound)
    }

    /// Up to `limit` providers in order of id, beginning behind `after`.
    pub async fn provider_page(
        &self,
        after: Option<ProviderId>,
        limit: i64,
    ) -> Result<Page<LoadedProvider>, ProviderError> {
        let this = self.clone();
        let page = move |tx: &mut Tx<'_>| -> Result<_, ProviderError> {
            let page = providers::page(tx, after.as_ref(), limit)?;
            Ok(page.try_map(|row| {
                let id = row.unverified().id.to_string();
                this.readable(row).ok_or(id)
            }))
        };
        self.inner().store.read(page).await
    }

    /// Makes a provider. A row of this id that was changed past the server is worth nothing and is replaced.
    pub async fn create_provider(
        &self,
        request: ProviderRequest,
        origin: &Origin,
    ) -> Result<LoadedProvider, ProviderError> {
        let definition = self.definition(request).await?;
        let (this, origin) = (self.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = this.inner();
            let found = Found::hold(tx, &definition.id, &inner.vault)?;
            if found.current.is_some() {
                return Err(ProviderError::Taken);
            }
            let (row, events) = this.write_provider(tx, &definition, &found, true)?;
            let events = events.into_iter().map(|event| origin.note(event));
            inner.ledger.append_all(tx, events)?;
            Ok(LoadedProvider {
                row,
                entry: definition.entry,
            })
        };
        match self.inner().store.write(work).await {
            // Somebody else was first with the id.
            Err(ProviderError::Store(StoreError::Conflict)) => Err(ProviderError::Taken),
            made => made,
        }
    }

    /// Makes a provider another one, whole: what the request does not name is not kept, our secret there included.
    /// Connections keep the hosts that they were sealed for: when those change, they need to be connected again (AR-03).
    pub async fn replace_provider(
        &self,
        request: ProviderRequest,
        origin: &Origin,
    ) -> Result<LoadedProvider, ProviderError> {
        // Before anything is fetched for it.
        self.administered(&request.id).await?;
        let definition = self.definition(request).await?;
        let (this, origin) = (self.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let inner = this.inner();
            let before = this.held(tx, &definition.id)?;
            if is_as_defined(&before, &definition, &inner.vault) {
                return Ok(LoadedProvider {
                    row: before,
                    entry: definition.entry,
                });
            }
            let enabled = before.enabled;
            let found = Found::hold(tx, &definition.id, &inner.vault)?;
            let (row, events) = this.write_provider(tx, &definition, &found, enabled)?;
            let events = events.into_iter().map(|event| origin.note(event));
            inner.ledger.append_all(tx, events)?;
            Ok(LoadedProvider {
                row,
                entry: definition.entry,
            })
        };
        self.inner().store.write(work).await
    }

    /// Switches a provider on or off. Its connections stay.
    pub async fn switch_provider(
        &self,
        id: &ProviderId,
        to: Switch,
        origin: &Origin,
    ) -> Result<LoadedProvider, ProviderError> {
        let (this, id, origin) = (self.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            let before = this.held(tx, &id)?;
            let entry = Entry::from_json(&before.entry).map_err(ProviderError::Entry)?;
            let enabled = to == Switch::On;
            if before.enabled == enabled {
                return Ok(LoadedProvider { row: before, entry });
            }
            let row = this.switch_in(tx, before, enabled, &origin)?;
            Ok(LoadedProvider { row, entry })
        };
        self.inner().store.write(work).await
    }

    fn switch_in(
        &self,
        tx: &mut Tx<'_>,
        before: Provider,
        enabled: bool,
        origin: &Origin,
    ) -> Result<Provider, ProviderError> {
        let inner = self.inner();
        // The version belongs to the seal of the secret, which stays.
        let row = Provider {
            enabled,
            updated_at: inner.clock.now(),
            ..before
        };
        let tagged = inner.vault.tag(row.clone());
        providers::put(tx, &tagged)?;
        let kind = if enabled {
            EventKind::ProviderChanged
        } else {
            EventKind::ProviderDisabled
        };
        let event = Event::new(kind)
            .fact("provider_id", row.id.as_str())
            .fact("enabled", enabled)
            .row("providers", &row.id, &tagged)
            .changes(Change::of(ChangeKind::Provider, &row.id));
        inner.ledger.append(tx, origin.note(event))?;
        Ok(row)
    }

    async fn administered(&self, id: &ProviderId) -> Result<(), ProviderError> {
        let provider = self.provider(id).await?;
        match provider.row.managed_by {
            ManagedBy::Config => Err(ProviderError::ManagedByConfiguration),
            ManagedBy::Admin => Ok(()),
        }
    }

    /// The row, which nobody else changes until the end of the transaction, if the configuration does not manage it.
    fn held(&self, tx: &mut Tx<'_>, id: &ProviderId) -> Result<Provider, ProviderError> {
        if !providers::hold(tx, id)? {
            return Err(ProviderError::NotFound);
        }
        let row = providers::by_id(tx, id)?.ok_or(ProviderError::NotFound)?;
        let row = self.inner().vault.verify(row).map_err(ProviderError::Tampered)?;
        match row.managed_by {
            ManagedBy::Config => Err(ProviderError::ManagedByConfiguration),
            ManagedBy::Admin => Ok(row),
        }
    }

    /// From the template to an entry that can be used, with what the provider's metadata adds.
    async fn definition(&self, request: ProviderRequest) -> Result<ProviderDefinition, ProviderError> {
        let ProviderRequest {
            id,
            template: name,
            client_id,
            client_secret,
            vars,
            fields,
        } = request;
        let known = template(&name).ok_or(ProviderError::TemplateUnknown)?;
        if !(1..=512).contains(&client_id.len()) || !client_id.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(ProviderError::ClientIdInvalid);
        }
        let acceptable = |secret: &Secret<String>| {
            let text = secret.expose();
            (1..=4096).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        if !client_secret.as_ref().is_none_or(acceptable) {
            return Err(ProviderError::ClientSecretInvalid);
        }
        let overrides = EntryOverrides {
            vars,
            fields: toml::Table::try_from(fields).map_err(|_| ProviderError::OverrideInvalid)?,
            internal_hosts: self.egress().internal_hosts().to_vec(),
        };
        let entry = known.resolve(overrides).map_err(ProviderError::Entry)?;
        let entry = self.discover(&entry).await?;
        Ok(ProviderDefinition {
            id,
            entry,
            client_id,
            client_secret,
            managed_by: ManagedBy::Admin,
        })
    }

    /// Where the provider sends browsers back to; to be registered there.
    pub fn redirect_uri(&self, id: &ProviderId) -> String {
        format!("{}/connect/callback/{id}", self.inner().issuer)
    }
}
