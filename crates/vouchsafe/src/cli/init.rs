//! `vouchsafe init`: everything a first start needs, in one folder, and nothing overwritten.

use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::runtime::Handle;
use vouchsafe_model::{AdminScope, Ids, OsEntropy};
use vouchsafe_store::Location;

use super::{Failure, Output};
use crate::clock::SystemClock;
use crate::config::{Config, Environment};
use crate::files::{self, Readers};
use crate::{key_file, logging, service};

/// Where.
#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The folder; made if it is not there.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    dir: PathBuf,
}

pub(super) async fn run(arguments: &InitArguments, handle: Handle) -> Result<ExitCode, Failure> {
    let dir = &arguments.dir;
    fs::create_dir_all(dir).map_err(|error| {
        Failure::new(format!(
            "the folder {} cannot be made ({})",
            dir.display(),
            files::words(error.kind())
        ))
    })?;
    nothing_there(dir)?;
    let mut output = Output::to_stdout();
    let config_file = dir.join(CONFIG);
    files::create(&config_file, TEMPLATE.as_bytes(), Readers::Owner)?;
    let mut config = Config::read(&config_file, &Environment::of_process())?;
    "warn".clone_into(&mut config.log.level);
    logging::begin(&config.log);
    key_file::create(
        &config.key_file,
        &Ids::new(Arc::new(SystemClock), Arc::new(OsEntropy)),
    )?;
    let opened = service::open(&config, handle)?;
    let scopes = vec![
        AdminScope::Read,
        AdminScope::Revoke,
        AdminScope::Manage,
        AdminScope::Trust,
    ];
    let (_, admin_key) = opened
        .instance
        .sign_in
        .create_admin_key("first", scopes, None)
        .await?;
    output.line(format_args!("configuration   {}", config_file.display()));
    output.line(format_args!(
        "key file        {}  (opens everything: keep a copy apart from the database)",
        config.key_file.display()
    ));
    output.line(match &config.database {
        Location::Sqlite(path) => format!("database        {}", path.display()),
        Location::Postgres(_) => "database        PostgreSQL".to_owned(),
    });
    output.line(format_args!(
        "public keys     {}  (the record is verified with these)",
        config.public_key_file.display()
    ));
    let head_keys = opened.instance.vault.head_keys();
    opened.close().await;
    for key in head_keys {
        output.line(format_args!("                {}", key.key_id));
    }
    if std::io::stdout().is_terminal() {
        output.line(format_args!(
            "admin key       {}  (shown once)",
            admin_key.expose()
        ));
    } else {
        let path = dir.join(ADMIN_KEY);
        files::create(
            &path,
            format!("{}\n", admin_key.expose()).as_bytes(),
            Readers::Owner,
        )?;
        output.line(format_args!(
            "admin key       {}  (move it to where your operators keep secrets)",
            path.display()
        ));
    }
    output.line(format_args!(
        "\nNext: edit {0}, then `vouchsafe serve --config {0}`",
        config_file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn nothing_there(dir: &Path) -> Result<(), Failure> {
    for name in [
        CONFIG,
        "vouchsafe.key",
        DATABASE,
        "vouchsafe.audit-keys",
        "vouchsafe.checkpoint",
        ADMIN_KEY,
    ] {
        let path = dir.join(name);
        if path.exists() {
            let sentence = format!(
                "{} is there already: init overwrites nothing, choose another folder with --dir",
                path.display()
            );
            return Err(Failure::new(sentence));
        }
    }
    Ok(())
}

const CONFIG: &str = "vouchsafe.toml";
const DATABASE: &str = "vouchsafe.db";
const ADMIN_KEY: &str = "admin-key.txt";
const TEMPLATE: &str = include_str!("init/vouchsafe.toml");
