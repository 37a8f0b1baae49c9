//! `/admin-keys`: keys for this API.

use std::time::Duration;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vouchsafe_model::{AdminKey as AdminKeyRow, AdminKeyId, AdminScope};
use vouchsafe_sign_in::{AdminKeyRequest, SignInError};

use super::LIMIT;
use super::call::{Call, nothing, ok};
use super::operation::{Answer, Operation, Parameter, Shape, Verb};
use super::users::refused;
use super::wire::{self, list_of};
use crate::problem::Problem;
use crate::time_text::rfc3339;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        needs: Some(AdminScope::Read),
        summary: "List admin keys.",
        description: "Never their texts: those are shown once, when a key is made.",
        query: &[
            Parameter {
                name: "cursor",
                description: "The `next_cursor` of the page before.",
                schema: wire::admin_key_id,
            },
            LIMIT,
        ],
        answer: Answer::ok::<AdminKeyList>("A page of admin keys."),
        ..Operation::new(Verb::Get, "/admin-keys", "listAdminKeys", |call| {
            Box::pin(list(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Create an admin key.",
        description: "A key cannot give scopes that it does not have itself. The new key's text is in this answer and \
                      nowhere else.",
        body: Some(Shape::of::<NewAdminKey>()),
        answer: Answer::created::<CreatedAdminKey>("The new key, with its text."),
        ..Operation::new(Verb::Post, "/admin-keys", "createAdminKey", |call| {
            Box::pin(create(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Delete an admin key.",
        description: "It opens nothing from then on. A key may delete itself; the record says so. The last key with the \
                      scope `trust` is deleted by the local operator only.",
        answer: Answer::nothing(),
        conflicts: true,
        ..Operation::new(
            Verb::Delete,
            "/admin-keys/{admin_key_id}",
            "deleteAdminKey",
            |call| Box::pin(delete(call)),
        )
    },
];

/// A key for this API, without its text.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminKey {
    /// The first part of the key's text.
    #[schema(schema_with = wire::admin_key_id)]
    id: AdminKeyId,
    /// What it is called.
    name: String,
    /// What it may do.
    #[schema(schema_with = wire::admin_scopes)]
    scopes: Vec<AdminScope>,
    #[schema(schema_with = wire::time)]
    created_at: String,
    /// When it ends; absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::time, required = false)]
    expires_at: Option<String>,
}

list_of!(AdminKeyList, AdminKey, "admin keys");

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAdminKey {
    /// What it is called.
    #[schema(schema_with = wire::display_name)]
    name: String,
    /// What it may do.
    #[schema(schema_with = wire::admin_scopes)]
    scopes: Vec<AdminScope>,
    /// After how many days it ends; never, if not said.
    #[serde(default, deserialize_with = "wire::whole_if_present")]
    #[schema(minimum = 1, maximum = 3650, nullable = false)]
    expires_in_days: Option<i64>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
struct CreatedAdminKey {
    admin_key: AdminKey,
    /// Its text, to be sent as a bearer token. Nobody is shown it again.
    key: String,
}

async fn list(call: Call) -> Result<HttpResponse, Problem> {
    let (after, limit) = call.page()?;
    let page = call.app().sign_in.admin_keys(after, limit).await;
    Ok(ok(&AdminKeyList::of(page.map_err(refused)?, admin_key)))
}

async fn create(call: Call) -> Result<HttpResponse, Problem> {
    let wanted: NewAdminKey = call.body()?;
    let days = |days: i64| u32::try_from(days).ok().filter(|days| DAYS.contains(days));
    let expires_in = match wanted.expires_in_days.map(days) {
        None => None,
        Some(Some(days)) => Some(DAY * days),
        Some(None) => {
            let (from, to) = (DAYS.start(), DAYS.end());
            return Err(Problem::Invalid(format!(
                "expires_in_days: expected a whole number from {from} to {to}"
            )));
        }
    };
    let request = AdminKeyRequest {
        name: wanted.name,
        scopes: wanted.scopes,
        expires_in,
    };
    let own = call.principal.scopes();
    match call
        .app()
        .sign_in
        .issue_admin_key(request, own, &call.origin)
        .await
    {
        Ok((key, text)) => {
            let created = CreatedAdminKey {
                key: text.expose().clone(),
                admin_key: admin_key(key),
            };
            Ok(call.created(format_args!("/admin-keys/{}", created.admin_key.id), &created))
        }
        Err(error @ SignInError::AdminKeyScopeBeyondOwn) => {
            call.refused("scope_beyond_own").await;
            Err(refused(error))
        }
        Err(error) => Err(refused(error)),
    }
}

async fn delete(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("admin_key_id")?;
    match call.app().sign_in.delete_admin_key(&id, &call.origin).await {
        Ok(true) => Ok(nothing()),
        Ok(false) => Err(Problem::NotFound),
        Err(error @ SignInError::LastTrustKey) => {
            call.refused("last_trust_key").await;
            Err(refused(error))
        }
        Err(error) => Err(refused(error)),
    }
}

fn admin_key(row: AdminKeyRow) -> AdminKey {
    AdminKey {
        id: row.id,
        name: row.name,
        scopes: row.scopes,
        created_at: rfc3339(row.created_at),
        expires_at: row.expires_at.map(rfc3339),
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAYS: std::ops::RangeInclusive<u32> = 1..=3650;
