//! The target: which provider the names in a request mean (RFC 8693 section 2.1.1, RFC 8707).
//!
//! `audience` is the provider's id, compared exactly; `resource` is a URI that the provider's entry lists, compared
//! exactly. All names must mean the same provider, and the client must be allow-listed for it; every failure looks the
//! same (TE-2.1.1-04).

use vouchsafe_identity_provider::{LoadedProvider, ProviderError, load_provider};
use vouchsafe_model::{Ceiling, Client};
use vouchsafe_store::Tx;
use vouchsafe_vault::Vault;

use crate::refusal::Reason;

/// The names in a request.
pub(crate) struct Names {
    pub(crate) audience: Vec<String>,
    pub(crate) resource: Vec<String>,
}

/// A provider that this client may name, with the client's ceiling there.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) provider: LoadedProvider,
    pub(crate) ceiling: Ceiling,
}

/// Resolves every name. The outer result is the store's.
pub(crate) fn resolve(
    tx: &mut Tx<'_>,
    vault: &Vault,
    client: &Client,
    names: &Names,
) -> Result<Result<Target, Reason>, ProviderError> {
    if names.audience.is_empty() && names.resource.is_empty() {
        return Ok(Err(Reason::NoTarget));
    }
    let mut allowed = Vec::new();
    for ceiling in &client.ceilings {
        if let Some(provider) = load_provider(tx, vault, &ceiling.provider_id)? {
            allowed.push(Target {
                provider,
                ceiling: ceiling.clone(),
            });
        }
    }
    let mut chosen: Option<usize> = None;
    let by_audience = names
        .audience
        .iter()
        .map(|name| allowed.iter().position(|target| target.is_audience(name)));
    let by_resource = names
        .resource
        .iter()
        .map(|name| allowed.iter().position(|target| target.is_resource(name)));
    for found in by_audience.chain(by_resource) {
        match (found, chosen) {
            (None, _) => return Ok(Err(Reason::ForbiddenTarget)),
            (Some(found), Some(chosen)) if found != chosen => return Ok(Err(Reason::SeveralTargets)),
            (found, _) => chosen = found,
        }
    }
    Ok(chosen
        .map(|index| allowed.swap_remove(index))
        .ok_or(Reason::UnknownTarget))
}

impl Target {
    fn is_audience(&self, name: &str) -> bool {
        self.ceiling.provider_id.as_str() == name
    }

    fn is_resource(&self, uri: &str) -> bool {
        self.provider
            .entry
            .api()
            .resources
            .iter()
            .any(|resource| resource == uri)
    }
}
