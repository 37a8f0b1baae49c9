//! `vouchsafe admin-key`: keys for the admin API.

use clap::{Args, Subcommand};
use serde::Serialize;
use vouchsafe_model::AdminScope;

use super::Operation;
use super::call::{Call, Page, id};
use super::view::View;
use crate::cli::Failure;

/// Keys for the admin API.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum AdminKeyCommand {
    /// List keys; never their texts.
    List(Page),
    /// Make a key and print it alone, once. On a database that is not there yet, makes it first.
    Create(CreateArguments),
    /// Delete a key: it opens nothing any more.
    Delete(KeyArgument),
}

#[derive(Debug, Args, Serialize)]
pub(in crate::cli) struct CreateArguments {
    /// What you call it.
    #[arg(long)]
    name: String,
    /// What it may do: read, revoke, manage, trust. May be repeated.
    #[arg(long = "scope", required = true, value_parser = scope)]
    scopes: Vec<AdminScope>,
    /// After how many days it ends; never, if not said.
    #[arg(long, value_name = "DAYS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in_days: Option<u32>,
}

/// Which key.
#[derive(Debug, Args)]
pub(in crate::cli) struct KeyArgument {
    /// Its id: the first part of its text.
    #[arg(value_name = "ADMIN_KEY", value_parser = id)]
    admin_key_id: String,
}

impl Operation for AdminKeyCommand {
    fn call(self) -> Result<Call, Failure> {
        Ok(match self {
            Self::List(page) => Call::new("GET", "/admin-keys", View::Columns(COLUMNS)).page(page),
            Self::Create(wanted) => Call::new("POST", "/admin-keys", View::Alone("key"))
                .body(&wanted)?
                .may_be_first(),
            Self::Delete(KeyArgument { admin_key_id }) => {
                let view = View::Sentence(format!("admin key {admin_key_id} is deleted"));
                Call::new("DELETE", "/admin-keys/{admin_key_id}", view).at("admin_key_id", admin_key_id)
            }
        })
    }
}

fn scope(text: &str) -> Result<AdminScope, String> {
    text.parse()
        .map_err(|_| "use read, revoke, manage or trust".to_owned())
}

const COLUMNS: &[&str] = &["id", "name", "scopes", "created_at", "expires_at"];
