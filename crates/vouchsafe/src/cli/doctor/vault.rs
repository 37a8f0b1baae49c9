//! Database, key file, vault, record: each needs the one before.

use std::path::Path;
use std::sync::Arc;

use vouchsafe_model::{Clock as _, Ids, OsEntropy};
use vouchsafe_store::{
    Location, RecordRow, SchemaState, Store, StoreError, instance, records, seals, server_keys,
};
use vouchsafe_vault::{FileKeyProvider, KeyProviderError, Vault};

use super::super::Failure;
use super::finding::Finding;
use super::{exports, in_force};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::key_file::KeyFileError;
use crate::process_lock::ProcessLock;
use crate::wiring::StartError;
use crate::{checkpoint_file, files, foreign_files, key_file, public_keys};

/// What was found, and the vault, if it opens.
pub(super) fn look(config: &Config) -> (Vec<Finding>, Option<Vault>) {
    let mut findings = Vec::new();
    if let Err(error) = foreign_files::refuse(config) {
        findings.push(Finding::fail("database", Failure::from(error).to_string()));
        return (findings, None);
    }
    let key = key(config, &mut findings);
    let mut opened = None;
    if let Some(store) = database(config, &mut findings) {
        // Without either there is nothing more to see here, and it has been said why.
        if let Some(vault) = key.and_then(|key| open(&store, &key, &mut findings)) {
            pinned(config, &vault, &mut findings);
            checkpoint(config, &store, &vault, &mut findings);
            in_force::look(config, &store, &mut findings);
            exports::look(config, &store, &mut findings);
            opened = Some(vault);
        }
        clock(&store, &mut findings);
    }
    (findings, opened)
}

fn key(config: &Config, findings: &mut Vec<Finding>) -> Option<FileKeyProvider> {
    let path = &config.key_file;
    match key_file::read(path) {
        Ok(key) => {
            findings.push(match files::mode(path) {
                Some(mode) if mode & 0o077 != 0 => Finding::warn(
                    "key file",
                    format!(
                        "{} may be read by its group (mode {mode:03o}): `chmod 600`, unless the server runs in that group",
                        path.display()
                    ),
                ),
                _ => Finding::ok("key file", format!("{}, for its owner alone", path.display())),
            });
            Some(key)
        }
        Err(KeyFileError::Unusable {
            source: KeyProviderError::KeyFileMissing { .. },
            ..
        }) if matches!(key_file::holds_sealed_rows(&config.database), Ok(false)) => {
            let text = format!("{} is not there yet: `vouchsafe serve` makes it", path.display());
            findings.push(Finding::warn("key file", text));
            None
        }
        Err(error) => {
            findings.push(Finding::fail("key file", Failure::from(error).to_string()));
            None
        }
    }
}

fn database(config: &Config, findings: &mut Vec<Finding>) -> Option<Store> {
    let name = match &config.database {
        Location::Sqlite(path) if !path.exists() => {
            let text = format!("{} is not there yet: `vouchsafe serve` makes it", path.display());
            findings.push(Finding::warn("database", text));
            disk(path, findings);
            return None;
        }
        Location::Sqlite(path) => path.display().to_string(),
        Location::Postgres(_) => "PostgreSQL".to_owned(),
    };
    let opened = Store::open_read_only(config.database.clone());
    let looked = opened.and_then(|store| store.schema_state().map(|state| (store, state)));
    let (store, state) = match looked {
        Ok(looked) => looked,
        Err(error) => {
            let text = format!("{name}: {}", Failure::from(error));
            findings.push(Finding::fail("database", text));
            return None;
        }
    };
    // Tables without the version that made them: somebody has been there.
    let stripped = state == SchemaState::Empty && store.read_blocking(instance::get).is_ok();
    findings.push(match state {
        SchemaState::Empty if stripped => Finding::fail(
            "database",
            format!("{name} has tables but does not say of which version: restore it from your backup"),
        ),
        SchemaState::Current => Finding::ok("database", format!("{name}, its schema is up to date")),
        SchemaState::Empty => Finding::warn("database", format!("{name} is empty: `vouchsafe serve` makes its tables")),
        SchemaState::Old { pending } => Finding::fail(
            "database",
            format!("{name} is {pending} migration(s) older than this program: make a backup, then run `vouchsafe migrate`"),
        ),
        SchemaState::Newer => Finding::fail(
            "database",
            format!("{name} is newer than this program: run the version that wrote it, or a later one"),
        ),
    });
    if let Location::Sqlite(path) = &config.database {
        disk(path, findings);
        if let Some(mode) = files::mode(path).filter(|mode| mode & 0o077 != 0) {
            let text = format!("others may open {name} (mode {mode:03o}): `chmod 600 {name}`");
            findings.push(Finding::warn("database", text));
        }
        findings.push(Finding::ok(
            "server",
            if ProcessLock::is_held(&config.database) {
                "one is running on this database"
            } else {
                "none is running on this database"
            },
        ));
    }
    (state == SchemaState::Current).then_some(store)
}

