//! `vouchsafe user`: people who sign in here.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::Operation;
use super::call::{Call, Page, id};
use super::view::View;
use crate::cli::{Failure, input};

/// People who sign in here.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum UserCommand {
    /// List users.
    List(ListArguments),
    /// Show a user.
    Show(UserArgument),
    /// Create a user. Without a password nobody can sign in by this name until one is set.
    Create(CreateArguments),
    /// Disable a user: nothing is done in their name any more, and their sessions end.
    Disable(UserArgument),
    /// Enable a user. Sessions that ended stay ended.
    Enable(UserArgument),
    /// Reset a user's password: their sessions end, and their connections are locked until connected again.
    Password(PasswordArguments),
    /// Erase a user, for good: everything of theirs is revoked, and nothing here says any more who they were. The record
    /// still verifies.
    Erase(UserArgument),
    /// End every session of a user.
    SignOut(UserArgument),
    /// Revoke every connection of a user: dead here at once, and upstream one after the other.
    Revoke(UserArgument),
}

/// Which user.
#[derive(Debug, Args)]
pub(in crate::cli) struct UserArgument {
    /// Id or user name.
    #[arg(value_name = "USER", value_parser = id)]
    user_id: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArguments {
    /// Only the user who signs in by this name.
    #[arg(long)]
    username: Option<String>,
    #[command(flatten)]
    page: Page,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CreateArguments {
    /// The name to sign in by.
    #[arg(long)]
    username: String,
    #[command(flatten)]
    password: Password,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("new").args(["password_file", "password_hash_file"]).required(true))]
pub(in crate::cli) struct PasswordArguments {
    #[command(flatten)]
    user: UserArgument,
    #[command(flatten)]
    password: Password,
}

/// A password, or its hash.
#[derive(Debug, Args)]
struct Password {
    /// A file that holds the password alone; `-`: standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "password_hash_file")]
    password_file: Option<PathBuf>,
    /// A file that holds the argon2id PHC string of the password instead; `-`: standard input.
    #[arg(long, value_name = "FILE")]
    password_hash_file: Option<PathBuf>,
}

impl Operation for UserCommand {
    fn call(self) -> Result<Call, Failure> {
        let on = |method, path, user: UserArgument| {
            Call::new(method, path, View::Members).at("user_id", user.user_id)
        };
        Ok(match self {
            Self::List(wanted) => Call::new("GET", "/users", View::Columns(COLUMNS))
                .query("username", wanted.username)
                .page(wanted.page),
            Self::Show(user) => on("GET", "/users/{user_id}", user),
            Self::Create(wanted) => wanted.password.put_into(
                Call::new("POST", "/users", View::Members).member("username", Some(wanted.username.into())),
            )?,
            Self::Disable(user) => on("POST", "/users/{user_id}/disable", user),
            Self::Enable(user) => on("POST", "/users/{user_id}/enable", user),
            Self::Password(wanted) => {
                wanted
                    .password
                    .put_into(on("PUT", "/users/{user_id}/password", wanted.user))?
            }
            Self::Erase(user) => on("DELETE", "/users/{user_id}", user).afterwards(ERASED.to_owned()),
            Self::SignOut(user) => on("POST", "/users/{user_id}/sign-out", user),
            Self::Revoke(user) => {
                let look = format!(
                    "`vouchsafe connection list --user-id {}` and `vouchsafe connection show ID`",
                    user.user_id
                );
                on("POST", "/users/{user_id}/revoke", user).told_upstream(look)
            }
        })
    }
}

impl Password {
    fn put_into(&self, call: Call) -> Result<Call, Failure> {
        let plain = input::secret_if_said("--password-file", self.password_file.as_deref())?;
        let hash = input::secret_if_said("--password-hash-file", self.password_hash_file.as_deref())?;
        Ok(call.secret("password", plain).secret("password_hash", hash))
    }
}

const COLUMNS: &[&str] = &["id", "username", "status", "managed_by", "created_at"];
const ERASED: &str = "the person can do nothing any more; what else names them is forgotten in the background, and `vouchsafe user show` with \
     the id shows how far that is. Backups keep what they hold";
