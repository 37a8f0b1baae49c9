//! What the file says beside what the database has: a server applies its file at its start, and leaves out a provider
//! whose metadata it cannot get.

use vouchsafe_model::{ClientStatus, ManagedBy};
use vouchsafe_store::{Store, StoreError, Tx, clients, providers};

use super::finding::Finding;
use crate::config::Config;

pub(super) fn look(config: &Config, store: &Store, findings: &mut Vec<Finding>) {
    let missing = store.read_blocking(|tx| missing(tx, config));
    // A database that does not answer has been told of already.
    for (check, id) in missing.unwrap_or_default() {
        let text = format!(
            "{id} of the file is not in force yet: the next start of `vouchsafe serve` applies it; if the server runs \
             already, its log says why it does not"
        );
        findings.push(Finding::warn(check, text));
    }
}

/// Only whether it is there and may be used: the rows are not trusted for anything.
fn missing(tx: &mut Tx<'_>, config: &Config) -> Result<Vec<(&'static str, String)>, StoreError> {
    let mut missing = Vec::new();
    for line in &config.providers {
        let row = providers::by_id(tx, &line.id)?;
        let ours = |row: &vouchsafe_model::Provider| row.enabled && row.managed_by == ManagedBy::Config;
        if !row.is_some_and(|row| ours(row.unverified())) {
            missing.push(("providers", line.id.to_string()));
        }
    }
    for client in &config.clients {
        let row = clients::by_id(tx, &client.id)?;
        let ours = |row: &vouchsafe_model::Client| {
            row.status == ClientStatus::Active && row.managed_by == ManagedBy::Config
        };
        if !row.is_some_and(|row| ours(row.unverified())) {
            missing.push(("clients", client.id.to_string()));
        }
    }
    Ok(missing)
}
