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

    /// What those rows say that the records do not, and those that are not there. The server writes them behind, but before
    /// it signs a checkpoint: so those of the first `covered` records have to be there.
    pub(super) fn compare(
        &self,
        tx: &mut Tx<'_>,
        rows: &Rows,
        covered: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut findings = Vec::new();
        let mut find = |level: i32, place: i64, what: &str| {
            findings.push(format!("row {level}/{place} of tiles {what}"));
        };
        let mut nodes = self.roots.clone();
        let mut needed = (covered / WIDTH).min(nodes.len());
        for (level, last) in (0_i32..).zip(rows.0) {
            // Leaves are not kept in memory: of their rows, the roots are compared.
            let most = if level == 0 {
                nodes.len()
            } else {
                nodes.len().div_ceil(WIDTH)
            };
            let least = if level == 0 {
                needed
            } else {
                needed.div_ceil(WIDTH)
            };
            let there = usize::try_from(last.map_or(0, |last| last.saturating_add(1))).unwrap_or(0);
            for (place, at) in (0_i64..).zip(0..most.min(there.max(least))) {
                let row = readable(tiles::get(tx, level, place))?;
                let agrees = |row: Vec<Hash>| {
                    if level == 0 {
                        return row.len() == WIDTH && nodes.get(at) == Some(&perfect(&row));
                    }
                    let from = at * WIDTH;
                    let width = needed.saturating_sub(from).min(WIDTH);
                    (width..=WIDTH).contains(&row.len()) && nodes[from..].starts_with(&row)
                };
                if !row.is_some_and(agrees) {
                    find(level, place, "is not what the records say, or is gone");
                }
            }
            if there > most {
                find(level, last.unwrap_or(0), "is of no record");
            }
            if level > 0 {
                nodes = nodes.chunks_exact(WIDTH).map(perfect).collect();
                needed /= WIDTH;
            }
        }
        Ok(findings)
    }
}

/// The last row of each level.
pub(crate) struct Rows([Option<i64>; LEVELS]);

impl Rows {
    /// Asked before the records that they are of are read: so none of them is newer than those.
    pub(crate) fn last(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let mut rows = [None; LEVELS];
        for (level, last) in (0..).zip(&mut rows) {
            *last = tiles::last(tx, level)?;
        }
        Ok(Self(rows))
    }
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
