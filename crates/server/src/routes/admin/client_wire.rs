//! Clients, as bodies have them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vouchsafe_model::{
    Ceiling as CeilingRow, Client as ClientRow, ClientAuthMethod, ClientId, ClientStatus, ManagedBy,
    ProviderId, ScopeBound,
};
use vouchsafe_oauth_types::{GrantType, Scope};
use vouchsafe_token_exchange::{ClientChange, ClientRequest};

use super::wire::{self, list_of};
use crate::time_text::rfc3339;

/// A registered client: an agent or an application. Never its secrets.
#[derive(Serialize, ToSchema)]
pub(crate) struct Client {
    /// `client_id`.
    #[schema(schema_with = wire::client_id)]
    pub(super) id: ClientId,
    /// What consent pages call it.
    name: String,
    /// `token_endpoint_auth_method`.
    #[schema(schema_with = wire::auth_method)]
    auth_method: ClientAuthMethod,
    /// Exact.
    redirect_uris: Vec<String>,
    #[schema(schema_with = wire::grant_types)]
    grant_types: Vec<GrantType>,
    /// Scopes of ours that it may ask for.
    #[schema(schema_with = wire::scope)]
    scope: Scope,
    /// Clients whose tokens it may present as a resource that they were meant for.
    #[schema(schema_with = wire::client_ids)]
    accepts_tokens_of: Vec<ClientId>,
    /// What it may at most be given, per provider.
    ceilings: Vec<Ceiling>,
    /// Its live secrets, by their ids.
    secrets: Vec<ClientSecret>,
    #[schema(schema_with = wire::client_status)]
    status: ClientStatus,
    #[schema(schema_with = wire::managed_by)]
    managed_by: ManagedBy,
    #[schema(schema_with = wire::time)]
    created_at: String,
}

list_of!(ClientList, Client, "clients");

/// What a client may at most be given at one provider. What its user allows lies inside.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ceiling {
    /// The provider; also the `audience` that the client names.
    #[schema(schema_with = wire::provider_id)]
    provider: ProviderId,
    /// The most it may ever do there.
    #[serde(serialize_with = "wire::write_bound", deserialize_with = "wire::bound")]
    #[schema(schema_with = wire::scope_bound)]
    scope: ScopeBound,
    /// Whether it may be given tokens that live without bound, or that the provider cannot revoke.
    #[serde(default)]
    #[schema(required = false)]
    allow_unbounded_raw: bool,
    /// This much needs no leave of the user, who sees it and can deny it.
    #[serde(
        default,
        serialize_with = "wire::write_bound_if_present",
        deserialize_with = "wire::bound_if_present",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(schema_with = wire::scope_bound, required = false)]
    trusted: Option<ScopeBound>,
}

/// A live secret of a client, without the secret.
#[derive(Serialize, ToSchema)]
struct ClientSecret {
    /// Names it among the client's secrets.
    #[schema(schema_with = wire::secret_id)]
    id: String,
    /// Absent for one of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::time, required = false)]
    created_at: Option<String>,
}

/// A client to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewClient {
    /// `client_id`.
    #[schema(schema_with = wire::client_id)]
    id: ClientId,
    /// What consent pages call it; its id, if not said.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::display_name, required = false)]
    name: Option<String>,
    /// How it proves who it is: `client_secret_basic`, if not said. With `none` it is public and gets no secret.
    #[serde(default = "usual_method")]
    #[schema(schema_with = wire::auth_method, required = false)]
    auth_method: ClientAuthMethod,
    /// Exact; https, or http on this machine, or a private-use scheme.
    #[serde(default)]
    #[schema(schema_with = wire::redirect_uris, required = false)]
    redirect_uris: Vec<String>,
    #[schema(schema_with = wire::grant_types)]
    grant_types: Vec<GrantType>,
    /// Scopes of ours that it may ask for.
    #[serde(default)]
    #[schema(schema_with = wire::scope, required = false)]
    scope: Scope,
    /// Clients whose tokens it may present as a resource that they were meant for.
    #[serde(default)]
    #[schema(schema_with = wire::client_ids, required = false)]
    accepts_tokens_of: Vec<ClientId>,
    /// What it may at most be given; one for each provider.
    #[serde(default, deserialize_with = "wire::objects")]
    #[schema(required = false)]
    ceilings: Vec<Ceiling>,
}

