//! `GET /whoami`: whose key this is.

use std::future::ready;

use serde::Serialize;
use utoipa::ToSchema;
use vouchsafe_model::AdminScope;

use super::call::{Call, ok};
use super::operation::{Answer, Operation, Verb};
use super::wire;
use crate::admin::Principal;
use crate::time_text::rfc3339;

pub(super) const OPERATIONS: &[Operation] = &[Operation {
    summary: "Tell whose key this is.",
    description: "Any valid key may ask.",
    answer: Answer::ok::<WhoAmI>("The caller."),
    ..Operation::new(Verb::Get, "/whoami", "whoAmI", |call| {
        Box::pin(ready(Ok(ok(&whoami(&call)))))
    })
}];

/// Who calls.
#[derive(Serialize, ToSchema)]
struct WhoAmI {
    /// `admin_key`, or `local_operator` over the server's own socket, who has no key.
    kind: Kind,
    /// Id of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::admin_key_id, required = false)]
    id: Option<String>,
    /// What the key is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<String>,
    /// What the caller may do.
    #[schema(schema_with = wire::admin_scopes)]
    scopes: Vec<AdminScope>,
    /// When the key ends; absent = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::time, required = false)]
    expires_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    AdminKey,
    LocalOperator,
}

fn whoami(call: &Call) -> WhoAmI {
    let scopes = call.principal.scopes().to_vec();
    match &call.principal {
        Principal::Key(key) => WhoAmI {
            kind: Kind::AdminKey,
            id: Some(key.id.to_string()),
            name: Some(key.name.clone()),
            scopes,
            expires_at: key.expires_at.map(rfc3339),
        },
        Principal::LocalOperator => WhoAmI {
            kind: Kind::LocalOperator,
            id: None,
            name: None,
            scopes,
            expires_at: None,
        },
    }
}
