//! The right edge of a growing tree.

use super::{Hash, Nodes, empty_root, parent};

/// All that later leaves need to know of the earlier ones: the roots of the perfect subtrees that they make up, from the
/// largest to the smallest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// That of the first `size` leaves of a tree.
    pub(crate) fn of<N: Nodes>(nodes: &mut N, size: u64) -> Result<Self, N::Error> {
        let mut peaks = Vec::new();
        let mut start = 0;
        for height in (0..u64::BITS).rev().filter(|height| size >> height & 1 == 1) {
            peaks.push(nodes.node(height, start >> height)?);
            start += 1 << height;
        }
        Ok(Self { size, peaks })
    }

    /// How many leaves there are.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The next leaf.
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        // As often as one is carried when counting up.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = parent(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree of all leaves so far.
    pub(crate) fn root(&self) -> Hash {
        let smallest_first = self.peaks.iter().rev().copied();
        let root = smallest_first.reduce(|right, left| parent(&left, &right));
        root.unwrap_or_else(empty_root)
    }
}
