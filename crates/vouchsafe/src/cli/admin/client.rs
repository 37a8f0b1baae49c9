//! `vouchsafe client`: agents and applications, their secrets and trusted marks.

use clap::{Args, Subcommand};

use super::Operation;
use super::call::{Call, Page, id};
use super::client_fields::{Changed, New};
use super::view::View;
use crate::cli::Failure;

/// Agents and applications.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ClientCommand {
    /// List clients.
    List(Page),
    /// Show a client.
    Show(ClientArgument),
    /// Register a client, and print its secret, once.
    Create(New),
    /// Change a client: what is not said stays as it is.
    Change(ChangeArguments),
    /// Disable a client: it authenticates no more, and nothing is released to it.
    Disable(ClientArgument),
    /// Enable a client.
    Enable(ClientArgument),
    /// Revoke everything that a client may do: every leave that people gave it, its codes and its tokens of ours.
    Revoke(ClientArgument),
    /// Secrets of a client: at most two, so that one can replace the other without a pause.
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Trusted marks: what a client may be given at a provider without the leave of each user.
    #[command(subcommand)]
    Trust(TrustCommand),
}

/// Which client.
#[derive(Debug, Args)]
pub(in crate::cli) struct ClientArgument {
    /// Its id.
    #[arg(value_name = "CLIENT", value_parser = id)]
    client_id: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ChangeArguments {
    #[command(flatten)]
    client: ClientArgument,
    #[command(flatten)]
    changed: Changed,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SecretCommand {
    /// Make another secret and print it, once.
    Create(ClientArgument),
    /// Delete a secret: it authenticates nobody any more.
    Delete(SecretArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SecretArguments {
    #[command(flatten)]
    client: ClientArgument,
    /// The id of the secret, as `client show` has it.
    #[arg(value_name = "SECRET_ID", value_parser = id)]
    secret_id: String,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TrustCommand {
    /// Mark a client as trusted at a provider. Users see it, and a user's no beats it.
    Set(SetArguments),
    /// Remove the mark.
    Remove(CeilingArguments),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CeilingArguments {
    #[command(flatten)]
    client: ClientArgument,
    /// The id of a provider that the client has a ceiling for.
    #[arg(value_name = "PROVIDER", value_parser = id)]
    provider_id: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SetArguments {
    #[command(flatten)]
    ceiling: CeilingArguments,
    /// So much, inside the ceiling: scopes with single spaces between, or `*` for everything.
    #[arg(long, value_name = "SCOPES")]
    scope: String,
}

impl Operation for ClientCommand {
    fn call(self) -> Result<Call, Failure> {
        let on = |method, path, client: ClientArgument| {
            Call::new(method, path, View::Members).at("client_id", client.client_id)
        };
        Ok(match self {
            Self::List(page) => Call::new("GET", "/clients", View::Columns(COLUMNS)).page(page),
            Self::Show(client) => on("GET", "/clients/{client_id}", client),
            Self::Create(new) => Call::new("POST", "/clients", CREATED).body(&new.body()?)?,
            Self::Change(ChangeArguments { client, changed }) => {
                on("PATCH", "/clients/{client_id}", client).body(&changed.body()?)?
            }
            Self::Disable(client) => on("POST", "/clients/{client_id}/disable", client),
            Self::Enable(client) => on("POST", "/clients/{client_id}/enable", client),
            Self::Revoke(client) => {
                let look = format!(
                    "its leave, codes and tokens of ours are dead; `vouchsafe delegation list --client-id {}` shows what is left",
                    client.client_id
                );
                on("POST", "/clients/{client_id}/revoke", client).afterwards(look)
            }
            Self::Secret(command) => command.call(),
            Self::Trust(command) => command.call(),
        })
    }
}

impl SecretCommand {
    fn call(self) -> Call {
        match self {
            Self::Create(client) => {
                Call::new("POST", "/clients/{client_id}/secrets", CREATED).at("client_id", client.client_id)
            }
            Self::Delete(SecretArguments { client, secret_id }) => {
                let sentence = format!("secret {secret_id} of client {} is deleted", client.client_id);
                let path = "/clients/{client_id}/secrets/{secret_id}";
                Call::new("DELETE", path, View::Sentence(sentence))
                    .at("client_id", client.client_id)
                    .at("secret_id", secret_id)
            }
        }
    }
}

impl TrustCommand {
    fn call(self) -> Call {
        let on = |method, ceiling: CeilingArguments| {
            Call::new(method, TRUSTED, View::Members)
                .at("client_id", ceiling.client.client_id)
                .at("provider_id", ceiling.provider_id)
        };
        match self {
            Self::Set(SetArguments { ceiling, scope }) => {
                on("PUT", ceiling).member("scope", Some(scope.into()))
            }
            Self::Remove(ceiling) => on("DELETE", ceiling),
        }
    }
}

const COLUMNS: &[&str] = &["id", "name", "auth_method", "status", "managed_by", "created_at"];
const CREATED: View = View::Created {
    inside: "client",
    once: "client_secret",
};
const TRUSTED: &str = "/clients/{client_id}/ceilings/{provider_id}/trusted";
