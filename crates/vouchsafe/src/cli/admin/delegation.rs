//! `vouchsafe delegation`: people's leave for clients to use their connections. It is given by people only.

use clap::{Args, Subcommand};

use super::Operation;
use super::call::{Call, Page, id};
use super::view::View;
use crate::cli::Failure;

/// People's leave for clients to use their connections.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum DelegationCommand {
    /// List delegations, denied and withdrawn ones too.
    List(ListArguments),
    /// Show a delegation.
    Show(DelegationArgument),
    /// Withdraw a delegation: the next exchange that rests on it fails. Only its user can give it again.
    Withdraw(DelegationArgument),
}

/// Which delegation.
#[derive(Debug, Args)]
pub(in crate::cli) struct DelegationArgument {
    /// Its id.
    #[arg(value_name = "DELEGATION", value_parser = id)]
    delegation_id: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArguments {
    /// Only of this user, by id or user name.
    #[arg(long, value_name = "USER", value_parser = id)]
    user_id: Option<String>,
    /// Only to this client.
    #[arg(long, value_name = "CLIENT")]
    client_id: Option<String>,
    /// Only for this connection.
    #[arg(long, value_name = "CONNECTION")]
    connection_id: Option<String>,
    #[command(flatten)]
    page: Page,
}

impl Operation for DelegationCommand {
    fn call(self) -> Result<Call, Failure> {
        let on = |method, path, delegation: DelegationArgument| {
            Call::new(method, path, View::Members).at("delegation_id", delegation.delegation_id)
        };
        Ok(match self {
            Self::List(wanted) => Call::new("GET", "/delegations", View::Columns(COLUMNS))
                .query("user_id", wanted.user_id)
                .query("client_id", wanted.client_id)
                .query("connection_id", wanted.connection_id)
                .page(wanted.page),
            Self::Show(delegation) => on("GET", "/delegations/{delegation_id}", delegation),
            Self::Withdraw(delegation) => on("POST", "/delegations/{delegation_id}/withdraw", delegation),
        })
    }
}

const COLUMNS: &[&str] = &[
    "id",
    "username",
    "client_id",
    "provider_id",
    "scope",
    "decision",
    "expires_at",
];
