//! The record as far as somebody who signs it has read it: its tree, and the chain that it has to go on with.

use vouchsafe_model::InstanceId;
use vouchsafe_store::records::{Link, RecordRow};
use vouchsafe_store::{StoreError, Tx, records};
use vouchsafe_vault::{VerificationKey, verify_ed25519};

use super::SignError;
use crate::body;
use crate::tree::tiles::{Stored, WIDTH};
use crate::tree::{Frontier, Hash};

#[derive(Clone)]
pub(super) struct Reading {
    frontier: Frontier,
    /// Chain hash of the last one.
    chain: Hash,
    /// Leaves that do not fill a row of tiles yet.
    loose: Vec<Hash>,
}

impl Reading {
    /// From the rows of tiles that a checkpoint of `covered` records vouches for, so that a start does not read the whole
    /// record. Later rows may be anybody's: they are not looked at.
    pub(super) fn begin(tx: &mut Tx<'_>, covered: i64) -> Result<Self, StoreError> {
        let covered = u64::try_from(covered).unwrap_or(0);
        let size = covered - covered % WIDTH as u64;
        let frontier = Frontier::of(&mut Stored::new(tx, size), size)?;
        let last = records::leaves(tx, signed(size), 1)?.pop();
        let chain = match last {
            Some(last) if size > 0 => last.chain,
            _ => [0; 32],
        };
        Ok(Self {
            frontier,
            chain,
            loose: Vec::new(),
        })
    }

    /// How many records were read.
    pub(super) fn size(&self) -> i64 {
        signed(self.frontier.size())
    }

    /// The root of the tree over them.
    pub(super) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Takes in a page that begins with the last record that was read, which must still be what it was; the rows of tiles
    /// that it filled.
    pub(super) fn take(&mut self, page: Vec<Link>) -> Result<Vec<(u64, Vec<Hash>)>, SignError> {
        let mut page = page.into_iter();
        let known = self.size();
        if known > 0
            && page
                .next()
                .is_none_or(|last| last.seq != known || last.chain != self.chain)
        {
            return Err(SignError::Contradicted { size: known });
        }
        let mut rows = Vec::new();
        for link in page {
            let expected = self.size() + 1;
            if link.seq != expected || body::chain(&self.chain, &link.leaf) != link.chain {
                return Err(SignError::Broken { seq: expected });
            }
            self.frontier.push(link.leaf);
            self.chain = link.chain;
            self.loose.push(link.leaf);
            if self.loose.len() == WIDTH {
                let place = self.frontier.size() / WIDTH as u64 - 1;
                rows.push((place, std::mem::take(&mut self.loose)));
            }
        }
        Ok(rows)
    }

    /// The last record, `last`, carries the signature of its batch: who only has the database cannot make one.
    pub(super) fn require_signed(
        &self,
        last: Option<RecordRow>,
        instance: &InstanceId,
        keys: &[VerificationKey],
    ) -> Result<(), SignError> {
        let seq = self.size();
        let is_signed = |row: RecordRow| {
            let message = body::head_message(instance, row.seq, row.time, &row.chain);
            let key = keys.iter().find(|key| Some(&key.key_id) == row.key_id.as_ref());
            let signature = key.zip(row.signature);
            signature.is_some_and(|(key, signature)| verify_ed25519(&key.public, &message, &signature))
        };
        let same = last.filter(|row| row.chain == self.chain);
        if seq == 0 || same.is_some_and(is_signed) {
            Ok(())
        } else {
            Err(SignError::Broken { seq })
        }
    }
}

/// Sizes fit both.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
