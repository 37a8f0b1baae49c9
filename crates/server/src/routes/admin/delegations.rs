//! `/delegations`: people's leave for clients to use their connections. It is given by people only (AR-01).

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vouchsafe_model::{
    AdminScope, ClientId, ConnectionId, Delegation as DelegationRow, DelegationDecision, DelegationId,
    ProviderId, UserId,
};
use vouchsafe_store::delegations::DelegationFilter;
use vouchsafe_token_exchange::DecisionError;

use super::LIMIT;
use super::call::{Call, failed, ok};
use super::operation::{Answer, Operation, Parameter, Verb};
use super::users::Usernames;
use super::wire::{self, bound_text, list_of};
use crate::problem::Problem;
use crate::time_text::rfc3339;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        needs: Some(AdminScope::Read),
        summary: "List delegations.",
        description: "Denied and withdrawn ones too. With `client_id` alone a page looks at ten thousand delegations at \
                      most, and may be short.",
        query: &[
            Parameter {
                name: "user_id",
                description: "Only of this user.",
                schema: wire::user_id,
            },
            Parameter {
                name: "client_id",
                description: "Only to this client.",
                schema: wire::client_id,
            },
            Parameter {
                name: "connection_id",
                description: "Only for this connection.",
                schema: wire::connection_id,
            },
            Parameter {
                name: "cursor",
                description: "The `next_cursor` of the page before.",
                schema: wire::delegation_id,
            },
            LIMIT,
        ],
        answer: Answer::ok::<DelegationList>("A page of delegations."),
        ..Operation::new(Verb::Get, "/delegations", "listDelegations", |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Read),
        summary: "Show a delegation.",
        answer: Answer::ok::<Delegation>("The delegation."),
        ..Operation::new(
            Verb::Get,
            "/delegations/{delegation_id}",
            "getDelegation",
            |call| Box::pin(show(call)),
        )
    },
    Operation {
        needs: Some(AdminScope::Revoke),
        summary: "Withdraw a delegation.",
        description: "The very next exchange that rests on it fails. What the person has denied or withdrawn stays as it \
                      is. Nobody but the person can give leave again.",
        answer: Answer::ok::<Delegation>("The delegation."),
        ..Operation::new(
            Verb::Post,
            "/delegations/{delegation_id}/withdraw",
            "withdrawDelegation",
            |call| Box::pin(withdraw(call)),
        )
    },
];

/// A person's leave for a client to use a connection.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delegation {
    #[schema(schema_with = wire::delegation_id)]
    id: DelegationId,
    #[schema(schema_with = wire::user_id)]
    user_id: UserId,
    /// By what name the user signs in; absent where the user cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::username, required = false)]
    username: Option<String>,
    #[schema(schema_with = wire::client_id)]
    client_id: ClientId,
    #[schema(schema_with = wire::connection_id)]
    connection_id: ConnectionId,
    #[schema(schema_with = wire::provider_id)]
    provider_id: ProviderId,
    #[schema(schema_with = wire::scope_or_everything)]
    scope: String,
    #[schema(schema_with = wire::decision)]
    decision: DelegationDecision,
    #[schema(schema_with = wire::time)]
    decided_at: String,
    /// Until when; absent = until withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::time, required = false)]
    expires_at: Option<String>,
}

list_of!(DelegationList, Delegation, "delegations");

async fn list(call: Call) -> Result<HttpResponse, Problem> {
    let (after, limit) = call.page()?;
    let filter = DelegationFilter {
        user_id: call.query("user_id", "the id of a user")?,
        client_id: call.query("client_id", "the id of a client")?,
        connection_id: call.query("connection_id", "the id of a connection")?,
    };
    let server = &call.app().authorization_server;
    let page = server.delegations(filter, after, limit).await.map_err(refused)?;
    let names = Usernames::of(&call, page.items.iter().map(|row| &row.user_id)).await?;
    Ok(ok(&DelegationList::of(page, |row| delegation(row, &names))))
}

async fn show(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("delegation_id")?;
    let found = call.app().authorization_server.delegation(&id).await;
    answer(&call, found.map_err(refused)?).await
}

async fn withdraw(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("delegation_id")?;
    let server = &call.app().authorization_server;
    let withdrawn = server.withdraw_delegation_by_admin(&id, &call.origin).await;
    answer(&call, withdrawn.map_err(refused)?).await
}

async fn answer(call: &Call, row: DelegationRow) -> Result<HttpResponse, Problem> {
    let names = Usernames::of(call, std::iter::once(&row.user_id)).await?;
    Ok(ok(&delegation(row, &names)))
}

fn delegation(row: DelegationRow, names: &Usernames) -> Delegation {
    Delegation {
        id: row.id,
        username: names.get(&row.user_id),
        user_id: row.user_id,
        client_id: row.client_id,
        connection_id: row.connection_id,
        provider_id: row.provider_id,
        scope: bound_text(&row.scope),
        decision: row.decision,
        decided_at: rfc3339(row.decided_at),
        expires_at: row.expires_at.map(rfc3339),
    }
}

fn refused(error: DecisionError) -> Problem {
    match error {
        DecisionError::NotFound => Problem::NotFound,
        DecisionError::Tampered(_) => Problem::Tampered,
        DecisionError::Unavailable(error) => failed(&error),
    }
}
