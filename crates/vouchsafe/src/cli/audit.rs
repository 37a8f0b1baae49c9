//! `vouchsafe audit tail` and `export`; `verify` has a file of its own.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use tokio::runtime::Handle;
use vouchsafe_audit::escape;
use vouchsafe_audit::export::{Header, Line};
use vouchsafe_model::Clock as _;
use vouchsafe_store::{Store, StoreError, instance, records};

use super::audit_archive::{self, ArchiveArguments};
use super::audit_exports::{self, ExportsArguments};
use super::audit_fingerprint::{self, FingerprintArguments};
use super::audit_proof::{self, AdoptArguments, ConsistencyArguments, ProveArguments};
use super::audit_verify::{self, VerifyArguments};
use super::{ConfigArgument, Failure, Output, record_line};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::files;

/// The record.
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Check that nothing was changed, dropped, moved, cut off or rolled back. Status 0: it holds; 1: it does not;
    /// 2: it could not be checked.
    Verify(VerifyArguments),
    /// Show the last entries.
    Tail(TailArguments),
    /// Print a proof that a record is part of what the last checkpoint was signed of (C2SP tlog-proof), for whoever does not
    /// have the database.
    Prove(ProveArguments),
    /// Print a proof that the record of one checkpoint was only added to since an earlier one (RFC 6962 section 2.1.2).
    Consistency(ConsistencyArguments),
    /// Print the pinned public keys as programs that verify C2SP notes take them.
    Key(ConfigArgument),
    /// Go on with a database that contradicts the checkpoint kept outside it, such as an older backup. The server has to be
    /// stopped, or sealed.
    Adopt(AdoptArguments),
    /// Say which release a token was that turned up somewhere, and what it rests on that is still alive. The token is read
    /// from standard input. Status 0: it was released here; 1: it was not; 2: that could not be looked up.
    Fingerprint(FingerprintArguments),
    /// Write all entries as JSON Lines, ready for an offline `verify --export`.
    Export(ExportArguments),
    /// Write entries before a time into a file that can be verified alone, read it back, and compare it with the database.
    Archive(ArchiveArguments),
    /// Show how far each `[[export]]` has come, and why one does not get on.
    Exports(ExportsArguments),
}

#[derive(Debug, Args)]
pub(super) struct TailArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// How many.
    #[arg(short, default_value_t = 20)]
    n: u32,
    /// Wait for more.
    #[arg(long, short)]
    follow: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Into this file, which must not exist; otherwise to the terminal.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) async fn run(command: AuditCommand, handle: Handle) -> Result<ExitCode, Failure> {
    match command {
        AuditCommand::Verify(arguments) => audit_verify::run(&arguments),
        AuditCommand::Tail(arguments) => tail(arguments).await,
        AuditCommand::Prove(arguments) => audit_proof::prove(&arguments),
        AuditCommand::Consistency(arguments) => audit_proof::consistency(&arguments),
        AuditCommand::Key(argument) => audit_proof::key(&argument),
        AuditCommand::Adopt(arguments) => audit_proof::adopt(&arguments, handle).await,
        AuditCommand::Fingerprint(arguments) => audit_fingerprint::run(&arguments),
        AuditCommand::Export(arguments) => export(&arguments),
        AuditCommand::Archive(arguments) => audit_archive::run(&arguments),
        AuditCommand::Exports(arguments) => audit_exports::run(&arguments),
    }
}

/// The store of a configuration, for reading only: a server may be running.
pub(super) fn store(config: &Config) -> Result<Store, Failure> {
    let store = Store::open_read_only(config.database.clone())?;
    store.require_current_schema()?;
    Ok(store)
}

async fn tail(arguments: TailArguments) -> Result<ExitCode, Failure> {
    let store = store(&arguments.config.read()?)?;
    let mut output = Output::to_stdout();
    let last = store.read_blocking(records::last)?.map_or(0, |row| row.seq);
    let mut next = (last - i64::from(arguments.n) + 1).max(1);
    loop {
        let rows = store.read_blocking(|tx| records::range(tx, next, PAGE))?;
        for row in &rows {
            output.line(record_line(row));
            next = row.seq + 1;
        }
        if !rows.is_empty() {
            continue;
        }
        if !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        SystemClock.sleep(Duration::from_millis(500)).await;
    }
}

fn export(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let store = store(&arguments.config.read()?)?;
    let instance = store
        .read_blocking(instance::get)?
        .ok_or_else(|| Failure::new("the database holds no instance: there is nothing to export"))?;
    let mut out: Box<dyn Write> = match &arguments.out {
        Some(path) => Box::new(File::create_new(path).map_err(|error| {
            Failure::new(format!(
                "{} cannot be made ({}): name a new file",
                path.display(),
                files::words(error.kind())
            ))
        })?),
        None => Box::new(std::io::stdout()),
    };
    let mut out = BufWriter::new(&mut out);
    write(&mut out, &Header::new(instance))?;
    let mut next = 1;
    loop {
        let rows = store.read_blocking(|tx| -> Result<_, StoreError> { records::range(tx, next, PAGE) })?;
        let Some(last) = rows.last() else { break };
        next = last.seq + 1;
        rows.iter().try_for_each(|row| write(&mut out, &Line::of(row)))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn write(out: &mut impl Write, line: &impl serde::Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(line).map_err(|error| Failure::new(error.to_string()))?;
    Ok(writeln!(out, "{}", escape::json(&line))?)
}

const PAGE: i64 = 1_000;
