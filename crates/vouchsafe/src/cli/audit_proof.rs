//! `vouchsafe audit prove`, `consistency`, `key` and `adopt`: the record, as others can check it.

use std::process::ExitCode;

use clap::Args;
use tokio::runtime::Handle;
use vouchsafe_audit::prove::{self, ProofError};
use vouchsafe_audit::witness::WitnessKey;
use vouchsafe_audit::{Checkpoint, InvalidCheckpoint, verifier_keys};
use vouchsafe_model::InstanceId;
use vouchsafe_store::{Store, StoreError, instance, records};

use super::audit::store;
use super::{ConfigArgument, Failure, Output};
use crate::adopt::Adopted;
use crate::config::Config;
use crate::{public_keys, service};

#[derive(Debug, Args)]
pub(super) struct ProveArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// The id of the record, as the answer to an exchange names it; or its number.
    #[arg(value_name = "RECORD")]
    record: String,
    /// Prove it against the last checkpoint that witnesses cosigned, and require the line of this one: its key, as
    /// `[[witness]]` has it. For several, say it several times.
    #[arg(long, value_name = "KEY")]
    witness: Vec<WitnessKey>,
}

#[derive(Debug, Args)]
pub(super) struct ConsistencyArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// How many records the earlier checkpoint is of.
    #[arg(value_name = "EARLIER")]
    first: i64,
    /// How many the later one is of.
    #[arg(value_name = "LATER")]
    second: i64,
}

#[derive(Debug, Args)]
pub(super) struct AdoptArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Do it.
    #[arg(long)]
    yes: bool,
}

/// Prints a proof that anyone can check with the verifier key of this log.
pub(super) fn prove(arguments: &ProveArguments) -> Result<ExitCode, Failure> {
    let config = arguments.config.read()?;
    let store = store(&config)?;
    let kept = if arguments.witness.is_empty() {
        kept(&store, &config)?
    } else {
        witnessed(&store, &config, &arguments.witness)?
    };
    let row = if let Ok(seq) = arguments.record.parse::<i64>() {
        store.read_blocking(|tx| records::by_seq(tx, seq))?
    } else {
        let id = arguments.record.parse();
        let id =
            id.map_err(|_| Failure::new("this is no record: name it by its id (rec_…) or by its number"))?;
        store.read_blocking(|tx| records::by_id(tx, &id))?
    };
    let row = row.ok_or_else(|| Failure::new("there is no such record in this database"))?;
    let text =
        store.read_blocking(|tx| -> Result<_, StoreError> { Ok(prove::inclusion(tx, &row, &kept)) })?;
    Output::to_stdout().text(&text?);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn consistency(arguments: &ConsistencyArguments) -> Result<ExitCode, Failure> {
    let store = store(&arguments.config.read()?)?;
    let (first, second) = (arguments.first, arguments.second);
    let proof = store.read_blocking(|tx| -> Result<Result<_, ProofError>, StoreError> {
        Ok(prove::consistency(tx, first, second))
    })??;
    let text = serde_json::to_string_pretty(&proof).map_err(|error| Failure::new(error.to_string()))?;
    Output::to_stdout().line(text);
    Ok(ExitCode::SUCCESS)
}

/// Prints the pinned keys as programs that verify notes take them.
pub(super) fn key(argument: &ConfigArgument) -> Result<ExitCode, Failure> {
    let config = argument.read()?;
    let keys = public_keys::read(&config.public_key_file)?;
    let instance = instance_of(&store(&config)?)?;
    let mut output = Output::to_stdout();
    for key in verifier_keys(&instance, &keys) {
        output.line(key);
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn adopt(arguments: &AdoptArguments, handle: Handle) -> Result<ExitCode, Failure> {
    let config = arguments.config.read()?;
    let mut output = Output::to_stdout();
    if !arguments.yes {
        return Err(Failure::new(
            "what was done after this database was saved is lost if it is adopted: connections revoked since then are \
             connected again, and providers may have ended their tokens. Say `--yes` to adopt it",
        ));
    }
    output.line(match service::adopt(&config, handle).await? {
        Some(Adopted { records, superseded }) => {
            let kept = superseded.iter().map(|kept| {
                format!(
                    "; a checkpoint that it contradicted is kept as {}",
                    kept.display()
                )
            });
            format!(
                "adopted: the record has {records} entries now{}",
                kept.collect::<String>()
            )
        }
        None => "the database agrees with the checkpoint: there is nothing to adopt".to_owned(),
    });
    Ok(ExitCode::SUCCESS)
}

/// The last checkpoint, verified with the pinned keys.
fn kept(store: &Store, config: &Config) -> Result<Checkpoint, Failure> {
    let keys = public_keys::read(&config.public_key_file)?;
    let kept = store.read_blocking(|tx| Checkpoint::inside(tx, &keys))?;
    let kept = kept.map_err(|error: InvalidCheckpoint| {
        Failure::new(format!("the checkpoint in the database cannot be used: {error}"))
    })?;
    kept.ok_or_else(|| {
        Failure::new("no checkpoint was signed yet: the running server signs one every second")
    })
}

/// The last one that all of these cosigned.
fn witnessed(store: &Store, config: &Config, by: &[WitnessKey]) -> Result<Checkpoint, Failure> {
    let keys = public_keys::read(&config.public_key_file)?;
    let kept = store.read_blocking(|tx| Checkpoint::witnessed(tx, &keys))?;
    let kept = kept.ok_or_else(|| {
        Failure::new("no witness has cosigned a checkpoint yet: see `[[witness]]` in the configuration, and the server's log")
    })?;
    match by.iter().find(|key| key.cosigned(&kept).is_none()) {
        None => Ok(kept),
        Some(key) => Err(Failure::new(format!(
            "{} has not cosigned the last witnessed checkpoint, which is of {} records: see the server's log",
            key.name(),
            kept.size
        ))),
    }
}

fn instance_of(store: &Store) -> Result<InstanceId, Failure> {
    let instance = store.read_blocking(instance::get)?;
    instance.ok_or_else(|| Failure::new("the database holds no instance"))
}
