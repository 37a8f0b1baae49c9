//! Checkpoints, compared with the tree over the records.

use vouchsafe_model::InstanceId;

use crate::checkpoint::{Checkpoint, InvalidCheckpoint};
use crate::tree::Frontier;

/// Where a checkpoint was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    InDatabase,
}

/// Those that no record was compared with yet. Two of one size may say different things.
#[derive(Default)]
pub(super) struct Checkpoints {
    open: Vec<(Place, Checkpoint)>,
    /// Size of the largest.
    covered: i64,
}

impl Checkpoints {
    /// One that was kept outside the database.
    pub(super) fn outside(&mut self, kept: Checkpoint, of: &InstanceId) -> Option<String> {
        self.add(Place::Outside, kept, of)
    }

    /// The one in the database.
    pub(super) fn in_database(
        &mut self,
        kept: Result<Option<Checkpoint>, InvalidCheckpoint>,
        of: &InstanceId,
    ) -> Option<String> {
        match kept {
            Ok(kept) => kept.and_then(|kept| self.add(Place::InDatabase, kept, of)),
            Err(error) => Some(format!("the checkpoint in the database cannot be used: {error}")),
        }
    }

    /// What the checkpoints of the size of this tree say of its last record.
    pub(super) fn compare(&mut self, seq: i64, tree: &Frontier) -> Vec<String> {
        let of_size = self.open.extract_if(.., |(_, kept)| kept.size == seq);
        let differ = of_size.filter(|(_, kept)| kept.root != tree.root());
        let said = differ.map(|(place, _)| {
            format!(
                "is not what the checkpoint {} says: the record was rewritten",
                place.words()
            )
        });
        said.collect()
    }

    /// The record ended here.
    pub(super) fn missing(mut self, end: i64) -> Vec<String> {
        self.open.sort_unstable_by_key(|(_, kept)| kept.size);
        let said = self.open.into_iter().map(|(place, kept)| {
            format!(
                "the record ends at {end}, but the checkpoint {} names record {}: the end was cut off or the database was rolled back",
                place.words(),
                kept.size
            )
        });
        said.collect()
    }

    /// So many records were signed: what is made of them has to be there.
    pub(super) fn covered(&self) -> usize {
        usize::try_from(self.covered).unwrap_or(0)
    }

    fn add(&mut self, place: Place, kept: Checkpoint, of: &InstanceId) -> Option<String> {
        if kept.instance != *of {
            return Some(format!(
                "the checkpoint {} belongs to another instance",
                place.words()
            ));
        }
        self.covered = self.covered.max(kept.size);
        self.open.push((place, kept));
        None
    }
}

impl Place {
    const fn words(self) -> &'static str {
        match self {
            Self::Outside => "kept outside",
            Self::InDatabase => "in the database",
        }
    }
}
