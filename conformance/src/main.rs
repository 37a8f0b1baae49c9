//! `vouchsafe-conformance`: asks a running server what it promises.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use vouchsafe_conformance::{Fixture, Line, Verdict, run, table};

/// The requirements as black-box checks over HTTP.
#[derive(Parser)]
#[command(name = "vouchsafe-conformance", version)]
struct Arguments {
    /// The server's issuer, exactly as its metadata has it
    #[arg(long, required_unless_present = "write_table")]
    issuer: Option<String>,
    /// TOML: clients, user and target that the server was given; see conformance/README.md
    #[arg(long, value_name = "FILE")]
    fixture: Option<PathBuf>,
    /// Write conformance/README.md from the names of the tests, and ask nothing
    #[arg(long, conflicts_with_all = ["issuer", "fixture"])]
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
    let fixture = match arguments.fixture {
        Some(file) => toml::from_str(&fs::read_to_string(file)?).map_err(io::Error::other)?,
        None => Fixture::default(),
    };
    let lines = run(&issuer, fixture).await;
    let mut out = io::stdout().lock();
    for line in &lines {
        writeln!(out, "{line}")?;
    }
    let count = |of: fn(&Verdict) -> bool| lines.iter().filter(|Line { verdict, .. }| of(verdict)).count();
    let failed = count(|verdict| matches!(verdict, Verdict::Fail(_)));
    let passed = count(|verdict| matches!(verdict, Verdict::Pass));
    let rest = lines.len() - passed - failed;
    writeln!(out, "{passed} pass, {failed} fail, {rest} not checked")?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
