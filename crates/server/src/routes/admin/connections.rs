//! `/connections`: accounts that people have connected, and the kill switch.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vouchsafe_audit::Administrator;
use vouchsafe_identity_provider::{ConnectionDetail, RawRelease, RevokeAnswer, RevokeError, RevokedBy};
use vouchsafe_model::{
    AdminScope, ClientId, Connection as ConnectionRow, ConnectionId, ConnectionState, ProviderId,
    ReconnectReason, RecordId, RevocationState, UnixMillis, UserId,
};
use vouchsafe_store::connections::ConnectionFilter;
use vouchsafe_token_exchange::Obstacle;

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
        summary: "List connections.",
        description: "Revoked ones too. Without `user_id` a page looks at ten thousand connections at most, and may be \
                      short.",
        query: &[
            Parameter {
                name: "user_id",
                description: "Only of this user.",
                schema: wire::user_id,
            },
            Parameter {
                name: "provider_id",
                description: "Only at this provider.",
                schema: wire::provider_id,
            },
            Parameter {
                name: "state",
                description: "Only in this state.",
                schema: wire::connection_state,
            },
            Parameter {
                name: "cursor",
                description: "The `next_cursor` of the page before.",
                schema: wire::connection_id,
            },
            LIMIT,
        ],
        answer: Answer::ok::<ConnectionList>("A page of connections."),
        ..Operation::new(Verb::Get, "/connections", "listConnections", |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Read),
        summary: "Show a connection.",
        description: "With what the provider granted, and what has become of it once it is revoked. No stored token is \
                      ever shown.",
        answer: Answer::ok::<Connection>("The connection."),
        ..Operation::new(
            Verb::Get,
            "/connections/{connection_id}",
            "getConnection",
            |call| Box::pin(show(call)),
        )
    },
    Operation {
        needs: Some(AdminScope::Revoke),
        summary: "Revoke a connection.",
        description: "200 once it is dead on every replica. Revoking again gives the answer as it stands by then. What \
                      comes as a body is not read.",
        answer: Answer::ok::<Revocation>("What has become of it, and what may still be out there."),
        ..Operation::new(
            Verb::Post,
            "/connections/{connection_id}/revoke",
            "revokeConnection",
            |call| Box::pin(revoke(call)),
        )
    },
];

/// An account at a provider, connected by a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct Connection {
    #[schema(schema_with = wire::connection_id)]
    id: ConnectionId,
    #[schema(schema_with = wire::user_id)]
    user_id: UserId,
    /// By what name the user signs in; absent where the user cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::username, required = false)]
    username: Option<String>,
    #[schema(schema_with = wire::provider_id)]
    provider_id: ProviderId,
    /// The provider's id of the account.
    account_id: String,
    /// What the provider calls the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    account_label: Option<String>,
    #[schema(schema_with = wire::connection_state)]
    state: &'static str,
    /// Why the user must connect again, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::reconnect_reason, required = false)]
    state_reason: Option<ReconnectReason>,
    /// Whether a token can be released from it as things are, to a client that has leave.
    usable: bool,
    /// Why not; absent where it is usable. `hosts_changed` also says that our client there is another one now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::obstacle, required = false)]
    obstacle: Option<&'static str>,
    /// What the provider granted; not in lists, and absent where nothing is held any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::scope_or_everything, required = false)]
    scope: Option<String>,
    #[schema(schema_with = wire::time)]
    created_at: String,
    #[schema(schema_with = wire::time)]
    updated_at: String,
    /// When it was last used, to about a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::time, required = false)]
    last_used_at: Option<String>,
    /// What has become of it once it is revoked; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revocation: Option<Revocation>,
}

list_of!(ConnectionList, Connection, "connections");

/// What has become of a revoked connection, and what may still be out there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revocation {
    #[schema(schema_with = wire::connection_id)]
    connection_id: ConnectionId,
    /// What the provider has done. The connection is dead here whatever this says.
    #[schema(schema_with = wire::revocation_state)]
    state: RevocationState,
    /// Why it was abandoned, or the last failure.
    #[schema(required = true)]
    reason: Option<String>,
    /// Whether its secrets are gone: only said once their key is destroyed.
    forgotten: bool,
    /// Until when some token that was handed out may still work; `null` when none is out, or when one lives without bound.
    #[schema(required = true, format = DateTime)]
    exposed_until: Option<String>,
    /// Tokens that were handed out and may still work.
    raw_releases_alive: Vec<Release>,
}

