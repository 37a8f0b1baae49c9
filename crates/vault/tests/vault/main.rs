//! What the vault promises, seen from outside.

#![expect(non_snake_case, reason = "tests carry requirement ids")]

mod authority;
mod client_secrets;
mod data_keys;
mod formatting;
mod key_file;
mod keys;
mod seals;
mod signing;
mod tokens;

use std::sync::Arc;

use vouchsafe_model::{FixedClock, Ids, InstanceId, KeyState, SeededEntropy, ServerKey, UnixMillis};
use vouchsafe_vault::{FileKeyProvider, Vault};

const NOW: UnixMillis = UnixMillis(1_763_000_000_000);

fn ids(seed: u64) -> Ids {
    Ids::new(Arc::new(FixedClock::at(NOW)), Arc::new(SeededEntropy::new(seed)))
}

fn instance(seed: u64) -> InstanceId {
    ids(seed).next()
}

fn key_file(seed: u64) -> FileKeyProvider {
    FileKeyProvider::from_file_text(&FileKeyProvider::generate(&ids(seed))).unwrap()
}

/// The vault of instance 1 and key file 1; the seed decides its keys.
fn vault(seed: u64) -> (Vault, Vec<ServerKey>) {
    Vault::create(instance(1), &key_file(1), ids(seed), NOW).unwrap()
}

fn unlocked(rows: Vec<ServerKey>) -> Vault {
    Vault::unlock(instance(1), rows, &key_file(1), ids(99)).unwrap()
}

/// A vault before and after all of its keys were rotated.
fn rotated() -> (Vault, Vault) {
    let (before, mut old) = vault(10);
    let (_, new) = vault(20);
    for key in &mut old {
        key.state = KeyState::Retired;
        key.created_at = UnixMillis(NOW.0 - 1);
    }
    (before, unlocked(old.into_iter().chain(new).collect()))
}
