//! `vouchsafe-conformance`: asks a running server what it promises.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use vouchsafe_conformance::{Fixture, run, table};

/// Asks a running server what it promises: the requirements of conformance/README.md as black-box checks over HTTP.
///
/// Prints one line per requirement: passed, FAILED with what was seen, or not checked with what is missing. The status
/// is 0 when nothing failed, 1 when something did, 2 when nothing could be asked.
#[derive(Parser)]
#[command(name = "vouchsafe-conformance", version)]
struct Arguments {
    /// The server's issuer, exactly as its metadata has it
    #[arg(long, value_name = "URL", required_unless_present = "write_table")]
    issuer: Option<String>,
    /// TOML: clients, people and targets that the server was given; see conformance/README.md
    #[arg(long, value_name = "FILE")]
    fixture: Option<PathBuf>,
    /// Ask only for ids that begin so, such as TOK- or TE-2.1-; may be given several times
    #[arg(long, value_name = "PREFIX")]
    only: Vec<String>,
    /// Print one JSON document instead of lines
    #[arg(long)]
    json: bool,
    /// Write conformance/README.md from the names of the tests, and ask nothing
    #[arg(long, conflicts_with_all = ["issuer", "fixture", "only", "json"])]
    write_table: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match answer(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

async fn answer(arguments: Arguments) -> io::Result<ExitCode> {
    let Some(issuer) = arguments.issuer else {
        fs::write(table::readme_path(table::root()), table::readme(table::root())?)?;
        return Ok(ExitCode::SUCCESS);
    };
    let fixture = match &arguments.fixture {
        Some(file) => Fixture::read(file)?,
        None => Fixture::default(),
    };
    let report = run(&issuer, fixture, &arguments.only).await;
    if report.lines.is_empty() {
        let only = arguments.only.join(", ");
        return Err(io::Error::other(format!(
            "no check's id begins with {only}: conformance/README.md lists the ids"
        )));
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", report.to_json())?;
    } else {
        report.write_text(&mut out)?;
    }
    Ok(if report.failed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
