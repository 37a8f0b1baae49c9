//! `vouchsafe audit verify`: online against database and vault, or offline against an export alone.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use vouchsafe_audit::export::{Header, Line};
use vouchsafe_audit::verify::{Finding, Report, Verifier};
use vouchsafe_audit::witness::WitnessKey;
use vouchsafe_audit::{Checkpoint, state};
use vouchsafe_model::{Clock as _, Ids, InstanceId, OsEntropy};
use vouchsafe_store::{Store, instance, server_keys};
use vouchsafe_vault::{Vault, VerificationKey};

use super::audit::store;
use super::{ConfigArgument, Failure, Output};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::{checkpoint_file, files, key_file, public_keys};

/// What to check, and what to trust.
#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Check an export instead of the database; needs no configuration if the next one is given.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// The pinned public keys; those of the configuration, if not said.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The checkpoint kept outside; that of the configuration, if not said.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Require that this witness cosigned the checkpoint given by --checkpoint, or else the last one in the database that was
    /// cosigned: its key, as `[[witness]]` has it. For several, say it several times.
    #[arg(long, value_name = "KEY")]
    witness: Vec<WitnessKey>,
    /// Check the record alone, and do not compare today's rows with it.
    #[arg(long)]
    record_only: bool,
}

pub(super) fn run(arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    // Not being able to check is neither yes nor no.
    verify(arguments).map_err(|failure| failure.with_status(2))
}

fn verify(arguments: &VerifyArguments) -> Result<ExitCode, Failure> {
    let mut output = Output::to_stdout();
    let config = || arguments.config.read().map_err(Failure::from);
    let (mut report, state) = match (&arguments.export, &arguments.public_key) {
        (Some(export), Some(keys)) => {
            let trust = trust(keys, arguments.checkpoint.as_deref())?;
            (offline(export, &trust, &mut output)?, None)
        }
        (Some(export), None) => {
            let config = config()?;
            let trust = trusted(arguments, &config)?;
            (offline(export, &trust, &mut output)?, None)
        }
        (None, _) => {
            let config = config()?;
            let trust = trusted(arguments, &config)?;
            online(&config, &trust, arguments.record_only, &mut output)?
        }
    };
    report.findings.extend(not_cosigned(arguments, &config)?);
    let state: Vec<_> = state.unwrap_or_default();
    for finding in report.findings.iter().chain(&state) {
        output.line(format_args!("DOES NOT HOLD  {finding}"));
    }
    let findings = report.findings.len() + state.len();
    if findings > 0 {
        output.line(format_args!(
            "{findings} finding(s) in {} records",
            report.records
        ));
        return Ok(ExitCode::from(1));
    }
    output.line(format_args!(
        "the record holds: {} records, the last is {} with chain {}",
        report.records, report.last_seq, report.last_chain
    ));
    Ok(ExitCode::SUCCESS)
}

/// What is trusted: never anything from the database.
struct Trust {
    keys: Vec<VerificationKey>,
    checkpoint: Option<Checkpoint>,
}

fn trusted(arguments: &VerifyArguments, config: &Config) -> Result<Trust, Failure> {
    let keys = arguments.public_key.as_deref().unwrap_or(&config.public_key_file);
    match arguments.checkpoint.as_deref() {
        Some(path) => trust(keys, Some(path)),
        // The server may not have written one yet.
        None => trust(
            keys,
            Some(config.checkpoint_file.as_path()).filter(|path| path.exists()),
        ),
    }
}

fn trust(keys: &Path, checkpoint: Option<&Path>) -> Result<Trust, Failure> {
    let keys = public_keys::read(keys)?;
    let checkpoint = match checkpoint {
        Some(path) => Some(
            checkpoint_file::read(path, &keys)?
                .ok_or_else(|| Failure::new(format!("there is no checkpoint file at {}", path.display())))?,
        ),
        None => None,
    };
    Ok(Trust { keys, checkpoint })
}

impl Trust {
    fn verifier(&self, instance: InstanceId) -> Verifier {
        Verifier::new(instance, self.keys.clone(), self.checkpoints())
    }

    fn checkpoints(&self) -> Vec<Checkpoint> {
        self.checkpoint.iter().cloned().collect()
    }
}

