//! The Merkle tree over the record (RFC 6962 section 2.1): the leaf of record `seq` has the index `seq - 1`.
//!
//! - [`Frontier`] takes leaves one by one and knows the root of all it was given.
//! - [`Nodes`] is anything that can be asked for the hash of a perfect subtree; [`proof`] makes proofs of it.
//! - `tiles` keeps those hashes in the database, 256 a row, so that a proof reads a few rows and not the record.

use sha2::{Digest as _, Sha256};

mod frontier;
pub mod proof;
pub(crate) mod tiles;

pub(crate) use frontier::Frontier;

/// SHA-256.
pub type Hash = [u8; 32];

/// The hash of a node with these children.
pub(crate) fn parent(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The root of the tree without leaves.
pub(crate) fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// Hashes of perfect subtrees.
pub trait Nodes {
    /// Why there is none.
    type Error;

    /// The hash of the `index`th subtree of `2^height` leaves. All of them exist.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The root of the tree of the first `size` leaves.
pub fn root<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    if size == 0 {
        return Ok(empty_root());
    }
    range(nodes, 0, size)
}

/// MTH(D[start:end]) of RFC 6962 section 2.1. `start` is a multiple of the least power of two that `end - start` fits in,
/// as all its subtrees are; `start < end`.
fn range<N: Nodes>(nodes: &mut N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let size = end - start;
    if size.is_power_of_two() {
        return nodes.node(size.ilog2(), start / size);
    }
    let middle = start + split(size);
    Ok(parent(&range(nodes, start, middle)?, &range(nodes, middle, end)?))
}

/// The largest power of two smaller than `size`, which is at least two.
const fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}
