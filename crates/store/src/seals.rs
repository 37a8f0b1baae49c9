//! Whether the database holds anything sealed. A server makes a new master key only when it does not.

use crate::error::StoreError;
use crate::transaction::Tx;
use crate::{
    access_tokens, connect_attempts, data_keys, providers, server_keys, upstream_grants,
    upstream_revocation_secrets,
};

/// Whether any table holds a sealed value.
pub fn any(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    Ok(server_keys::any(tx)?
        || data_keys::any(tx)?
        || providers::any_sealed(tx)?
        || upstream_grants::any(tx)?
        || access_tokens::any(tx)?
        || connect_attempts::any_sealed(tx)?
        || upstream_revocation_secrets::any(tx)?)
}
