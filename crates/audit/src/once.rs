//! Single-use ids, consumed under the head.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};
use vouchsafe_store::{StoreError, Tx, replay_ids};

use crate::basis::Basis;
use crate::hex;

/// The ids that one transaction has consumed so far.
#[derive(Default)]
pub(crate) struct Once(HashSet<(String, String)>);

impl Once {
    /// Consumes the ids of a release, or none of them; `false` = one was used before.
    pub(crate) fn consume(&mut self, tx: &mut Tx<'_>, basis: &Basis) -> Result<bool, StoreError> {
        let mut new = Vec::with_capacity(basis.replay_ids.len());
        for replay in &basis.replay_ids {
            let id = stored(&replay.id);
            let name = (replay.kind.clone(), id.clone());
            if self.0.contains(&name)
                || new.iter().any(|(known, _)| *known == name)
                || !replay_ids::existing(tx, &replay.kind, &[&id])?.is_empty()
            {
                return Ok(false);
            }
            new.push((name, replay.expires_at));
        }
        for ((kind, id), expires_at) in new {
            replay_ids::insert(tx, &kind, &id, expires_at)?;
            self.0.insert((kind, id));
        }
        Ok(true)
    }
}

/// What stands in the table. Whoever made the id chose its length and its characters: none of them may fail a batch.
fn stored(id: &str) -> String {
    if id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return id.to_owned();
    }
    format!("sha-256:{}", hex::encode(&Sha256::digest(id)))
}