/// What of a client is to be otherwise; what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientPatch {
    /// What consent pages call it.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::display_name, required = false)]
    name: Option<String>,
    /// How it proves who it is. With `none` its secrets are gone; with another it needs a secret before it can do
    /// anything.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::auth_method, required = false)]
    auth_method: Option<ClientAuthMethod>,
    /// Exact.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::redirect_uris, required = false)]
    redirect_uris: Option<Vec<String>>,
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::grant_types, required = false)]
    grant_types: Option<Vec<GrantType>>,
    /// Scopes of ours that it may ask for.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::scope, required = false)]
    scope: Option<Scope>,
    /// Clients whose tokens it may present as a resource that they were meant for.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::client_ids, required = false)]
    accepts_tokens_of: Option<Vec<ClientId>>,
    /// What it may at most be given; all of them, one for each provider.
    #[serde(default, deserialize_with = "wire::objects_if_present")]
    #[schema(nullable = false)]
    ceilings: Option<Vec<Ceiling>>,
}

impl From<ClientRow> for Client {
    fn from(row: ClientRow) -> Self {
        let secrets = row.secrets.iter().map(|secret| ClientSecret {
            id: secret.id(),
            created_at: secret.created_at.map(rfc3339),
        });
        Self {
            secrets: secrets.collect(),
            id: row.id,
            name: row.name,
            auth_method: row.auth_method,
            redirect_uris: row.redirect_uris,
            grant_types: row.grant_types,
            scope: row.scope,
            accepts_tokens_of: row.accepts_tokens_of,
            ceilings: row.ceilings.into_iter().map(Ceiling::from).collect(),
            status: row.status,
            managed_by: row.managed_by,
            created_at: rfc3339(row.created_at),
        }
    }
}

impl From<CeilingRow> for Ceiling {
    fn from(row: CeilingRow) -> Self {
        Self {
            provider: row.provider_id,
            scope: row.scope,
            allow_unbounded_raw: row.allow_unbounded_raw,
            trusted: row.trusted,
        }
    }
}

impl From<Ceiling> for CeilingRow {
    fn from(wire: Ceiling) -> Self {
        Self {
            provider_id: wire.provider,
            scope: wire.scope,
            allow_unbounded_raw: wire.allow_unbounded_raw,
            trusted: wire.trusted,
        }
    }
}

impl From<NewClient> for ClientRequest {
    fn from(wire: NewClient) -> Self {
        Self {
            name: wire.name.unwrap_or_else(|| wire.id.to_string()),
            id: wire.id,
            auth_method: wire.auth_method,
            redirect_uris: wire.redirect_uris,
            grant_types: wire.grant_types,
            scope: wire.scope,
            accepts_tokens_of: wire.accepts_tokens_of,
            ceilings: wire.ceilings.into_iter().map(CeilingRow::from).collect(),
        }
    }
}

impl From<ClientPatch> for ClientChange {
    fn from(wire: ClientPatch) -> Self {
        let ceilings = |ceilings: Vec<Ceiling>| ceilings.into_iter().map(CeilingRow::from).collect();
        Self {
            name: wire.name,
            auth_method: wire.auth_method,
            redirect_uris: wire.redirect_uris,
            grant_types: wire.grant_types,
            scope: wire.scope,
            accepts_tokens_of: wire.accepts_tokens_of,
            ceilings: wire.ceilings.map(ceilings),
        }
    }
}

const fn usual_method() -> ClientAuthMethod {
    ClientAuthMethod::ClientSecretBasic
}
