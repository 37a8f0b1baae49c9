//! `vouchsafe connection`: accounts that people have connected, and the kill switch.

use clap::{Args, Subcommand};

use super::Operation;
use super::call::{Call, Page, id};
use super::view::View;
use crate::cli::Failure;

/// Accounts that people have connected.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ConnectionCommand {
    /// List connections, revoked ones too.
    List(ListArguments),
    /// Show a connection, with what the provider granted.
    Show(ConnectionArgument),
    /// Revoke a connection: dead here at once, and upstream as soon as the provider confirms.
    Revoke(ConnectionArgument),
}

/// Which connection.
#[derive(Debug, Args)]
pub(in crate::cli) struct ConnectionArgument {
    /// Its id.
    #[arg(value_name = "CONNECTION", value_parser = id)]
    connection_id: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArguments {
    /// Only of this user, by id or user name.
    #[arg(long, value_name = "USER", value_parser = id)]
    user_id: Option<String>,
    /// Only at this provider.
    #[arg(long, value_name = "PROVIDER")]
    provider_id: Option<String>,
    /// Only in this state: active, needs_consent or revoked.
    #[arg(long)]
    state: Option<String>,
    #[command(flatten)]
    page: Page,
}

impl Operation for ConnectionCommand {
    fn call(self) -> Result<Call, Failure> {
        let on = |method, path, connection: ConnectionArgument| {
            Call::new(method, path, View::Members).at("connection_id", connection.connection_id)
        };
        Ok(match self {
            Self::List(wanted) => Call::new("GET", "/connections", View::Columns(COLUMNS))
                .query("user_id", wanted.user_id)
                .query("provider_id", wanted.provider_id)
                .query("state", wanted.state)
                .page(wanted.page),
            Self::Show(connection) => on("GET", "/connections/{connection_id}", connection),
            Self::Revoke(connection) => on("POST", "/connections/{connection_id}/revoke", connection),
        })
    }
}

const COLUMNS: &[&str] = &[
    "id",
    "username",
    "provider_id",
    "account_label",
    "state",
    "obstacle",
    "last_used_at",
];
