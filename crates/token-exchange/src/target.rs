//! The target: which provider the names in a request mean (RFC 8693 section 2.1.1, RFC 8707).
//!
//! `audience` is the provider's id, compared exactly; `resource` is a URI that the provider's entry lists, compared
//! exactly. All names must mean the same provider, and the client must be allow-listed for it; every failure looks the
//! same (TE-2.1.1-04).

use std::sync::Arc;

use vouchsafe_identity_provider::LoadedProvider;
use vouchsafe_model::{Ceiling, Client};

use crate::known::{Kept, Reader, Stop};
use crate::refusal::Reason;

/// The names in a request.
pub(crate) struct Names {
    pub(crate) audience: Vec<String>,
    pub(crate) resource: Vec<String>,
    /// Which account, where the user has several there.
    pub(crate) account: Option<String>,
}

/// A provider that this client may name, with the client's ceiling there.
#[derive(Clone)]
pub(crate) struct Target {
    provider: Arc<Kept<LoadedProvider>>,
    pub(crate) ceiling: Ceiling,
}

/// Resolves every name. The outer result is the look's.
pub(crate) fn resolve(
    reader: &mut Reader<'_, '_, '_>,
    client: &Client,
    names: &Names,
) -> Result<Result<Target, Reason>, Stop> {
    if names.audience.is_empty() && names.resource.is_empty() {
        return Ok(Err(Reason::NoTarget));
    }
    let mut found = Vec::new();
    for audience in &names.audience {
        let Some(ceiling) = client
            .ceilings
            .iter()
            .find(|ceiling| ceiling.provider_id.as_str() == audience)
        else {
            return Ok(Err(Reason::ForbiddenTarget));
        };
        found.push(load(reader, ceiling)?);
    }
    if !names.resource.is_empty() {
        let allowed = usable(reader, client)?;
        for uri in &names.resource {
            found.push(allowed.iter().find(|target| target.is_resource(uri)).cloned());
        }
    }
    let mut chosen: Option<Target> = None;
    for target in found {
        match (target, &chosen) {
            (None, _) => return Ok(Err(Reason::UnknownTarget)),
            (Some(target), Some(chosen)) if target.ceiling.provider_id != chosen.ceiling.provider_id => {
                return Ok(Err(Reason::SeveralTargets));
            }
            (target, _) => chosen = target,
        }
    }
    Ok(chosen.ok_or(Reason::UnknownTarget))
}

fn load(reader: &mut Reader<'_, '_, '_>, ceiling: &Ceiling) -> Result<Option<Target>, Stop> {
    let provider = reader.provider(&ceiling.provider_id)?;
    Ok(provider.map(|provider| Target {
        provider,
        ceiling: ceiling.clone(),
    }))
}

/// Everything the client may name. A provider that cannot be used is no reason to refuse the others.
fn usable(reader: &mut Reader<'_, '_, '_>, client: &Client) -> Result<Vec<Target>, Stop> {
    let mut found = Vec::new();
    for ceiling in &client.ceilings {
        match load(reader, ceiling) {
            Ok(target) => found.extend(target),
            Err(Stop::Provider(error)) => tracing::error!(
                provider.id = %ceiling.provider_id,
                error = &error as &dyn std::error::Error,
                "a provider cannot be used"
            ),
            Err(stop) => return Err(stop),
        }
    }
    Ok(found)
}

impl Target {
    /// The provider.
    pub(crate) fn provider(&self) -> &LoadedProvider {
        &self.provider.value
    }

    fn is_resource(&self, uri: &str) -> bool {
        self.provider()
            .entry
            .api()
            .resources
            .iter()
            .any(|resource| resource == uri)
    }
}
