//! What an administrator may change of a client, and what must hold of it afterwards.

use std::collections::BTreeSet;

use vouchsafe_model::{Ceiling, Client, ClientAuthMethod, ClientId, ProviderId};
use vouchsafe_oauth_types::{GrantType, Scope};
use vouchsafe_store::{Tx, clients, providers};

use crate::admin_clients::ClientRefusal;
use crate::clients::Registration;

/// What of a client is to be otherwise; `None` = as it is.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the fields are those of `Client`")]
pub struct ClientChange {
    pub name: Option<String>,
    pub auth_method: Option<ClientAuthMethod>,
    pub redirect_uris: Option<Vec<String>>,
    pub grant_types: Option<Vec<GrantType>>,
    pub scope: Option<Scope>,
    pub accepts_tokens_of: Option<Vec<ClientId>>,
    pub ceilings: Option<Vec<Ceiling>>,
}

impl ClientChange {
    pub(crate) fn applied_to(self, before: &Client) -> Client {
        let before = before.clone();
        let auth_method = self.auth_method.unwrap_or(before.auth_method);
        Client {
            name: self.name.unwrap_or(before.name),
            auth_method,
            // What a public client shows nobody checks: a secret must not seem to protect it.
            secrets: if auth_method == ClientAuthMethod::None {
                Vec::new()
            } else {
                before.secrets
            },
            redirect_uris: self.redirect_uris.unwrap_or(before.redirect_uris),
            grant_types: self.grant_types.unwrap_or(before.grant_types),
            scope: self.scope.unwrap_or(before.scope),
            accepts_tokens_of: self.accepts_tokens_of.unwrap_or(before.accepts_tokens_of),
            ceilings: self.ceilings.unwrap_or(before.ceilings),
            ..before
        }
    }
}

/// Where codes go, how it proves who it is, whose tokens it may present, what needs no leave, and where it is newly given
/// tokens that live without bound.
pub(crate) fn touches_trust(before: &Client, after: &Client) -> bool {
    let marks = |client: &Client| -> BTreeSet<(ProviderId, String)> {
        let ceilings = client.ceilings.iter();
        let marked = ceilings.filter_map(|ceiling| {
            let trusted = ceiling.trusted.as_ref()?;
            Some((ceiling.provider_id.clone(), trusted.to_string()))
        });
        marked.collect()
    };
    // Tokens that nobody can end are lent on trust alone.
    let endless = |client: &Client| -> BTreeSet<ProviderId> {
        let ceilings = client.ceilings.iter();
        let allowed = ceilings.filter(|ceiling| ceiling.allow_unbounded_raw);
        allowed.map(|ceiling| ceiling.provider_id.clone()).collect()
    };
    before.auth_method != after.auth_method
        || before.redirect_uris != after.redirect_uris
        || before.accepts_tokens_of != after.accepts_tokens_of
        || marks(before) != marks(after)
        || !endless(after).is_subset(&endless(before))
}

/// What must hold of a client, on its own and beside what there is.
pub(crate) fn check(tx: &mut Tx<'_>, client: &Client) -> Result<(), ClientRefusal> {
    for Ceiling { provider_id, .. } in &client.ceilings {
        if providers::by_id(tx, provider_id)?.is_none() {
            return Err(ClientRefusal::ProviderUnknown(provider_id.clone()));
        }
    }
    for other in &client.accepts_tokens_of {
        if *other != client.id && clients::by_id(tx, other)?.is_none() {
            return Err(ClientRefusal::ClientUnknown(other.clone()));
        }
    }
    let mut seen = BTreeSet::new();
    for Ceiling { provider_id, .. } in &client.ceilings {
        if !seen.insert(provider_id) {
            return Err(ClientRefusal::CeilingTwice(provider_id.clone()));
        }
    }
    let registration = Registration {
        name: &client.name,
        auth_method: client.auth_method,
        redirect_uris: &client.redirect_uris,
        grant_types: &client.grant_types,
        ceilings: &client.ceilings,
    };
    Ok(registration.check()?)
}

/// The names of the fields that differ, for the record.
pub(crate) fn differences(before: &Client, after: &Client) -> Vec<&'static str> {
    let fields = [
        ("name", before.name != after.name),
        ("auth_method", before.auth_method != after.auth_method),
        ("secrets", before.secrets != after.secrets),
        ("redirect_uris", before.redirect_uris != after.redirect_uris),
        ("grant_types", before.grant_types != after.grant_types),
        ("scope", before.scope != after.scope),
        (
            "accepts_tokens_of",
            before.accepts_tokens_of != after.accepts_tokens_of,
        ),
        ("ceilings", before.ceilings != after.ceilings),
        ("status", before.status != after.status),
    ];
    let differing = fields.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(name, _)| name).collect()
}
