//! A checkpoint, or pinned keys, where there is no database yet: they belong to another one, or this one was lost.
//!
//! Seen before anything is made: a fresh database beside them would hide that the right one is missing.

use std::path::PathBuf;

use vouchsafe_store::{Location, SchemaState, Store, StoreError, instance};

use crate::config::Config;

/// There are files of a database, but not their database.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{database}, but {}: correct `database.url`, or restore that database from your backup; to begin \
     anew, move {} away",
    told(files),
    if files.len() == 1 { "that file" } else { "both files" }
)]
pub struct ForeignFiles {
    database: String,
    files: Vec<PathBuf>,
}

/// Refuses a database that is not there, or empty, beside files that can only be those of another.
pub(crate) fn refuse(config: &Config) -> Result<(), ForeignFiles> {
    // The files first: another server that makes the database right now makes it before them.
    let files: Vec<PathBuf> = [&config.checkpoint_file, &config.public_key_file]
        .into_iter()
        .filter(|path| path.exists())
        .cloned()
        .collect();
    match missing(&config.database) {
        Some(database) if !files.is_empty() => Err(ForeignFiles { database, files }),
        _ => Ok(()),
    }
}

/// What does not hold anything yet, in words. What cannot be opened is for others to tell.
fn missing(location: &Location) -> Option<String> {
    let name = match location {
        Location::Sqlite(path) if !path.exists() => {
            return Some(format!("the database {} is not there yet", path.display()));
        }
        Location::Sqlite(path) => path.display().to_string(),
        Location::Postgres(_) => "in PostgreSQL".to_owned(),
    };
    let empty = || -> Result<bool, StoreError> {
        let store = Store::open_read_only(location.clone())?;
        // Tables that do not say of which version they are, are not nothing.
        Ok(store.schema_state()? == SchemaState::Empty && store.read_blocking(instance::get).is_err())
    };
    matches!(empty(), Ok(true)).then(|| format!("the database {name} is empty"))
}

fn told(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb} there, of another one", names.join(" and "))
}
