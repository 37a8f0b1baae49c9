//! Proofs: that a leaf is in a tree, and that a tree continues a smaller one (RFC 6962 sections 2.1.1 and 2.1.2).

use super::{Hash, Nodes, parent, range, split};

/// PATH(index, D[size]): from the sibling of the leaf to the child of the root. `index < size`.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// PROOF(first, D[second]). Empty where there is nothing to prove: from the empty tree, and from a tree to itself.
/// `first <= second`.
pub fn consistency<N: Nodes>(nodes: &mut N, first: u64, second: u64) -> Result<Vec<Hash>, N::Error> {
    if first == 0 || first == second {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, second);
    let mut path = Vec::new();
    // Down to the subtree that ends where the first tree does.
    while end != first {
        let middle = start + split(end - start);
        if first <= middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    // Whoever has the first tree knows it only where it is that whole tree.
    if start > 0 {
        path.push(range(nodes, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether `path` proves that `leaf` is at `index` of the tree of `size` leaves with this root (RFC 9162 section 2.1.3.2).
pub fn includes(root: &Hash, size: u64, index: u64, leaf: &Hash, path: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last) = (index, size - 1);
    let mut node = *leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            node = parent(sibling, &node);
            // Levels at which the right edge has no sibling.
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            node = parent(&node, sibling);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && node == *root
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use tlog_tiles::tlog;

    use super::*;
    use crate::body;
    use crate::tree::{Frontier, root};

    /// A tree of which every leaf is kept.
    struct Kept(Vec<Hash>);

    impl Kept {
        fn new(size: u64) -> Self {
            Self((0..size).map(|n| body::leaf(&n.to_be_bytes())).collect())
        }
    }

    impl Nodes for Kept {
        type Error = Infallible;

        fn node(&mut self, height: u32, index: u64) -> Result<Hash, Infallible> {
            if height == 0 {
                return Ok(self.0[usize::try_from(index).unwrap()]);
            }
            let left = self.node(height - 1, 2 * index)?;
            Ok(parent(&left, &self.node(height - 1, 2 * index + 1)?))
        }
    }

    fn theirs(hashes: &[Hash]) -> Vec<tlog::Hash> {
        hashes.iter().copied().map(tlog::Hash).collect()
    }

    proptest! {
        #[test]
        fn another_implementation_accepts_our_inclusion_proofs(size in 1_u64..700, at in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
            let Ok(head) = root(&mut Kept::new(size), size);
            let index = at.index(usize::try_from(size).unwrap()) as u64;
            let leaf = body::leaf(&index.to_be_bytes());
            let Ok(mut path) = inclusion(&mut Kept::new(size), index, size);
            let checked = |path: &[Hash]| tlog::check_record(&theirs(path), size, tlog::Hash(head), index, tlog::Hash(leaf)).is_ok();
            prop_assert!(checked(&path));
            prop_assert!(includes(&head, size, index, &leaf, &path));
            if !path.is_empty() {
                let bit = flip.index(path.len() * 256);
                path[bit / 256][bit % 256 / 8] ^= 1 << (bit % 8);
                prop_assert!(!checked(&path));
                prop_assert!(!includes(&head, size, index, &leaf, &path));
            }
        }

        #[test]
        fn another_implementation_accepts_our_consistency_proofs(second in 1_u64..700, at in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
            let first = 1 + at.index(usize::try_from(second).unwrap()) as u64;
            let Ok(old) = root(&mut Kept::new(first), first);
            let Ok(new) = root(&mut Kept::new(second), second);
            let Ok(mut path) = consistency(&mut Kept::new(second), first, second);
            let checked = |path: &[Hash]| tlog::check_tree(&theirs(path), second, tlog::Hash(new), first, tlog::Hash(old)).is_ok();
            prop_assert!(checked(&path));
            if !path.is_empty() {
                let bit = flip.index(path.len() * 256);
                path[bit / 256][bit % 256 / 8] ^= 1 << (bit % 8);
                prop_assert!(!checked(&path));
            }
        }

        #[test]
        fn a_frontier_knows_the_root_wherever_it_begins(size in 0_u64..700, more in 0_u64..300) {
            let mut kept = Kept::new(size + more);
            let Ok(mut frontier) = Frontier::of(&mut kept, size);
            let Ok(first) = root(&mut kept, size);
            prop_assert_eq!(frontier.root(), first);
            for leaf in &kept.0[usize::try_from(size).unwrap()..] {
                frontier.push(*leaf);
            }
            let Ok(last) = root(&mut kept, size + more);
            prop_assert_eq!((frontier.size(), frontier.root()), (size + more, last));
        }
    }

    #[test]
    fn a_proof_holds_for_its_place_only() {
        let Ok(head) = root(&mut Kept::new(7), 7);
        let Ok(path) = inclusion(&mut Kept::new(7), 4, 7);
        let leaf = body::leaf(&4_u64.to_be_bytes());
        assert!(includes(&head, 7, 4, &leaf, &path));
        for (size, index) in [(7, 5), (7, 0), (6, 4), (4, 4), (0, 0)] {
            assert!(!includes(&head, size, index, &leaf, &path), "{index} of {size}");
        }
        assert!(!includes(&head, 7, 4, &leaf, &path[1..]));
    }
}
