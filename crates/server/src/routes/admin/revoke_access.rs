//! `/users/{user_id}/revoke` and its like: everything of somebody, dead at once.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;
use vouchsafe_model::{AccessOf, AdminScope};

use super::call::{Call, ok};
use super::connections::refused;
use super::operation::{Answer, Operation, Verb};
use super::wire;
use crate::problem::Problem;
use crate::time_text::rfc3339;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        needs: Some(AdminScope::Revoke),
        summary: "Revoke every connection of a user.",
        description: "200 once all of them are dead on every replica, however many there are; the provider of each is \
                      told in the background, and `GET /connections` with `user_id` shows how far that is. What the user \
                      connects afterwards is new, and no agent has leave for it. The user may still sign in: to end that \
                      as well, disable the user.",
        answer: REVOKED,
        ..Operation::new(Verb::Post, "/users/{user_id}/revoke", "revokeUser", |call| {
            Box::pin(revoke(call, |call| Ok(AccessOf::User(call.id("user_id")?))))
        })
    },
    Operation {
        needs: Some(AdminScope::Revoke),
        summary: "Revoke everything that a client may do.",
        description: "200 once every leave that people gave it, its trusted marks for what is connected by now, its \
                      authorization codes and every token of ours that was issued to it count no more on any replica. \
                      People may let it in again; connections stay. To stop the client itself, disable it, and if its \
                      secret is out, give it another.",
        answer: REVOKED,
        ..Operation::new(
            Verb::Post,
            "/clients/{client_id}/revoke",
            "revokeClient",
            |call| Box::pin(revoke(call, |call| Ok(AccessOf::Client(call.id("client_id")?)))),
        )
    },
    Operation {
        needs: Some(AdminScope::Revoke),
        summary: "Revoke every connection at a provider.",
        description: "200 once all of them are dead on every replica, however many there are; the provider is told of \
                      each in the background, and `GET /connections` with `provider_id` shows how far that is. People \
                      may connect there again: to prevent that, disable the provider.",
        answer: REVOKED,
        ..Operation::new(
            Verb::Post,
            "/providers/{provider_id}/revoke",
            "revokeProvider",
            |call| {
                Box::pin(revoke(call, |call| {
                    Ok(AccessOf::Provider(call.id("provider_id")?))
                }))
            },
        )
    },
];

/// What was revoked.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessRevoked {
    /// Everything that was there at this time is dead.
    #[schema(schema_with = wire::time)]
    revoked_at: String,
}

const REVOKED: Answer = Answer::ok::<AccessRevoked>("Until when everything is revoked.");

async fn revoke(
    call: Call,
    of: impl FnOnce(&Call) -> Result<AccessOf, Problem>,
) -> Result<HttpResponse, Problem> {
    let of = of(&call)?;
    let identity_provider = &call.app().identity_provider;
    let revoked_at = identity_provider.revoke_access(of, call.origin.clone()).await;
    Ok(ok(&AccessRevoked {
        revoked_at: rfc3339(revoked_at.map_err(refused)?),
    }))
}
