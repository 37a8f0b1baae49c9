//! `vouchsafe doctor`: one line for each thing that a server needs.
//!
//! Nothing is written, and a running server is not disturbed: the database is opened for reading, the address is tried
//! and given back.

mod exports;
mod finding;
mod in_force;
mod listener;
mod providers;
mod vault;
mod witnesses;

use std::process::ExitCode;

use clap::Args;
use vouchsafe_store::Location;

use super::{ConfigArgument, Failure, Output};
use crate::config::{Config, LogFormat, LogOptions};
use crate::{files, logging};

use finding::{Finding, State};

/// How far to look, and how to say it.
#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    config: ConfigArgument,
    /// Also call the providers, for their metadata, and the witnesses.
    #[arg(long)]
    online: bool,
    /// One JSON object a line: state, check, text.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let mut report = Report {
        output: Output::to_stdout(),
        json: arguments.json,
        failed: false,
    };
    // What a driver says about a connection that fails stands in the log alone.
    logging::begin(&LogOptions {
        format: if arguments.json {
            LogFormat::Json
        } else {
            LogFormat::Human
        },
        level: "warn".to_owned(),
    });
    match arguments.config.read() {
        Err(error) => report.tell(&[Finding::fail("configuration", error.to_string())]),
        Ok(config) => {
            report.tell(&configuration(&config));
            let (findings, vault) = vault::look(&config);
            report.tell(&findings);
            report.tell(&listener::look(&config, vault.as_ref()).await);
            report.tell(&providers::look(&config, arguments.online).await);
            report.tell(&witnesses::look(&config, arguments.online).await);
        }
    }
    Ok(if report.failed {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

struct Report {
    output: Output,
    json: bool,
    failed: bool,
}

impl Report {
    fn tell(&mut self, findings: &[Finding]) {
        for finding in findings {
            self.failed |= finding.state == State::Fail;
            if self.json {
                self.output.line(finding.to_json());
            } else {
                self.output.line(finding);
            }
        }
    }
}

fn configuration(config: &Config) -> Vec<Finding> {
    let file = config.file.display();
    let mut findings = vec![Finding::ok(
        "configuration",
        format!(
            "{file}: {} provider(s), {} client(s), {} user(s)",
            config.providers.len(),
            config.clients.len(),
            config.users.len()
        ),
    )];
    if let Some(mode) = files::mode(&config.file)
        && config.holds_secrets
        && mode & 0o077 != 0
    {
        let text = format!(
            "{file} holds secrets and others may read it (mode {mode:03o}): `chmod 600 {file}`, or move them into files \
             of their own"
        );
        findings.push(Finding::warn("configuration", text));
    }
    findings.extend(config.secret_files.iter().filter_map(|path| {
        let mode = files::mode(path).filter(|mode| mode & 0o007 != 0)?;
        let path = path.display();
        let text = format!(
            "{path} holds a secret and everybody here may open it (mode {mode:03o}): `chmod 600 {path}`"
        );
        Some(Finding::warn("secrets", text))
    }));
    if matches!(config.database, Location::Postgres(_)) && config.key_file.exists() {
        findings.push(Finding::ok(
            "replicas",
            "PostgreSQL: every server of this database needs the same key file and the same issuer",
        ));
    }
    findings
}
