//! Makes an instance be what the file says.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use vouchsafe_audit::Origin;
use vouchsafe_identity_provider as identity_provider;
use vouchsafe_identity_provider::{ProviderDefinition, ProviderError};
use vouchsafe_model::{ClientId, ManagedBy, UserStatus};
use vouchsafe_sign_in as sign_in;
use vouchsafe_sign_in::SignInError;
use vouchsafe_store::{StoreError, Tx, clients};
use vouchsafe_token_exchange as token_exchange;

use super::provider::ProviderLine;
use super::{Config, ConfigError};
use crate::wiring::Instance;

/// Why the configuration could not be applied. What was applied before stays.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A client.
    #[error("client {0} could not be applied")]
    Client(String, #[source] token_exchange::ApplyError),
    /// A provider.
    #[error("provider {0} could not be applied")]
    Provider(String, #[source] ProviderError),
    /// A user.
    #[error("user {0} could not be applied")]
    User(String, #[source] SignInError),
    /// What is there could not be read.
    #[error("the clients could not be read")]
    Store(#[from] StoreError),
    /// Something that only a provider's metadata could show.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// What applying did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many rows were written, each with its record.
    pub changed: usize,
    /// Providers whose metadata could not be fetched: they are as they were before, or not there at all.
    pub left_out: Vec<String>,
}

/// Applies providers, then clients, then users; then disables what `managed_by = config` and no line names any more.
pub async fn apply(instance: &Instance, config: &Config) -> Result<Outcome, ApplyError> {
    let mut outcome = Outcome::default();
    for line in &config.providers {
        match provider(instance, line).await? {
            Some(changed) => outcome.changed += usize::from(changed),
            None => outcome.left_out.push(line.id.to_string()),
        }
    }
    for definition in &config.clients {
        let id = definition.id.to_string();
        let applied = instance
            .authorization_server
            .apply_client(definition.clone(), &origin())
            .await;
        let applied = applied.map_err(|error| ApplyError::Client(id, error))?;
        outcome.changed += usize::from(applied == token_exchange::Applied::Changed);
    }
    let mut users = BTreeSet::new();
    for definition in &config.users {
        let applied = instance.sign_in.apply_user(definition.clone()).await;
        let (user, applied) =
            applied.map_err(|error| ApplyError::User(definition.username.clone(), error))?;
        outcome.changed += usize::from(applied == sign_in::Applied::Changed);
        users.insert(user.id);
    }
    outcome.changed += disable_gone(instance, config, &users).await?;
    Ok(outcome)
}

/// Applies the providers that were left out, as soon as they answer. For trying again.
pub async fn apply_left_out(
    instance: &Instance,
    config: &Config,
    left_out: &[String],
) -> Result<Vec<String>, ApplyError> {
    let mut still = Vec::new();
    for line in config
        .providers
        .iter()
        .filter(|line| left_out.contains(&line.id.to_string()))
    {
        match provider(instance, line).await? {
            Some(_) => {
                tracing::info!(provider.id = %line.id, "the provider that was not in force as configured is so now");
            }
            None => still.push(line.id.to_string()),
        }
    }
    Ok(still)
}

/// `None` = its metadata cannot be had now; it stays as it was, and everything else starts without it.
async fn provider(instance: &Instance, line: &ProviderLine) -> Result<Option<bool>, ApplyError> {
    let failed = |error| ApplyError::Provider(line.id.to_string(), error);
    let entry = match instance.identity_provider.discover(&line.entry).await {
        Ok(entry) => entry,
        Err(
            error @ (ProviderError::MetadataUnreachable(_)
            | ProviderError::MetadataInvalid(_)
            | ProviderError::Entry(_)),
        ) => {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            let there = instance.identity_provider.providers().await.map_err(failed)?;
            let what_now = if there.iter().any(|provider| provider.row.id == line.id) {
                "it stays as it was until it can"
            } else {
                "it is left out until it can"
            };
            tracing::error!(
                provider.id = %line.id, reason,
                "the metadata of a provider cannot be used: {what_now}; it is tried again every {} seconds",
                RETRY_EVERY.as_secs()
            );
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
    };
    let definition = ProviderDefinition {
        id: line.id.clone(),
        entry,
        client_id: line.client_id.clone(),
        client_secret: line.client_secret.clone(),
        managed_by: ManagedBy::Config,
    };
    let applied = instance
        .identity_provider
        .apply_provider(definition)
        .await
        .map_err(failed)?;
    Ok(Some(applied == identity_provider::Applied::Changed))
}

async fn disable_gone(
    instance: &Instance,
    config: &Config,
    users: &BTreeSet<vouchsafe_model::UserId>,
) -> Result<usize, ApplyError> {
    let mut disabled = 0;
    for id in clients_of_config(instance).await? {
        if !config.clients.iter().any(|definition| definition.id == id) {
            let applied = instance
                .authorization_server
                .disable_client(&id, &origin())
                .await?;
            disabled += usize::from(applied == token_exchange::Applied::Changed);
        }
    }
    let failed = |id: &str| {
        let id = id.to_owned();
        move |error| ApplyError::Provider(id, error)
    };
    for provider in instance
        .identity_provider
        .providers()
        .await
        .map_err(failed("(all)"))?
    {
        let row = provider.row;
        let configured = config.providers.iter().any(|line| line.id == row.id);
        if row.managed_by == ManagedBy::Config && !configured {
            let applied = instance.identity_provider.disable_provider(&row.id).await;
            let applied = applied.map_err(failed(row.id.as_str()))?;
            disabled += usize::from(applied == identity_provider::Applied::Changed);
        }
    }
    let failed = |error| ApplyError::User("(all)".to_owned(), error);
    for user in instance
        .sign_in
        .users_managed_by(ManagedBy::Config)
        .await
        .map_err(failed)?
    {
        if user.status == UserStatus::Active && !users.contains(&user.id) {
            let applied = instance
                .sign_in
                .disable_user(&user.id, &origin())
                .await
                .map_err(failed)?;
            disabled += usize::from(applied == sign_in::Applied::Changed);
        }
    }
    Ok(disabled)
}

async fn clients_of_config(instance: &Instance) -> Result<Vec<ClientId>, StoreError> {
    let all = |tx: &mut Tx<'_>| -> Result<_, StoreError> {
        // A tampered row is listed as well: disabling only takes.
        let rows = clients::all_readable(tx)?.into_iter();
        let rows = rows.filter(|row| row.unverified().managed_by == ManagedBy::Config);
        Ok(rows.map(|row| row.unverified().id.clone()).collect())
    };
    instance.store.read(all).await
}

fn origin() -> Origin {
    Origin {
        request_id: "config".to_owned(),
        ..Origin::default()
    }
}

/// How often a running server tries again what was left out.
pub(crate) const RETRY_EVERY: Duration = Duration::from_secs(30);
