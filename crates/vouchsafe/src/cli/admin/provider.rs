//! `vouchsafe provider`: where people connect accounts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::Operation;
use super::call::{Call, Page, id};
use super::client_fields::pair;
use super::view::View;
use crate::cli::{Failure, input};

/// Where people connect accounts.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ProviderCommand {
    /// List providers.
    List(Page),
    /// Show a provider.
    Show(ProviderArgument),
    /// Add a provider. Register the redirect_uri that this prints with the provider.
    Create(CreateArguments),
    /// Replace a provider whole: what is not said is gone, its client secret too.
    Replace(ReplaceArguments),
    /// Disable a provider: nobody connects there, and nothing is released from there.
    Disable(ProviderArgument),
    /// Enable a provider.
    Enable(ProviderArgument),
    /// Revoke every connection at a provider: dead here at once, and upstream one after the other.
    Revoke(ProviderArgument),
}

/// Which provider.
#[derive(Debug, Args)]
pub(in crate::cli) struct ProviderArgument {
    /// Its id.
    #[arg(value_name = "PROVIDER", value_parser = id)]
    provider_id: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CreateArguments {
    /// Your name for it, and the `audience` that agents name.
    #[arg(long)]
    id: String,
    #[command(flatten)]
    entry: Entry,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReplaceArguments {
    #[command(flatten)]
    provider: ProviderArgument,
    #[command(flatten)]
    entry: Entry,
}

/// What a `[[provider]]` of the configuration says.
#[derive(Debug, Args)]
struct Entry {
    /// What kind of provider: the templates of the configuration.
    #[arg(long)]
    template: String,
    /// The client id that the provider gave to Vouchsafe.
    #[arg(long)]
    client_id: String,
    /// A file that holds the client secret that the provider gave, alone; `-`: standard input.
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// The value of a variable of the template. May be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,
    /// A file that holds a JSON object: fields that replace those of the template; `-`: standard input.
    #[arg(long, value_name = "FILE")]
    override_file: Option<PathBuf>,
}

impl Operation for ProviderCommand {
    fn call(self) -> Result<Call, Failure> {
        let on = |method, path, provider: ProviderArgument| {
            Call::new(method, path, View::Members).at("provider_id", provider.provider_id)
        };
        Ok(match self {
            Self::List(page) => Call::new("GET", "/providers", View::Columns(COLUMNS)).page(page),
            Self::Show(provider) => on("GET", "/providers/{provider_id}", provider),
            Self::Create(CreateArguments { id, entry }) => entry
                .put_into(Call::new("POST", "/providers", View::Members).member("id", Some(id.into())))?,
            Self::Replace(ReplaceArguments { provider, entry }) => {
                entry.put_into(on("PUT", "/providers/{provider_id}", provider))?
            }
            Self::Disable(provider) => on("POST", "/providers/{provider_id}/disable", provider),
            Self::Enable(provider) => on("POST", "/providers/{provider_id}/enable", provider),
            Self::Revoke(provider) => {
                let look = format!(
                    "`vouchsafe connection list --provider-id {}` and `vouchsafe connection show ID`",
                    provider.provider_id
                );
                on("POST", "/providers/{provider_id}/revoke", provider).told_upstream(look)
            }
        })
    }
}

impl Entry {
    fn put_into(self, call: Call) -> Result<Call, Failure> {
        let flag = "--client-secret-file";
        let client_secret = input::secret_if_said(flag, self.client_secret_file.as_deref())?;
        let fields = match &self.override_file {
            Some(path) => {
                let text = input::secret("--override-file", path)?;
                Some(object(&text).ok_or_else(|| {
                    let name = path.display();
                    Failure::new(format!(
                        "--override-file: {name} holds no JSON object: write {{\"field\": value}}"
                    ))
                })?)
            }
            None => None,
        };
        let vars: BTreeMap<String, String> = self.vars.into_iter().collect();
        let vars = (!vars.is_empty())
            .then(|| serde_json::to_value(vars))
            .transpose()?;
        Ok(call
            .member("template", Some(self.template.into()))
            .member("client_id", Some(self.client_id.into()))
            .secret("client_secret", client_secret)
            .member("vars", vars)
            .member("override", fields))
    }
}

fn object(text: &vouchsafe_model::Secret<String>) -> Option<Value> {
    serde_json::from_str(text.expose()).ok().filter(Value::is_object)
}

const COLUMNS: &[&str] = &[
    "id",
    "template",
    "client_id",
    "enabled",
    "managed_by",
    "updated_at",
];
