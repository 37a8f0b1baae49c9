//! `vouchsafe audit archive`: a part of the record as a file that can be verified alone.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use vouchsafe_audit::escape;
use vouchsafe_audit::export::{Behind, Header, Line};
use vouchsafe_model::UnixMillis;
use vouchsafe_store::{RecordRow, Store, StoreError, instance, records};

use super::audit::{store, write};
use super::audit_fingerprint::time;
use super::{ConfigArgument, Failure, Output, audit_verify, utc};
use crate::files;

#[derive(Debug, Args)]
pub(super) struct ArchiveArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Only entries before this time, like 2026-11-22T09:30:00Z.
    #[arg(long, value_name = "TIME", value_parser = time)]
    before: UnixMillis,
    /// Only entries behind this number: the last one of the archive before this.
    #[arg(long, value_name = "SEQ", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
    /// Into this file, which must not exist.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Also what names persons, which erasing them does not reach in a file.
    #[arg(long)]
    persons: bool,
}

/// Places of the entries, both included.
#[derive(Clone, Copy)]
struct Range {
    first: i64,
    last: i64,
}

pub(super) fn run(arguments: &ArchiveArguments) -> Result<ExitCode, Failure> {
    let config = arguments.config.read()?;
    let store = store(&config)?;
    let (range, header) = beginning(&store, arguments)?;
    put(&store, arguments, range, &header)?;
    // What counts is what can be read back: from the file, against the database and against the pinned keys.
    compare(&store, arguments, range)?;
    let report = audit_verify::of_file(&arguments.out, &config)?;
    if !report.holds() {
        return Err(damaged(
            &arguments.out,
            "does not verify: run `vouchsafe audit verify`",
        ));
    }
    let Range { first, last } = range;
    let mut output = Output::to_stdout();
    output.line(format_args!(
        "records {first} to {last} are in {path}, which holds: check it alone with `vouchsafe audit verify --export {path}`",
        path = arguments.out.display()
    ));
    output.line(format_args!("the next archive goes on with --after {last}"));
    Ok(ExitCode::SUCCESS)
}

/// Which entries, and what an archive of them has to begin with.
fn beginning(store: &Store, arguments: &ArchiveArguments) -> Result<(Range, Header), Failure> {
    let instance = store
        .read_blocking(instance::get)?
        .ok_or_else(|| Failure::new("the database holds no instance: there is nothing to archive"))?;
    let end = store.read_blocking(|tx| records::first_since(tx, arguments.before))?;
    let nothing = || {
        Failure::new(format!(
            "there is nothing to archive behind record {} and before {}: an archive ends with an entry whose head is \
             signed",
            arguments.after,
            utc(arguments.before.0)
        ))
    };
    let last = last_signed(store, arguments.after, end)?.ok_or_else(nothing)?;
    let behind = match arguments.after {
        0 => None,
        seq => store.read_blocking(|tx| records::by_seq(tx, seq))?,
    };
    let range = Range {
        first: arguments.after + 1,
        last,
    };
    let header = Header::of_part(instance, behind.as_ref().map(Behind::of), !arguments.persons);
    Ok((range, header))
}

/// The last entry between these two whose head is signed: a batch is signed at its end, and a part that ended inside one
/// could not be verified alone.
fn last_signed(store: &Store, after: i64, end: i64) -> Result<Option<i64>, StoreError> {
    let mut to = end;
    while to > after + 1 {
        let from = (to - BATCH).max(after + 1);
        let rows = store.read_blocking(|tx| records::range(tx, from, to - from))?;
        let signed = rows.iter().rev().find(|row| row.signature.is_some());
        if let Some(row) = signed {
            return Ok(Some(row.seq));
        }
        to = from;
    }
    Ok(None)
}

fn put(store: &Store, arguments: &ArchiveArguments, range: Range, header: &Header) -> Result<(), Failure> {
    let path = &arguments.out;
    let file = create(path).map_err(|error| {
        Failure::new(format!(
            "{} cannot be made ({}): name a new file",
            path.display(),
            files::words(error.kind())
        ))
    })?;
    let mut out = BufWriter::new(file);
    write(&mut out, header)?;
    each(store, range, |row| write(&mut out, &line(row, arguments.persons)))?;
    out.flush()?;
    let file = out
        .into_inner()
        .map_err(|error| Failure::from(error.into_error()))?;
    file.sync_all()?;
    Ok(files::sync_folder_of(path)?)
}

/// Bodies name people by pseudonyms: for its owner alone.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn compare(store: &Store, arguments: &ArchiveArguments, range: Range) -> Result<(), Failure> {
    let path = &arguments.out;
    let mut lines = BufReader::new(File::open(path)?).lines().skip(1);
    each(store, range, |row| {
        let written = serde_json::to_string(&line(row, arguments.persons))?;
        let expected = escape::json(&written);
        match lines.next().transpose()? {
            Some(found) if found == expected => Ok(()),
            _ => Err(damaged(
                path,
                &format!("does not say what the database says of record {}", row.seq),
            )),
        }
    })?;
    match lines.next() {
        None => Ok(()),
        Some(_) => Err(damaged(path, "has more lines than were written")),
    }
}

/// Every entry of a range, in short transactions.
fn each(
    store: &Store,
    range: Range,
    mut f: impl FnMut(&RecordRow) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut next = range.first;
    while next <= range.last {
        let size = PAGE.min(range.last - next + 1);
        let rows = store.read_blocking(|tx| records::range(tx, next, size))?;
        for (row, seq) in rows.iter().zip(next..) {
            if row.seq != seq {
                return Err(gap(seq));
            }
            f(row)?;
        }
        if i64::try_from(rows.len()) != Ok(size) {
            return Err(gap(next));
        }
        next += size;
    }
    Ok(())
}

fn line(row: &RecordRow, persons: bool) -> Line {
    if persons {
        Line::of(row)
    } else {
        Line::without_persons(row)
    }
}

fn gap(seq: i64) -> Failure {
    Failure::new(format!(
        "records are missing from {seq} on: run `vouchsafe audit verify`"
    ))
}

fn damaged(path: &Path, what: &str) -> Failure {
    Failure::new(format!(
        "{} {what}; remove the file, and try again",
        path.display()
    ))
}

const PAGE: i64 = 1_000;
/// More than go into one transaction.
const BATCH: i64 = 1_000;
