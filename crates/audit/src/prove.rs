//! Proofs about the record for those who do not have it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use vouchsafe_store::records::RecordRow;
use vouchsafe_store::{StoreError, Tx, records};

use crate::checkpoint::Checkpoint;
use crate::tree::tiles::Stored;
use crate::tree::{self, proof};

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The database failed.
    #[error("the record cannot be read")]
    Store(#[from] StoreError),
    /// The record came later.
    #[error(
        "record {seq} is younger than the last checkpoint, which is of {size}: the running server signs one every second"
    )]
    Later {
        /// The record.
        seq: i64,
        /// Size of the checkpoint.
        size: i64,
    },
    /// What is in the database does not lead to the root that was signed.
    #[error(
        "the record or its tree was changed since the checkpoint of {size} records was signed: run `vouchsafe audit verify`"
    )]
    Changed {
        /// Size of the checkpoint.
        size: i64,
    },
    /// Not two sizes of this record, the smaller one first.
    #[error("name two sizes between 1 and {size}, the smaller one first")]
    Sizes {
        /// How many records there are.
        size: i64,
    },
}

/// Proof that `row` is in the record of which `checkpoint` was signed, with the body as extra data (C2SP `tlog-proof`).
///
/// # Errors
/// See [`ProofError`]. A proof that would not hold is not given out.
pub fn inclusion(tx: &mut Tx<'_>, row: &RecordRow, checkpoint: &Checkpoint) -> Result<String, ProofError> {
    let size = checkpoint.size;
    if row.seq > size {
        return Err(ProofError::Later { seq: row.seq, size });
    }
    let changed = || ProofError::Changed { size };
    let index = u64::try_from(row.seq - 1).map_err(|_| changed())?;
    let leaves = u64::try_from(size).map_err(|_| changed())?;
    let path = proof::inclusion(&mut Stored::new(tx, leaves), index, leaves)?;
    let leaf = crate::body::leaf(&row.body);
    if !proof::includes(&checkpoint.root, leaves, index, &leaf, &path) {
        return Err(changed());
    }
    let mut text = format!(
        "c2sp.org/tlog-proof@v1\nextra {}\nindex {index}\n",
        STANDARD.encode(&row.body)
    );
    for hash in &path {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{}", STANDARD.encode(hash));
    }
    text.push('\n');
    text.push_str(checkpoint.note());
    Ok(text)
}

/// Proof that a tree continues a smaller one. The names are those of RFC 6962 sections 4.3 and 4.4; hashes are in base64.
#[derive(Debug, Clone, Serialize)]
pub struct Consistency {
    /// Size of the smaller tree.
    pub first: i64,
    /// Size of the larger one.
    pub second: i64,
    /// Root of the smaller tree.
    pub first_root_hash: String,
    /// Root of the larger one.
    pub second_root_hash: String,
    /// The nodes of the proof.
    pub consistency: Vec<String>,
}

/// Proves that the tree of `second` records continues that of `first`.
///
/// # Errors
/// See [`ProofError`].
pub fn consistency(tx: &mut Tx<'_>, first: i64, second: i64) -> Result<Consistency, ProofError> {
    let size = records::last(tx)?.map_or(0, |last| last.seq);
    let unsigned = |of: i64| u64::try_from(of).ok().filter(|_| (1..=size).contains(&of));
    let (Some(old), Some(new)) = (unsigned(first), unsigned(second)) else {
        return Err(ProofError::Sizes { size });
    };
    if first > second {
        return Err(ProofError::Sizes { size });
    }
    let mut nodes = Stored::new(tx, new);
    let path = proof::consistency(&mut nodes, old, new)?;
    Ok(Consistency {
        first,
        second,
        first_root_hash: STANDARD.encode(tree::root(&mut nodes, old)?),
        second_root_hash: STANDARD.encode(tree::root(&mut nodes, new)?),
        consistency: path.iter().map(|hash| STANDARD.encode(hash)).collect(),
    })
}