fn open(store: &Store, key: &FileKeyProvider, findings: &mut Vec<Finding>) -> Option<Vault> {
    let found = store.read_blocking(|tx| -> Result<_, StoreError> {
        Ok((instance::get(tx)?, server_keys::all(tx)?, seals::any(tx)?))
    });
    let (instance, keys) = match found {
        Ok((Some(instance), keys, _)) => (instance, keys),
        Ok((None, _, true)) => {
            let text = Failure::from(StartError::SealedWithoutInstance).to_string();
            findings.push(Finding::fail("vault", text));
            return None;
        }
        Ok((None, _, false)) => {
            let text = "the database holds no instance yet: `vouchsafe serve` makes one";
            findings.push(Finding::warn("vault", text));
            return None;
        }
        Err(error) => {
            findings.push(Finding::fail("vault", Failure::from(error).to_string()));
            return None;
        }
    };
    let ids = Ids::new(Arc::new(SystemClock), Arc::new(OsEntropy));
    match Vault::unlock(instance, keys, key, ids) {
        Ok(vault) => {
            findings.push(Finding::ok(
                "vault",
                format!("opens; instance {}", vault.instance()),
            ));
            Some(vault)
        }
        Err(error) => {
            findings.push(Finding::fail("vault", Failure::from(error).to_string()));
            None
        }
    }
}

fn pinned(config: &Config, vault: &Vault, findings: &mut Vec<Finding>) {
    let path = &config.public_key_file;
    findings.push(match public_keys::read(path) {
        Ok(pinned) if vault.head_keys().iter().all(|key| pinned.contains(key)) => {
            Finding::ok("public keys", format!("{} pins those of this database", path.display()))
        }
        Ok(_) => Finding::fail(
            "public keys",
            format!(
                "{} pins other keys than those of this database, so `vouchsafe audit verify` cannot hold: restore the \
                 file from your copy, or the database that belongs to it",
                path.display()
            ),
        ),
        Err(_) if !path.exists() => Finding::warn(
            "public keys",
            format!("{} is not there: the next `vouchsafe serve` writes it", path.display()),
        ),
        Err(error) => Finding::fail("public keys", Failure::from(error).to_string()),
    });
}

fn checkpoint(config: &Config, store: &Store, vault: &Vault, findings: &mut Vec<Finding>) {
    let path = &config.checkpoint_file;
    if !path.exists() {
        let text = format!(
            "{} is not there, so a database that was rolled back would not show: the next `vouchsafe serve` writes it",
            path.display()
        );
        findings.push(Finding::warn("checkpoint", text));
        return;
    }
    let agreed = checkpoint_file::require_agreement(path, store, vault.instance(), &vault.head_keys());
    findings.push(match agreed {
        Ok(()) => Finding::ok(
            "checkpoint",
            format!("the record is what {} says", path.display()),
        ),
        Err(error) => Finding::fail("checkpoint", Failure::from(error).to_string()),
    });
}

/// The record never goes back in time, so a clock that is behind it is wrong now, or was wrong then.
fn clock(store: &Store, findings: &mut Vec<Finding>) {
    let Ok(Some(RecordRow { time, .. })) = store.read_blocking(records::last) else {
        return;
    };
    let behind = SystemClock.now().until(time).as_secs();
    findings.push(if behind > TOLERATED_SECONDS {
        let text = format!(
            "this machine is {behind} seconds behind the last record: set its clock (NTP), or tokens are refused and end \
             at the wrong time"
        );
        Finding::fail("clock", text)
    } else {
        Finding::ok("clock", "not behind the record")
    });
}

fn disk(database: &Path, findings: &mut Vec<Finding>) {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let Ok(space) = rustix::fs::statvfs(folder) else {
        let text = format!(
            "{} is no folder: make it, or correct `database.url`",
            folder.display()
        );
        findings.push(Finding::fail("disk", text));
        return;
    };
    let free = space.f_bavail.saturating_mul(space.f_frsize) / MEBIBYTE;
    let text = format!("{free} MiB are free in {}", folder.display());
    findings.push(match free {
        0..LEAST_MEBIBYTES => Finding::fail(
            "disk",
            format!("{text}: make room, a token is released only when its record is on the disk"),
        ),
        LEAST_MEBIBYTES..FEW_MEBIBYTES => Finding::warn("disk", format!("{text}: make room")),
        _ => Finding::ok("disk", text),
    });
}

const TOLERATED_SECONDS: u64 = 60;
const MEBIBYTE: u64 = 1 << 20;
const LEAST_MEBIBYTES: u64 = 64;
const FEW_MEBIBYTES: u64 = 1_024;
