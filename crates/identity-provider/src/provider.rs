//! Configured providers: rows under a MAC, with an entry of the catalogue and our own secret there.

mod admin_providers;
mod apply;
pub(crate) mod discover;

use vouchsafe_model::{Connection, Provider, ProviderId, Secret};
use vouchsafe_store::{StoreError, Tx, providers};
use vouchsafe_vault::{TagError, Vault, VaultError};

use crate::catalogue::{CatalogueError, Entry, UpstreamFailure, template_names};
use crate::egress::EgressFailure;
use crate::sealing;

pub use admin_providers::{ProviderRequest, Switch};
pub use apply::{Applied, ProviderDefinition};

/// Why a provider cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] StoreError),
    /// Somebody changed the row (AR-04).
    #[error("the row of the provider carries no valid tag")]
    Tampered(#[source] TagError),
    /// The entry cannot be used.
    #[error("the provider's entry cannot be used")]
    Entry(#[source] CatalogueError),
    /// The client secret does not open.
    #[error("the provider's client secret does not open")]
    Secret(#[source] VaultError),
    /// The metadata cannot be fetched.
    #[error("the provider's metadata cannot be fetched")]
    MetadataUnreachable(#[source] EgressFailure),
    /// The metadata is no metadata.
    #[error("the provider's metadata cannot be used")]
    MetadataInvalid(#[source] UpstreamFailure),
    /// There is no such provider.
    #[error("there is no such provider")]
    NotFound,
    /// There is a provider of this id.
    #[error("there is a provider of this id already")]
    Taken,
    /// The configuration file says what it is.
    #[error("this provider is managed by the configuration file: change it there")]
    ManagedByConfiguration,
    /// There is no template of this name.
    #[error("template: there is none of this name; use one of {}", template_names().join(", "))]
    TemplateUnknown,
    /// What should replace fields of the entry cannot stand in one.
    #[error("override: a value is null or too large a number; entries have neither")]
    OverrideInvalid,
    /// A client id that no provider gives.
    #[error(
        "client_id: it must have 1 to 512 printable characters; register Vouchsafe with the provider first"
    )]
    ClientIdInvalid,
    /// A secret that no provider gives.
    #[error("client_secret: it must have 1 to 4096 characters, none of them a control character")]
    ClientSecretInvalid,
}

/// A provider whose row carries a valid tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedProvider {
    /// The row.
    pub row: Provider,
    /// Its entry.
    pub entry: Entry,
}

/// The enabled provider of this id; `None` when there is none or it is disabled.
pub fn load_provider(
    tx: &mut Tx<'_>,
    vault: &Vault,
    id: &ProviderId,
) -> Result<Option<LoadedProvider>, ProviderError> {
    Ok(load_any(tx, vault, id)?.filter(|provider| provider.row.enabled))
}

/// The provider of this id, enabled or not: what is connected there must still be revocable.
pub(crate) fn load_any(
    tx: &mut Tx<'_>,
    vault: &Vault,
    id: &ProviderId,
) -> Result<Option<LoadedProvider>, ProviderError> {
    let Some(tagged) = providers::by_id(tx, id)? else {
        return Ok(None);
    };
    let row = vault.verify(tagged).map_err(ProviderError::Tampered)?;
    let entry = Entry::from_json(&row.entry).map_err(ProviderError::Entry)?;
    Ok(Some(LoadedProvider { row, entry }))
}

impl LoadedProvider {
    /// Whether secrets of the connection may be sent by this provider's entry: same hosts, same upstream client.
    pub fn serves(&self, connection: &Connection) -> bool {
        self.row.hosts == connection.hosts && self.row.client_id == connection.upstream_client_id
    }

    /// Our secret there. It opens only for the hosts it was sealed for.
    pub(crate) fn client_secret(&self, vault: &Vault) -> Result<Option<Secret<String>>, VaultError> {
        let context = sealing::client_secret(&self.row.id, self.row.hosts, self.row.version);
        self.row
            .client_secret
            .as_ref()
            .map(|sealed| vault.open_for_server(&context, sealed))
            .transpose()
    }
}