/// A token that was handed out.
#[derive(Serialize, ToSchema)]
pub(crate) struct Release {
    /// Who has it.
    #[schema(schema_with = wire::client_id)]
    client_id: ClientId,
    /// The record of its release.
    #[schema(schema_with = wire::record_id)]
    record_id: RecordId,
    #[schema(schema_with = wire::time)]
    released_at: String,
    /// When it ends by itself; `null` = it lives without bound.
    #[schema(required = true, format = DateTime)]
    expires_at: Option<String>,
}

async fn list(call: Call) -> Result<HttpResponse, Problem> {
    let (after, limit) = call.page()?;
    let state = |text: &str| wire::CONNECTION_STATES.into_iter().find(|state| *state == text);
    let filter = ConnectionFilter {
        user_id: call.query("user_id", "the id of a user")?,
        provider_id: call.query("provider_id", "the id of a provider")?,
        state: call.query_as("state", "active, needs_consent or revoked", state)?,
    };
    let page = call
        .app()
        .identity_provider
        .connections(filter, after, limit)
        .await;
    let page = page.map_err(|error| refused(error.into()))?;
    let around = Around::of(&call, page.items.iter().map(|(row, _)| row)).await?;
    let items = |(row, last_used)| connection(row, last_used, &around);
    Ok(ok(&ConnectionList::of(page, items)))
}

async fn show(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("connection_id")?;
    let found = call.app().identity_provider.connection(&id).await;
    let ConnectionDetail {
        connection: row,
        last_used,
        held,
        revocation,
    } = found.map_err(refused)?;
    let around = Around::of(&call, std::iter::once(&row)).await?;
    Ok(ok(&Connection {
        scope: held.as_ref().map(bound_text),
        revocation: revocation.map(revocation_of),
        ..connection(row, last_used, &around)
    }))
}

async fn revoke(call: Call) -> Result<HttpResponse, Problem> {
    let id: ConnectionId = call.id("connection_id")?;
    let by = match &call.origin.administrator {
        Some(Administrator::Key(key_id)) => RevokedBy::Admin {
            key_id: key_id.clone(),
        },
        _ => RevokedBy::Local,
    };
    let identity_provider = &call.app().identity_provider;
    let answer = identity_provider
        .revoke_connection(&id, by, call.origin.clone())
        .await;
    Ok(ok(&revocation_of(answer.map_err(refused)?)))
}

/// What the rows of connections do not say themselves.
struct Around {
    names: Usernames,
    obstacles: BTreeMap<ConnectionId, Obstacle>,
}

impl Around {
    async fn of(call: &Call, rows: impl Iterator<Item = &ConnectionRow> + Clone) -> Result<Self, Problem> {
        let names = Usernames::of(call, rows.clone().map(|row| &row.user_id)).await?;
        let server = &call.app().authorization_server;
        let obstacles = server.obstacles(rows.cloned().collect()).await;
        Ok(Self {
            names,
            obstacles: obstacles.map_err(|error| failed(&error))?,
        })
    }
}

fn connection(row: ConnectionRow, last_used: Option<UnixMillis>, around: &Around) -> Connection {
    let obstacle = around.obstacles.get(&row.id);
    let [active, needs_consent, revoked] = wire::CONNECTION_STATES;
    let (state, state_reason) = match row.state {
        ConnectionState::Active => (active, None),
        ConnectionState::NeedsConsent { reason, .. } => (needs_consent, Some(reason)),
        ConnectionState::Revoked { .. } => (revoked, None),
    };
    Connection {
        id: row.id,
        username: around.names.get(&row.user_id),
        user_id: row.user_id,
        provider_id: row.provider_id,
        account_id: row.account_id,
        account_label: row.account_label,
        state,
        state_reason,
        usable: obstacle.is_none(),
        obstacle: obstacle.map(|obstacle| obstacle.as_str()),
        scope: None,
        created_at: rfc3339(row.created_at),
        updated_at: rfc3339(row.updated_at),
        last_used_at: last_used.map(rfc3339),
        revocation: None,
    }
}

fn revocation_of(answer: RevokeAnswer) -> Revocation {
    Revocation {
        connection_id: answer.connection_id,
        state: answer.state,
        reason: answer.reason,
        forgotten: answer.forgotten,
        exposed_until: answer.exposed_until.map(rfc3339),
        raw_releases_alive: answer.raw_releases_alive.into_iter().map(release).collect(),
    }
}

fn release(raw: RawRelease) -> Release {
    Release {
        client_id: raw.client_id,
        record_id: raw.record_id,
        released_at: rfc3339(raw.released_at),
        expires_at: raw.expires_at.map(rfc3339),
    }
}

/// What a revocation was refused for.
pub(super) fn refused(error: RevokeError) -> Problem {
    match error {
        RevokeError::NotFound => Problem::NotFound,
        RevokeError::Store(error) => failed(&error),
    }
}
