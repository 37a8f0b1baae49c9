//! The tree in the database: table `tiles` for what is full, the record itself for the last leaves.

use vouchsafe_store::{StoreError, Tx, records, tiles};

use super::{Hash, Nodes, parent};

/// Levels of the tree in one row: 256 hashes.
const HEIGHT: u32 = 8;
/// Hashes of a full row.
pub(crate) const WIDTH: usize = 1 << HEIGHT;

/// The tree of so many leaves as the database has it. What was read is not read again: proofs ask for neighbours.
pub(crate) struct Stored<'a, 'b> {
    tx: &'a mut Tx<'b>,
    size: u64,
    rows: Vec<((u32, u64), Vec<Hash>)>,
}

impl<'a, 'b> Stored<'a, 'b> {
    pub(crate) const fn new(tx: &'a mut Tx<'b>, size: u64) -> Self {
        Self {
            tx,
            size,
            rows: Vec::new(),
        }
    }

    /// The hashes of the subtrees of `256^level` leaves, from `256 * place` on.
    fn row(&mut self, level: u32, place: u64) -> Result<&[Hash], StoreError> {
        let known = self.rows.iter().position(|(at, _)| *at == (level, place));
        let at = if let Some(at) = known {
            at
        } else {
            // A row of leaves that goes on behind the tree may be anybody's: a signed root says nothing of it.
            let mut hashes = if level > 0 || place < self.size / WIDTH as u64 {
                tiles::get(self.tx, signed(level)?, signed(place)?)?
            } else {
                Vec::new()
            };
            if level == 0 && hashes.is_empty() {
                hashes = leaves(self.tx, place)?;
            }
            self.rows.push(((level, place), hashes));
            self.rows.len() - 1
        };
        Ok(&self.rows[at].1)
    }
}

impl Nodes for Stored<'_, '_> {
    type Error = StoreError;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, StoreError> {
        let (level, above) = (height / HEIGHT, height % HEIGHT);
        let first = index << above;
        let place = first >> HEIGHT;
        let from = usize::try_from(first % WIDTH as u64).map_err(|_| MISSING)?;
        let row = self.row(level, place)?;
        let hashes = row.get(from..from + (1 << above)).ok_or(MISSING)?;
        Ok(perfect(hashes))
    }
}

/// The leaves that are in no full row yet.
fn leaves(tx: &mut Tx<'_>, place: u64) -> Result<Vec<Hash>, StoreError> {
    let first: i64 = signed(place * WIDTH as u64 + 1)?;
    let links = records::leaves(tx, first, signed(WIDTH)?)?;
    let in_place = links
        .iter()
        .zip(first..)
        .take_while(|(link, seq)| link.seq == *seq);
    Ok(in_place.map(|(link, _)| link.leaf).collect())
}

/// The root over a power of two of hashes, at least one.
pub(crate) fn perfect(hashes: &[Hash]) -> Hash {
    if let [hash] = hashes {
        return *hash;
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    parent(&perfect(left), &perfect(right))
}

/// Puts a full row of leaves in its place, and its root in the row above, and so on up.
pub(crate) fn keep(tx: &mut Tx<'_>, place: u64, leaves: &[Hash]) -> Result<(), StoreError> {
    let (mut level, mut place) = (0_u32, place);
    let mut row = leaves.to_vec();
    loop {
        tiles::grow(tx, signed(level)?, signed(place)?, &row)?;
        if row.len() < WIDTH {
            return Ok(());
        }
        let (root, at) = (perfect(&row), place % WIDTH as u64);
        (level, place) = (level + 1, place >> HEIGHT);
        row = tiles::get(tx, signed(level)?, signed(place)?)?;
        match signed::<_, usize>(at)? {
            // Another replica was faster, and may have put more there.
            at if at < row.len() => return Ok(()),
            at if at == row.len() => row.push(root),
            _ => return Err(MISSING),
        }
    }
}

/// Columns are signed, trees are not; both are far smaller than either limit.
fn signed<A, B: TryFrom<A>>(number: A) -> Result<B, StoreError> {
    B::try_from(number).map_err(|_| MISSING)
}

/// A row that has to be there is not, or is too short.
const MISSING: StoreError = StoreError::Corrupt {
    table: "tiles",
    row: None,
    what: "hashes",
};
