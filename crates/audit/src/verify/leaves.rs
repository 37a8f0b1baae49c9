//! The tree in the database, compared with the records.

use vouchsafe_store::{StoreError, Tx, tiles};

use crate::tree::Hash;
use crate::tree::tiles::{WIDTH, perfect};

/// What the rows of the tree have to say, as far as records were checked.
#[derive(Default)]
pub(super) struct Leaves {
    /// Those that do not fill a row yet.
    loose: Vec<Hash>,
    /// The root of each full row of leaves: of them the rows above are made.
    roots: Vec<Hash>,
}

impl Leaves {
    /// The leaf of the next record.
    pub(super) fn push(&mut self, leaf: Hash) {
        self.loose.push(leaf);
        if self.loose.len() == WIDTH {
            self.roots.push(perfect(&self.loose));
            self.loose.clear();
        }
    }

    /// What those rows say that the records do not. A row that is not there yet is no finding: the server writes them behind.
    pub(super) fn compare(&self, tx: &mut Tx<'_>, rows: &Rows) -> Result<Vec<String>, StoreError> {
        let mut findings = Vec::new();
        let mut nodes = None;
        for (level, count) in (0_i32..).zip(rows.0) {
            let mut find = |place: i64| {
                findings.push(format!(
                    "row {level}/{place} of tiles is not what the records say"
                ));
            };
            for place in 0..count {
                let row = readable(tiles::get(tx, level, place))?;
                let agrees = |row: Vec<Hash>| match &nodes {
                    None => row.len() == WIDTH && nth(&self.roots, place) == Some(&perfect(&row)),
                    Some(nodes) => {
                        let from = usize::try_from(place).unwrap_or(usize::MAX).saturating_mul(WIDTH);
                        let expected: &[Hash] = Vec::as_slice(nodes).get(from..).unwrap_or_default();
                        row.len() <= WIDTH && expected.starts_with(&row)
                    }
                };
                if !row.is_some_and(agrees) {
                    find(place);
                }
            }
            nodes = Some(match nodes {
                None => self.roots.clone(),
                Some(nodes) => nodes.chunks_exact(WIDTH).map(perfect).collect(),
            });
        }
        Ok(findings)
    }
}

/// How many rows each level has.
pub(crate) struct Rows([i64; LEVELS]);

impl Rows {
    /// Asked before the records that they are of are read: so none of them is newer than those.
    pub(crate) fn count(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let mut rows = [0; LEVELS];
        for (level, count) in (0..).zip(&mut rows) {
            *count = tiles::count(tx, level)?;
        }
        Ok(Self(rows))
    }
}

fn nth(roots: &[Hash], place: i64) -> Option<&Hash> {
    roots.get(usize::try_from(place).ok()?)
}

/// A damaged row says something else, too.
fn readable<R>(row: Result<R, StoreError>) -> Result<Option<R>, StoreError> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(StoreError::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// As many as a tree can have whose size is a 64-bit number.
const LEVELS: usize = 8;
