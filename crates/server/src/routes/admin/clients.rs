//! `/clients`: agents and applications.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vouchsafe_model::{AdminScope, ClientId, ClientStatus, ProviderId, ScopeBound};
use vouchsafe_token_exchange::{ClientRefusal, InvalidClient};

use super::LIMIT;
use super::call::{Call, failed, ok};
use super::client_wire::{Client, ClientList, ClientPatch, NewClient};
use super::operation::{Answer, Operation, Parameter, Shape, Verb};
use super::wire;
use crate::problem::Problem;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        needs: Some(AdminScope::Read),
        summary: "List clients.",
        query: &[
            Parameter {
                name: "cursor",
                description: "The `next_cursor` of the page before.",
                schema: wire::client_id,
            },
            LIMIT,
        ],
        answer: Answer::ok::<ClientList>("A page of clients."),
        ..Operation::new(Verb::Get, "/clients", "listClients", |call| Box::pin(list(call)))
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Register a client.",
        description: "A confidential client gets a generated secret, which is in this answer and nowhere else.",
        body: Some(Shape::of::<NewClient>()),
        answer: Answer::created::<CreatedClient>("The new client, with its secret."),
        conflicts: true,
        ..Operation::new(Verb::Post, "/clients", "createClient", |call| {
            Box::pin(create(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Read),
        summary: "Show a client.",
        answer: Answer::ok::<Client>("The client."),
        ..Operation::new(Verb::Get, "/clients/{client_id}", "getClient", |call| {
            Box::pin(show(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Manage),
        summary: "Change a client.",
        description: "A change of `auth_method`, `redirect_uris`, `accepts_tokens_of` or of a trusted mark needs the scope \
                      `trust` as well, and so does `allow_unbounded_raw` where it was not set.",
        body: Some(Shape::of::<ClientPatch>()),
        answer: Answer::ok::<Client>("The client."),
        conflicts: true,
        ..Operation::new(Verb::Patch, "/clients/{client_id}", "changeClient", |call| {
            Box::pin(change(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Manage),
        summary: "Disable a client.",
        description: "From then on it authenticates no more, and nothing that is under way for it is released.",
        answer: Answer::ok::<Client>("The client."),
        conflicts: true,
        ..Operation::new(
            Verb::Post,
            "/clients/{client_id}/disable",
            "disableClient",
            |call| Box::pin(set_status(call, ClientStatus::Disabled)),
        )
    },
    Operation {
        needs: Some(AdminScope::Manage),
        summary: "Enable a client.",
        answer: Answer::ok::<Client>("The client."),
        conflicts: true,
        ..Operation::new(
            Verb::Post,
            "/clients/{client_id}/enable",
            "enableClient",
            |call| Box::pin(set_status(call, ClientStatus::Active)),
        )
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Mark a client as trusted at a provider.",
        description: "This much, inside the ceiling, needs no leave of the user. The user sees it, and a user's no beats it.",
        body: Some(Shape::of::<Trusted>()),
        answer: Answer::ok::<Client>("The client."),
        conflicts: true,
        ..Operation::new(Verb::Put, TRUSTED, "setTrusted", |call| {
            Box::pin(set_trusted(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Remove a client's trusted mark at a provider.",
        answer: Answer::ok::<Client>("The client."),
        conflicts: true,
        ..Operation::new(Verb::Delete, TRUSTED, "removeTrusted", |call| {
            Box::pin(remove_trusted(call))
        })
    },
];

/// A client that was just registered.
#[derive(Serialize, ToSchema)]
struct CreatedClient {
    client: Client,
    /// Its secret; absent for a public client. Nobody is shown it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_secret: Option<String>,
}

/// How far a client is trusted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Trusted {
    #[serde(deserialize_with = "wire::bound")]
    #[schema(schema_with = wire::scope_bound)]
    scope: ScopeBound,
}

async fn list(call: Call) -> Result<HttpResponse, Problem> {
    let (after, limit) = call.page()?;
    let page = call.app().authorization_server.clients(after, limit).await;
    let page = page.map_err(|error| refused(error.into()))?;
    Ok(ok(&ClientList::of(page, Client::from)))
}

async fn create(call: Call) -> Result<HttpResponse, Problem> {
    let wanted: NewClient = call.body()?;
    let server = &call.app().authorization_server;
    let created = server.create_client(wanted.into(), &call.origin).await;
    let (client, secret) = created.map_err(refused)?;
    let created = CreatedClient {
        client: client.into(),
        client_secret: secret.map(|new| new.secret.expose().clone()),
    };
    Ok(call.created(format_args!("/clients/{}", created.client.id), &created))
}

async fn show(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("client_id")?;
    shown(call.app().authorization_server.client(&id).await)
}

async fn change(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("client_id")?;
    let wanted: ClientPatch = call.body()?;
    let (server, own) = (&call.app().authorization_server, call.principal.scopes());
    let changed = server.change_client(&id, wanted.into(), own, &call.origin).await;
    if matches!(changed, Err(ClientRefusal::TrustNeeded)) {
        call.refused("insufficient_scope").await;
    }
    shown(changed)
}

async fn set_status(call: Call, status: ClientStatus) -> Result<HttpResponse, Problem> {
    let id = call.id("client_id")?;
    let server = &call.app().authorization_server;
    shown(server.set_client_status(&id, status, &call.origin).await)
}

async fn set_trusted(call: Call) -> Result<HttpResponse, Problem> {
    let (id, provider): (ClientId, ProviderId) = (call.id("client_id")?, call.id("provider_id")?);
    let trusted: Trusted = call.body()?;
    let server = &call.app().authorization_server;
    let changed = server.set_trusted(&id, &provider, Some(trusted.scope), &call.origin);
    shown(changed.await)
}

async fn remove_trusted(call: Call) -> Result<HttpResponse, Problem> {
    let (id, provider): (ClientId, ProviderId) = (call.id("client_id")?, call.id("provider_id")?);
    let server = &call.app().authorization_server;
    shown(server.set_trusted(&id, &provider, None, &call.origin).await)
}

fn shown(outcome: Result<vouchsafe_model::Client, ClientRefusal>) -> Result<HttpResponse, Problem> {
    Ok(ok(&Client::from(outcome.map_err(change_refused)?)))
}

/// What a new client was refused for.
pub(super) fn refused(refusal: ClientRefusal) -> Problem {
    match refusal {
        ClientRefusal::NotFound | ClientRefusal::SecretNotFound | ClientRefusal::CeilingNotFound => {
            Problem::NotFound
        }
        ClientRefusal::Taken
        | ClientRefusal::ManagedByConfiguration
        | ClientRefusal::SecretsFull
        | ClientRefusal::SecretForPublicClient
        | ClientRefusal::LastSecret
        | ClientRefusal::ProviderUnknown(_)
        | ClientRefusal::ClientUnknown(_) => Problem::Conflict(refusal.to_string()),
        ClientRefusal::TrustNeeded => Problem::InsufficientScope(AdminScope::Trust),
        ClientRefusal::Invalid(_) | ClientRefusal::CeilingTwice(_) => Problem::Invalid(refusal.to_string()),
        ClientRefusal::Tampered(_) => Problem::Tampered,
        ClientRefusal::Unavailable(error) => failed(&error),
    }
}

/// What a change was refused for: what does not fit what the client already is, is a conflict with that.
fn change_refused(refusal: ClientRefusal) -> Problem {
    match refusal {
        ClientRefusal::Invalid(
            InvalidClient::RedirectUri(_) | InvalidClient::NameInvalid | InvalidClient::GrantsInvalid,
        ) => refused(refusal),
        ClientRefusal::Invalid(invalid) => Problem::Conflict(invalid.to_string()),
        refusal => refused(refusal),
    }
}

const TRUSTED: &str = "/clients/{client_id}/ceilings/{provider_id}/trusted";
