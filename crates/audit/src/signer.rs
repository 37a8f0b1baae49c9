//! Grows the tree along with the record and signs its checkpoints: only such as continue the last one that was signed.

use vouchsafe_model::InstanceId;
use vouchsafe_store::{Store, StoreError, Tx, checkpoint, records};
use vouchsafe_vault::{Vault, VerificationKey};

use crate::checkpoint::{Checkpoint, InvalidCheckpoint};
use crate::tree::tiles::{self, Stored};
use crate::tree::{self, Hash};

mod reading;

use reading::Reading;

/// Why no checkpoint was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The database failed.
    #[error("the record cannot be read")]
    Store(#[from] StoreError),
    /// The record does not continue one of which a checkpoint was signed.
    #[error(
        "the record does not continue the checkpoint of {size} records: it was rolled back, or records were changed or cut off"
    )]
    Contradicted {
        /// Its size.
        size: i64,
    },
    /// The record itself is broken.
    #[error(
        "record {seq} does not continue the chain, or is the last one without a valid signature: somebody changed the database"
    )]
    Broken {
        /// Where.
        seq: i64,
    },
    /// The checkpoint in the database is none.
    #[error("the checkpoint in the database cannot be used")]
    Invalid(#[from] InvalidCheckpoint),
}

impl SignError {
    /// Whether the database is not the one that was signed, so that nothing may be served from it. That it cannot be reached,
    /// or that another replica wrote at the same moment, says nothing of what it holds.
    pub const fn is_contradiction(&self) -> bool {
        match self {
            Self::Contradicted { .. } | Self::Broken { .. } | Self::Invalid(_) => true,
            Self::Store(error) => matches!(error, StoreError::Corrupt { .. }),
        }
    }
}

/// The signer of one process. Replicas each have one: they sign the same trees, as the record is one.
pub struct Signer {
    store: Store,
    vault: Vault,
    /// What is known of the record, once it has been read.
    read: Option<Reading>,
    /// The last checkpoints known to be of this record, size and root: the one outside and the one in the database may
    /// differ for as long as the file cannot be written.
    agreed: [(i64, Hash); 2],
}

impl Signer {
    /// A signer that has read nothing yet.
    pub fn new(store: Store, vault: Vault) -> Self {
        Self {
            store,
            vault,
            read: None,
            agreed: [(0, tree::empty_root()); 2],
        }
    }

    /// Takes in what is new in the record, and signs, if the record continues what is kept outside the database and inside.
    /// `None` while the record is empty.
    ///
    /// # Errors
    /// See [`SignError`]. Nothing was signed then; the next call tries again.
    pub async fn advance(&mut self, outside: Option<&Checkpoint>) -> Result<Option<Checkpoint>, SignError> {
        let keys = self.vault.head_keys();
        // First, so that every record that it speaks of is visible afterwards.
        let kept = self.store.read(move |tx| Checkpoint::inside(tx, &keys)).await??;
        for kept in outside.into_iter().chain(&kept) {
            self.require(kept).await?;
        }
        let sizes = outside.into_iter().chain(&kept).map(|kept| kept.size);
        let (size, root) = self.catch_up(sizes.max().unwrap_or(0)).await?;
        if kept.as_ref().is_some_and(|kept| kept.size == size) {
            return Ok(kept);
        }
        if size == 0 {
            return Ok(None);
        }
        let next = Checkpoint::sign(&self.vault, size, root);
        let note = next.note().to_owned();
        self.store
            .write(move |tx| checkpoint::advance(tx, size, &note))
            .await?;
        self.agree(&next);
        Ok(Some(next))
    }

    /// Refuses a checkpoint that is not of this record as far as it was read.
    async fn require(&mut self, kept: &Checkpoint) -> Result<(), SignError> {
        if self.agreed.contains(&(kept.size, kept.root)) {
            return Ok(());
        }
        let checked = kept.clone();
        let instance = self.vault.instance().clone();
        if self.store.read(move |tx| agrees(tx, &checked, &instance)).await? {
            self.agree(kept);
            Ok(())
        } else {
            Err(SignError::Contradicted { size: kept.size })
        }
    }

    /// In the place of the smaller one.
    fn agree(&mut self, with: &Checkpoint) {
        self.agreed.sort_unstable();
        self.agreed[0] = (with.size, with.root);
    }

    /// Reads the record from where it was left, in pages, to a last one that is signed; full rows of tiles are kept. Size
    /// and root of all. Only what is signed is remembered: it is what the database has to agree with from then on.
    async fn catch_up(&mut self, covered: i64) -> Result<(i64, Hash), SignError> {
        let mut read = match &self.read {
            Some(read) => read.clone(),
            None => self.store.read(move |tx| Reading::begin(tx, covered)).await?,
        };
        loop {
            let from = read.size();
            let page = self.store.read(move |tx| records::leaves(tx, from, PAGE)).await?;
            let full = is_full(&page);
            let rows = read.take(page)?;
            if !rows.is_empty() {
                let keep = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
                    rows.iter()
                        .try_for_each(|(place, row)| tiles::keep(tx, *place, row))
                };
                self.store.write(keep).await?;
            }
            if !full {
                break;
            }
        }
        let size = read.size();
        let last = self.store.read(move |tx| records::by_seq(tx, size)).await?;
        read.require_signed(last, self.vault.instance(), &self.vault.head_keys())?;
        let root = read.root();
        self.read = Some(read);
        Ok((size, root))
    }
}

/// Refuses a record that does not go on in one chain, to an entry that is signed, behind a checkpoint of `covered` records
/// that it agrees with. What a signer would refuse is not served in the first place.
pub fn require_chain(
    store: &Store,
    covered: i64,
    instance: &InstanceId,
    keys: &[VerificationKey],
) -> Result<(), SignError> {
    let mut read = store.read_blocking(|tx| Reading::begin(tx, covered))?;
    loop {
        let from = read.size();
        let page = store.read_blocking(|tx| records::leaves(tx, from, PAGE))?;
        let full = is_full(&page);
        read.take(page)?;
        if !full {
            break;
        }
    }
    let last = store.read_blocking(|tx| records::by_seq(tx, read.size()))?;
    read.require_signed(last, instance, keys)
}

fn is_full(page: &[records::Link]) -> bool {
    i64::try_from(page.len()) == Ok(PAGE)
}

/// Whether the record in the database began as a checkpoint says.
///
/// # Errors
/// The database cannot be read. A tree that cannot be read does not agree.
pub fn agrees(tx: &mut Tx<'_>, kept: &Checkpoint, instance: &InstanceId) -> Result<bool, StoreError> {
    let size = u64::try_from(kept.size).unwrap_or(0);
    if kept.instance != *instance {
        return Ok(false);
    }
    // The tiles may be there longer than the records that they are of.
    let last = records::leaves(tx, kept.size, 1)?.pop();
    if size > 0 && last.is_none_or(|last| last.seq != kept.size) {
        return Ok(false);
    }
    match tree::root(&mut Stored::new(tx, size), size) {
        Ok(root) => Ok(root == kept.root),
        Err(StoreError::Corrupt { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Links, 72 bytes each.
const PAGE: i64 = 4_096;
