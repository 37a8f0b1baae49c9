//! `/providers`: where people connect accounts.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use vouchsafe_identity_provider::catalogue::{CatalogueError, template_names};
use vouchsafe_identity_provider::{LoadedProvider, ProviderError, ProviderRequest, Switch};
use vouchsafe_model::{AdminScope, ManagedBy, ProviderId, Secret};
use vouchsafe_oauth_types::Scope;

use super::LIMIT;
use super::call::{Call, failed, ok};
use super::input;
use super::operation::{Answer, Operation, Parameter, Shape, Verb};
use super::wire::{self, list_of};
use crate::problem::Problem;
use crate::time_text::rfc3339;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        needs: Some(AdminScope::Read),
        summary: "List providers.",
        query: &[
            Parameter {
                name: "cursor",
                description: "The `next_cursor` of the page before.",
                schema: wire::provider_id,
            },
            LIMIT,
        ],
        answer: Answer::ok::<ProviderList>("A page of providers."),
        ..Operation::new(Verb::Get, "/providers", "listProviders", |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Add a provider.",
        description: "The body says what a `[[provider]]` of the configuration file says. Where the entry leaves it to \
                      discovery, the provider's metadata is fetched now. Register `redirect_uri` of the answer with the \
                      provider.",
        body: Some(Shape::of::<NewProvider>()),
        answer: Answer::created::<Provider>("The new provider."),
        conflicts: true,
        ..Operation::new(Verb::Post, "/providers", "createProvider", |call| {
            Box::pin(create(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Read),
        summary: "Show a provider.",
        answer: Answer::ok::<Provider>("The provider."),
        ..Operation::new(Verb::Get, "/providers/{provider_id}", "getProvider", |call| {
            Box::pin(show(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Replace a provider.",
        description: "Whole: what the body does not name is gone, `client_secret` included. Where the hosts change that \
                      secrets may be sent to, the provider's connections must be connected again: what was sealed for the \
                      old hosts does not open for others.",
        body: Some(Shape::of::<ProviderBody>()),
        answer: Answer::ok::<Provider>("The provider."),
        conflicts: true,
        ..Operation::new(Verb::Put, "/providers/{provider_id}", "replaceProvider", |call| {
            Box::pin(replace(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Manage),
        summary: "Disable a provider.",
        description: "Nobody connects there and nothing is released from there. What is connected stays, and can still be \
                      revoked.",
        answer: Answer::ok::<Provider>("The provider."),
        conflicts: true,
        ..Operation::new(
            Verb::Post,
            "/providers/{provider_id}/disable",
            "disableProvider",
            |call| Box::pin(switch(call, Switch::Off)),
        )
    },
    Operation {
        needs: Some(AdminScope::Manage),
        summary: "Enable a provider.",
        answer: Answer::ok::<Provider>("The provider."),
        conflicts: true,
        ..Operation::new(
            Verb::Post,
            "/providers/{provider_id}/enable",
            "enableProvider",
            |call| Box::pin(switch(call, Switch::On)),
        )
    },
];

/// A provider where people connect accounts. Never its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct Provider {
    /// The operator's name for it; also the `audience` that agents name.
    #[schema(schema_with = wire::provider_id)]
    id: ProviderId,
    /// The entry of the catalogue that it began with.
    template: String,
    /// The name for people.
    display_name: String,
    /// Its issuer, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    issuer: Option<String>,
    /// Our `client_id` there.
    client_id: String,
    /// Whether we have a `client_secret` there.
    has_client_secret: bool,
    /// Where our secrets and people's tokens may be sent. When this changes, connections must be connected again.
    hosts: Vec<String>,
    /// What agents may name as `resource` for it.
    resources: Vec<String>,
    /// What is asked for when nobody names a scope.
    #[schema(schema_with = wire::scope)]
    default_scopes: Scope,
    /// To be registered with the provider.
    redirect_uri: String,
    enabled: bool,
    #[schema(schema_with = wire::managed_by)]
    managed_by: ManagedBy,
    #[schema(schema_with = wire::time)]
    updated_at: String,
}

list_of!(ProviderList, Provider, "providers");

/// A provider to be added: what a `[[provider]]` of the configuration file says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProvider {
    /// The operator's name for it; also the `audience` that agents name.
    #[schema(schema_with = wire::provider_id)]
    id: ProviderId,
    /// The entry of the catalogue to begin with.
    #[schema(schema_with = template)]
    template: String,
    /// Our `client_id` there.
    #[schema(schema_with = upstream_client_id)]
    client_id: String,
    /// Our `client_secret` there.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = upstream_client_secret, required = false)]
    client_secret: Option<String>,
    /// Values of the template's variables.
    #[serde(default)]
    #[schema(required = false)]
    vars: BTreeMap<String, String>,
    /// Fields that replace those of the template.
    #[serde(default, rename = "override")]
    #[schema(required = false, value_type = Object)]
    fields: serde_json::Map<String, serde_json::Value>,
}

/// What a provider is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProviderBody {
    /// The entry of the catalogue to begin with.
    #[schema(schema_with = template)]
    template: String,
    /// Our `client_id` there.
    #[schema(schema_with = upstream_client_id)]
    client_id: String,
    /// Our `client_secret` there.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = upstream_client_secret, required = false)]
    client_secret: Option<String>,
    /// Values of the template's variables.
    #[serde(default)]
    #[schema(required = false)]
    vars: BTreeMap<String, String>,
    /// Fields that replace those of the template.
    #[serde(default, rename = "override")]
    #[schema(required = false, value_type = Object)]
    fields: serde_json::Map<String, serde_json::Value>,
}

async fn list(call: Call) -> Result<HttpResponse, Problem> {
    let (after, limit) = call.page()?;
    let page = call.app().identity_provider.provider_page(after, limit).await;
    let page = page.map_err(refused)?;
    Ok(ok(&ProviderList::of(page, |loaded| provider(&call, loaded))))
}

async fn create(call: Call) -> Result<HttpResponse, Problem> {
    let wanted: NewProvider = call.body()?;
    let request = ProviderRequest {
        id: wanted.id,
        template: wanted.template,
        client_id: wanted.client_id,
        client_secret: wanted.client_secret.map(Secret::new),
        vars: wanted.vars,
        fields: wanted.fields,
    };
    let identity_provider = &call.app().identity_provider;
    let created = identity_provider.create_provider(request, &call.origin).await;
    let created = provider(&call, created.map_err(refused)?);
    Ok(call.created(format_args!("/providers/{}", created.id), &created))
}

async fn show(call: Call) -> Result<HttpResponse, Problem> {
    let found = call
        .app()
        .identity_provider
        .provider(&call.id("provider_id")?)
        .await;
    Ok(ok(&provider(&call, found.map_err(refused)?)))
}

async fn replace(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("provider_id")?;
    let wanted: ProviderBody = call.body()?;
    let request = ProviderRequest {
        id,
        template: wanted.template,
        client_id: wanted.client_id,
        client_secret: wanted.client_secret.map(Secret::new),
        vars: wanted.vars,
        fields: wanted.fields,
    };
    let identity_provider = &call.app().identity_provider;
    let replaced = identity_provider.replace_provider(request, &call.origin).await;
    Ok(ok(&provider(&call, replaced.map_err(refused)?)))
}

async fn switch(call: Call, to: Switch) -> Result<HttpResponse, Problem> {
    let id = call.id("provider_id")?;
    let identity_provider = &call.app().identity_provider;
    let switched = identity_provider.switch_provider(&id, to, &call.origin).await;
    Ok(ok(&provider(&call, switched.map_err(refused)?)))
}

fn provider(call: &Call, loaded: LoadedProvider) -> Provider {
    let LoadedProvider { row, entry } = loaded;
    Provider {
        template: entry.name().to_owned(),
        display_name: entry.display_name().to_owned(),
        issuer: entry.issuer().map(str::to_owned),
        hosts: entry.secret_destinations(),
        resources: entry.api().resources.clone(),
        default_scopes: entry.default_scopes(),
        redirect_uri: call.app().identity_provider.redirect_uri(&row.id),
        id: row.id,
        client_id: row.client_id,
        has_client_secret: row.client_secret.is_some(),
        enabled: row.enabled,
        managed_by: row.managed_by,
        updated_at: rfc3339(row.updated_at),
    }
}

fn refused(error: ProviderError) -> Problem {
    match error {
        ProviderError::NotFound => Problem::NotFound,
        ProviderError::Taken | ProviderError::ManagedByConfiguration => Problem::Conflict(error.to_string()),
        ProviderError::TemplateUnknown
        | ProviderError::OverrideInvalid
        | ProviderError::ClientIdInvalid
        | ProviderError::ClientSecretInvalid => Problem::Invalid(error.to_string()),
        ProviderError::Entry(CatalogueError::Syntax { message, .. }) => {
            Problem::Invalid(format!("override: {}", input::said(&message)))
        }
        ProviderError::Entry(error) => Problem::Invalid(error.to_string()),
        ProviderError::MetadataInvalid(_) => Problem::Invalid(
            "override: at `issuer` is no metadata document of an OpenID Provider; write it exactly as the provider \
             publishes it"
                .to_owned(),
        ),
        ProviderError::MetadataUnreachable(_) => Problem::UpstreamUnavailable(
            "the provider's metadata cannot be fetched now: check `issuer`, or try again".to_owned(),
        ),
        ProviderError::Tampered(_) | ProviderError::Secret(_) => Problem::Tampered,
        ProviderError::Store(error) => failed(&error),
    }
}

fn template() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(template_names()))
        .build()
}

fn upstream_client_id() -> Object {
    wire::text("^[ -~]+$").max_length(Some(512)).build()
}

fn upstream_client_secret() -> Object {
    wire::text("^[^\\u0000-\\u001f\\u007f-\\u009f]+$")
        .max_length(Some(4096))
        .build()
}
