//! `/users`: people who sign in here.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vouchsafe_identity_provider::EraseError;
use vouchsafe_model::{AdminScope, ManagedBy, Secret, User as UserRow, UserId, UserStatus};
use vouchsafe_sign_in::{NewPassword, SignInError};

use super::LIMIT;
use super::call::{Call, failed, ok};
use super::operation::{Answer, Operation, Parameter, Shape, Verb};
use super::wire::{self, list_of};
use crate::problem::Problem;
use crate::time_text::rfc3339;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        needs: Some(AdminScope::Read),
        summary: "List users.",
        query: &[
            Parameter {
                name: "username",
                description: "Only the user who signs in by this name.",
                schema: wire::username,
            },
            CURSOR,
            LIMIT,
        ],
        answer: Answer::ok::<UserList>("A page of users."),
        ..Operation::new(Verb::Get, "/users", "listUsers", |call| Box::pin(list(call)))
    },
    Operation {
        needs: Some(AdminScope::Manage),
        summary: "Create a user.",
        description: "Without `password` and `password_hash` nobody can sign in by this name until one is set.",
        body: Some(Shape::of::<NewUser>()),
        answer: Answer::created::<User>("The new user."),
        conflicts: true,
        ..Operation::new(Verb::Post, "/users", "createUser", |call| Box::pin(create(call)))
    },
    Operation {
        needs: Some(AdminScope::Read),
        summary: "Show a user.",
        answer: Answer::ok::<User>("The user."),
        ..Operation::new(Verb::Get, "/users/{user_id}", "getUser", |call| {
            Box::pin(show(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Manage),
        summary: "Disable a user.",
        description: "From then on nothing is done in the user's name, and the user's sessions have ended.",
        answer: Answer::ok::<User>("The user."),
        conflicts: true,
        ..Operation::new(Verb::Post, "/users/{user_id}/disable", "disableUser", |call| {
            Box::pin(set_status(call, UserStatus::Disabled))
        })
    },
    Operation {
        needs: Some(AdminScope::Manage),
        summary: "Enable a user.",
        description: "Sessions that ended stay ended: the user signs in again.",
        answer: Answer::ok::<User>("The user."),
        conflicts: true,
        ..Operation::new(Verb::Post, "/users/{user_id}/enable", "enableUser", |call| {
            Box::pin(set_status(call, UserStatus::Active))
        })
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Reset a user's password.",
        description: "Whoever sets it could sign in as the user: so every session of the user ends, and the user's \
                      connections stay locked until the user has connected the same accounts again.",
        body: Some(Shape::of::<Password>()),
        answer: Answer::ok::<User>("The user."),
        conflicts: true,
        ..Operation::new(Verb::Put, "/users/{user_id}/password", "resetPassword", |call| {
            Box::pin(reset_password(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Trust),
        summary: "Erase a user, for good.",
        description: "200 once the person can do nothing any more on any replica: everything of theirs is revoked; their \
                      name, password, identities and sessions are deleted. What names them beside the record, and the \
                      accounts of their connections once the providers have been told, is forgotten in the background; \
                      then `erasure` is `finished`. The record still verifies. Asking again shows how far it is.",
        answer: Answer::ok::<User>("What is left of the user."),
        conflicts: true,
        ..Operation::new(Verb::Delete, "/users/{user_id}", "eraseUser", |call| {
            Box::pin(erase(call))
        })
    },
    Operation {
        needs: Some(AdminScope::Revoke),
        summary: "End every session of a user.",
        description: "What was issued in those sessions counts no longer either.",
        answer: Answer::ok::<SignedOut>("How many sessions ended."),
        ..Operation::new(Verb::Post, "/users/{user_id}/sign-out", "signOutUser", |call| {
            Box::pin(sign_out(call))
        })
    },
];

const CURSOR: Parameter = Parameter {
    name: "cursor",
    description: "The `next_cursor` of the page before.",
    schema: wire::user_id,
};

/// A person who signs in here.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    /// Also the `sub` of our tokens.
    #[schema(schema_with = wire::user_id)]
    id: UserId,
    /// Name for signing in, in lower case; absent once the person is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::username, required = false)]
    username: Option<String>,
    #[schema(schema_with = wire::user_status)]
    status: UserStatus,
    /// How far erasing the person is: `running` or `finished`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::erasure, required = false)]
    erasure: Option<&'static str>,
    #[schema(schema_with = wire::managed_by)]
    managed_by: ManagedBy,
    /// When an administrator last set the password of this user, who had one before: connections made earlier are locked
    /// until they are connected again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wire::time, required = false)]
    credentials_reset_at: Option<String>,
    #[schema(schema_with = wire::time)]
    created_at: String,
}

list_of!(UserList, User, "users");

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// Name for signing in; kept in lower case.
    #[schema(schema_with = wire::username)]
    username: String,
    /// The password.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(min_length = 8, max_length = 1024, nullable = false)]
    password: Option<String>,
    /// The password's argon2id PHC string instead.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::password_hash, required = false)]
    password_hash: Option<String>,
}

/// Another password: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Password {
    /// The password.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(min_length = 8, max_length = 1024, nullable = false)]
    password: Option<String>,
    /// The password's argon2id PHC string instead.
    #[serde(default, deserialize_with = "wire::present")]
    #[schema(schema_with = wire::password_hash, required = false)]
    password_hash: Option<String>,
}

/// What ended.
#[derive(Serialize, ToSchema)]
struct SignedOut {
    sessions_ended: usize,
}

async fn list(call: Call) -> Result<HttpResponse, Problem> {
    let (after, limit) = call.page()?;
    let sign_in = &call.app().sign_in;
    let page = match call.query::<String>("username", "a user name")? {
        Some(name) => {
            let mut found = sign_in.user_named(&name).await.map_err(refused)?;
            found
                .items
                .retain(|user| after.as_ref().is_none_or(|after| user.id > *after));
            found
        }
        None => sign_in.users(after, limit).await.map_err(refused)?,
    };
    Ok(ok(&UserList::of(page, user)))
}

async fn create(call: Call) -> Result<HttpResponse, Problem> {
    let wanted: NewUser = call.body()?;
    let password = password(wanted.password, wanted.password_hash)?;
    let sign_in = &call.app().sign_in;
    let created = sign_in.create_user(&wanted.username, password, &call.origin);
    let created = created.await.map_err(refused)?;
    let path = format!("/users/{}", created.id);
    Ok(call.created(path, &user(created)))
}

async fn show(call: Call) -> Result<HttpResponse, Problem> {
    let found = call.app().sign_in.user(&call.id("user_id")?).await;
    Ok(ok(&user(found.map_err(refused)?)))
}

async fn set_status(call: Call, status: UserStatus) -> Result<HttpResponse, Problem> {
    let id = call.id("user_id")?;
    let changed = call
        .app()
        .sign_in
        .set_user_status(&id, status, &call.origin)
        .await;
    Ok(ok(&user(changed.map_err(refused)?)))
}

async fn reset_password(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("user_id")?;
    let wanted: Password = call.body()?;
    let Some(password) = password(wanted.password, wanted.password_hash)? else {
        return Err(Problem::Invalid(
            "the body: expected password or password_hash".to_owned(),
        ));
    };
    let sign_in = &call.app().sign_in;
    let changed = sign_in.reset_password(&id, password, &call.origin).await;
    Ok(ok(&user(changed.map_err(refused)?)))
}

async fn erase(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("user_id")?;
    let identity_provider = &call.app().identity_provider;
    let left = identity_provider.erase_user(&id, call.origin.clone()).await;
    Ok(ok(&user(left.map_err(not_erased)?)))
}

async fn sign_out(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.id("user_id")?;
    let ended = call.app().sign_in.sign_out_user(&id, &call.origin).await;
    Ok(ok(&SignedOut {
        sessions_ended: ended.map_err(refused)?,
    }))
}

fn password(plain: Option<String>, hash: Option<String>) -> Result<Option<NewPassword>, Problem> {
    match (plain.map(Secret::new), hash) {
        (Some(_), Some(_)) => Err(Problem::Invalid(
            "password_hash: there is a password as well; keep one of them".to_owned(),
        )),
        (Some(plain), None) => Ok(Some(NewPassword::Plain(plain))),
        (None, Some(hash)) => Ok(Some(NewPassword::Hash(hash))),
        (None, None) => Ok(None),
    }
}

fn user(row: UserRow) -> User {
    let erased = row.status == UserStatus::Erased;
    // The pseudonym goes last.
    let erasure = if row.pseudonym.is_empty() {
        FINISHED
    } else {
        RUNNING
    };
    User {
        id: row.id,
        username: (!erased).then_some(row.username),
        status: row.status,
        erasure: erased.then_some(erasure),
        managed_by: row.managed_by,
        credentials_reset_at: row.credentials_reset_at.map(rfc3339),
        created_at: rfc3339(row.created_at),
    }
}

const RUNNING: &str = "running";
const FINISHED: &str = "finished";
/// The words for how far erasing a person is.
pub(super) const ERASURE: [&str; 2] = [RUNNING, FINISHED];

/// By what names users sign in, where that is known.
pub(super) struct Usernames(BTreeMap<UserId, String>);

impl Usernames {
    pub(super) async fn of(call: &Call, ids: impl Iterator<Item = &UserId>) -> Result<Self, Problem> {
        let names = call.app().sign_in.usernames(ids.cloned().collect()).await;
        names.map(Self).map_err(refused)
    }

    pub(super) fn get(&self, id: &UserId) -> Option<String> {
        self.0.get(id).cloned()
    }
}

fn not_erased(error: EraseError) -> Problem {
    match error {
        EraseError::NotFound => Problem::NotFound,
        EraseError::ManagedByConfiguration => Problem::Conflict(error.to_string()),
        EraseError::Tampered(_) => Problem::Tampered,
        EraseError::Store(error) => failed(&error),
    }
}

/// What people and their keys were refused for.
pub(super) fn refused(error: SignInError) -> Problem {
    match error {
        SignInError::UserNotFound(_) | SignInError::AdminKeyNotFound => Problem::NotFound,
        SignInError::UsernameTaken
        | SignInError::ManagedByConfiguration
        | SignInError::UserErased
        | SignInError::LastTrustKey => Problem::Conflict(error.to_string()),
        SignInError::UsernameInvalid(invalid) => Problem::Invalid(format!("username: {invalid}")),
        SignInError::PasswordHashUnusable => Problem::Invalid(format!("password_hash: {error}")),
        SignInError::PasswordLength
        | SignInError::PasswordAmbiguous
        | SignInError::AdminKeyNameInvalid
        | SignInError::AdminKeyScopesInvalid => Problem::Invalid(error.to_string()),
        SignInError::AdminKeyScopeBeyondOwn => Problem::Forbidden(error.to_string()),
        SignInError::RowTampered(_) => Problem::Tampered,
        SignInError::Unavailable(error) => failed(&error),
        error => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an admin operation failed"
            );
            Problem::Unavailable
        }
    }
}
