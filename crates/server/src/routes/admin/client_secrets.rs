//! `/clients/{client_id}/secrets`: at most two live ones, so that one can replace the other without a pause.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vouchsafe_model::{AdminScope, ClientId};

use super::call::{Call, nothing};
use super::clients::refused;
use super::operation::{Answer, Operation, Verb};
use super::wire;
use crate::problem::Problem;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Make another secret for a client.",
        description: "The secret is in this answer and nowhere else. A client has two at most: bring the new one to the \
                      client, then delete the old one.",
        answer: Answer::created::<CreatedSecret>("The new secret."),
        conflicts: true,
        ..Operation::new(
            Verb::Post,
            "/clients/{client_id}/secrets",
            "createClientSecret",
            |call| Box::pin(create(call)),
        )
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Delete a secret of a client.",
        description: "It authenticates nobody from then on. A client keeps at least one.",
        answer: Answer::nothing(),
        conflicts: true,
        ..Operation::new(
            Verb::Delete,
            "/clients/{client_id}/secrets/{secret_id}",
            "deleteClientSecret",
            |call| Box::pin(delete(call)),
        )
    },
];

/// A secret that was just made.
#[derive(Serialize, ToSchema)]
struct CreatedSecret {
    /// Names it among the client's secrets.
    #[schema(schema_with = wire::secret_id)]
    secret_id: String,
    /// The secret. Nobody is shown it again.
    client_secret: String,
}

async fn create(call: Call) -> Result<HttpResponse, Problem> {
    let id: ClientId = call.id("client_id")?;
    let server = &call.app().authorization_server;
    let new = server
        .add_client_secret(&id, &call.origin)
        .await
        .map_err(refused)?;
    let path = format!("/clients/{id}/secrets/{}", new.id);
    let created = CreatedSecret {
        client_secret: new.secret.expose().clone(),
        secret_id: new.id,
    };
    Ok(call.created(path, &created))
}

async fn delete(call: Call) -> Result<HttpResponse, Problem> {
    let (id, secret): (ClientId, String) = (call.id("client_id")?, call.id("secret_id")?);
    let server = &call.app().authorization_server;
    let deleted = server.delete_client_secret(&id, &secret, &call.origin).await;
    deleted.map_err(refused)?;
    Ok(nothing())
}