/// Verifies an export with the keys of the configuration alone.
pub(super) fn of_file(export: &Path, config: &Config) -> Result<Report, Failure> {
    let mut nobody = Output::to(std::io::sink());
    offline(export, &trust(&config.public_key_file, None)?, &mut nobody)
}

fn offline(export: &Path, trust: &Trust, output: &mut Output) -> Result<Report, Failure> {
    let unreadable = |what: &str| Failure::new(format!("the export {} {what}", export.display()));
    let file = File::open(export)
        .map_err(|error| unreadable(&format!("cannot be read ({})", files::words(error.kind()))))?;
    let mut lines = BufReader::new(file).lines();
    let header = lines.next().ok_or_else(|| unreadable("is empty"))??;
    let header: Header =
        serde_json::from_str(&header).map_err(|_| unreadable("does not begin like an export"))?;
    if header.vouchsafe_export != 1 {
        return Err(unreadable("has a format that this version does not know"));
    }
    if header.behind.is_some() {
        output.line(
            "note: this part of the record continues another, so it is checked against signed heads, not against checkpoints",
        );
    }
    let mut verifier = Verifier::of_export(header, trust.keys.clone(), trust.checkpoints());
    for (index, line) in lines.enumerate() {
        let number = index + 2;
        let line: Line = serde_json::from_str(&line?)
            .map_err(|_| unreadable(&format!("has no record in line {number}")))?;
        let row = line
            .into_row()
            .map_err(|error| unreadable(&format!("has a broken line {number}: {error}")))?;
        verifier.next(&row);
    }
    Ok(verifier.finish())
}

/// The witnesses that were asked for and did not cosign.
fn not_cosigned(
    arguments: &VerifyArguments,
    config: &impl Fn() -> Result<Config, Failure>,
) -> Result<Findings, Failure> {
    if arguments.witness.is_empty() {
        return Ok(Vec::new());
    }
    let keys = match &arguments.public_key {
        Some(path) => public_keys::read(path)?,
        None => public_keys::read(&config()?.public_key_file)?,
    };
    let kept = match &arguments.checkpoint {
        Some(path) => checkpoint_file::read(path, &keys)?,
        None => store(&config()?)?.read_blocking(|tx| Checkpoint::witnessed(tx, &keys))?,
    };
    let cosigned = |key: &&WitnessKey| kept.as_ref().is_none_or(|kept| key.cosigned(kept).is_none());
    let missing = arguments.witness.iter().filter(cosigned).map(|key| Finding {
        seq: None,
        what: format!("{} has not cosigned the checkpoint", key.name()),
    });
    Ok(missing.collect())
}

type Findings = Vec<Finding>;

fn online(
    config: &Config,
    trust: &Trust,
    record_only: bool,
    output: &mut Output,
) -> Result<(Report, Option<Findings>), Failure> {
    let store = store(config)?;
    let instance = store
        .read_blocking(instance::get)?
        .ok_or_else(|| Failure::new("the database holds no instance: there is nothing to verify"))?;
    let vault = if record_only {
        None
    } else {
        vault(config, &store, &instance)?
    };
    match &trust.checkpoint {
        Some(checkpoint) => output.line(format_args!(
            "checkpoint outside the database: record {}",
            checkpoint.size
        )),
        None => output.line(
            "note: there is no checkpoint outside the database, so an end that was cut off is not seen",
        ),
    }
    if vault.is_none() && !record_only {
        output.line("note: there is no key file here, so today's rows are not compared with the record");
    }
    let verifier = trust.verifier(instance.clone());
    let look = state::look(&store, verifier, vault.as_ref(), SystemClock.now())?;
    if look.moved && look.rows.as_ref().is_some_and(|rows| !rows.is_empty()) {
        return Err(Failure::new(
            "rows kept changing while they were compared with the record: try again when there is less to do, or leave \
             them out with --record-only",
        ));
    }
    Ok((look.report, look.rows))
}

/// The vault, if its key is here: the MACs of rows that grant can be checked by it alone.
pub(super) fn vault(config: &Config, store: &Store, instance: &InstanceId) -> Result<Option<Vault>, Failure> {
    if !config.key_file.exists() {
        return Ok(None);
    }
    let provider = key_file::read(&config.key_file)?;
    let keys = store.read_blocking(server_keys::all)?;
    let ids = Ids::new(Arc::new(SystemClock), Arc::new(OsEntropy));
    Ok(Some(Vault::unlock(instance.clone(), keys, &provider, ids)?))
}
