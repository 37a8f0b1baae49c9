//! Why an instance does not open.

use vouchsafe_identity_provider::EgressError;
use vouchsafe_store::StoreError;
use vouchsafe_vault::VaultError;

use crate::checkpoint_file::CheckpointError;

/// What stands in the way of starting, in words for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database does not open or answer.
    #[error("the database cannot be used")]
    Store(#[from] StoreError),
    /// The schema is of an older version.
    #[error(
        "the schema of the database is {pending} migration(s) older than this program: make a backup, then run \
         `vouchsafe migrate`"
    )]
    SchemaOld {
        /// How many migrations are missing.
        pending: usize,
    },
    /// The schema is of a newer version.
    #[error(
        "the schema of the database is newer than this program: run the Vouchsafe version that wrote it, or a later one"
    )]
    SchemaNewer,
    /// There are sealed rows, but nothing that says whose.
    #[error(
        "the database holds sealed rows but no instance: it is damaged, restore table `instance` and `server_keys` \
         from your backup"
    )]
    SealedWithoutInstance,
    /// The keys do not open.
    #[error("the vault does not open")]
    Vault(#[from] VaultError),
    /// The checkpoint outside speaks against the database.
    #[error("the record is not what the checkpoint says")]
    Checkpoint(#[from] CheckpointError),
    /// The outgoing HTTP client cannot be made.
    #[error("the outgoing HTTP client cannot be made")]
    Egress(#[from] EgressError),
}
