//! Grows the tree along with the record and signs its checkpoints: only such as continue the last one that was signed.

use vouchsafe_model::InstanceId;
use vouchsafe_store::{Store, StoreError, Tx, checkpoint, records};
use vouchsafe_vault::{Vault, VerificationKey, verify_ed25519};

use crate::body;
use crate::checkpoint::{Checkpoint, InvalidCheckpoint};
use crate::tree::tiles::{self, Stored, WIDTH};
use crate::tree::{self, Frontier, Hash};

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

/// The signer of one process. Replicas each have one: they sign the same trees, as the record is one.
pub struct Signer {
    store: Store,
    vault: Vault,
    keys: Vec<VerificationKey>,
    /// What is known of the record, once it has been read.
    read: Option<Read>,
    /// The last checkpoint known to be of this record: size and root.
    agreed: (i64, Hash),
}

/// The record as far as it was read.
#[derive(Clone)]
struct Read {
    frontier: Frontier,
    /// Chain hash of the last one.
    chain: Hash,
    /// Leaves that do not fill a row of tiles yet.
    loose: Vec<Hash>,
}

impl Signer {
    /// A signer that has read nothing yet.
    pub fn new(store: Store, vault: Vault) -> Self {
        let keys = vault.head_keys();
        Self {
            store,
            vault,
            keys,
            read: None,
            agreed: (0, tree::empty_root()),
        }
    }

    /// Takes in what is new in the record, and signs, if the record continues what is kept outside the database and inside.
    /// `None` while the record is empty.
    ///
    /// # Errors
    /// See [`SignError`]. Nothing was signed then; the next call tries again.
    pub async fn advance(&mut self, outside: Option<&Checkpoint>) -> Result<Option<Checkpoint>, SignError> {
        // First, so that every record that it speaks of is visible afterwards.
        let kept = self.kept().await?;
        self.catch_up().await?;
        if let Some(outside) = outside {
            self.require(outside).await?;
        }
        let Some(read) = &self.read else { return Ok(None) };
        let (size, root) = (signed(read.frontier.size()), read.frontier.root());
        if let Some(kept) = kept {
            self.require(&kept).await?;
            if kept.size == size {
                return Ok(Some(kept));
            }
        }
        if size == 0 {
            return Ok(None);
        }
        self.require_signed_head(size).await?;
        let next = Checkpoint::sign(&self.vault, size, root);
        let note = next.note().to_owned();
        self.store
            .write(move |tx| checkpoint::advance(tx, size, &note))
            .await?;
        self.agreed = (size, root);
        Ok(Some(next))
    }

    /// Refuses a checkpoint that is not of this record as far as it was read.
    async fn require(&mut self, kept: &Checkpoint) -> Result<(), SignError> {
        if (kept.size, kept.root) == self.agreed {
            return Ok(());
        }
        let checked = kept.clone();
        let instance = self.vault.instance().clone();
        if self.store.read(move |tx| agrees(tx, &checked, &instance)).await? {
            self.agreed = (kept.size, kept.root);
            Ok(())
        } else {
            Err(SignError::Contradicted { size: kept.size })
        }
    }

    /// The checkpoint in the database, which another replica may have put there.
    async fn kept(&self) -> Result<Option<Checkpoint>, SignError> {
        let note = self.store.read(checkpoint::get).await?;
        let kept = note.map(|note| Checkpoint::read(&note, &self.keys)).transpose()?;
        Ok(kept)
    }

    /// Reads the record from where it was left, in pages; full rows of tiles are kept. What was read is not forgotten where
    /// this fails: it is what the database has to agree with.
    async fn catch_up(&mut self) -> Result<(), SignError> {
        let mut read = match &self.read {
            Some(read) => read.clone(),
            None => self.store.read(Read::begin).await?,
        };
        loop {
            let from = signed(read.frontier.size());
            // The last one that was read comes again: it must still be what it was.
            let page = self.store.read(move |tx| records::leaves(tx, from, PAGE)).await?;
            let full = i64::try_from(page.len()) == Ok(PAGE);
            let rows = read.take(page)?;
            if !rows.is_empty() {
                let keep = move |tx: &mut Tx<'_>| -> Result<(), StoreError> {
                    rows.iter()
                        .try_for_each(|(place, row)| tiles::keep(tx, *place, row))
                };
                self.store.write(keep).await?;
            }
            self.read = Some(read.clone());
            if !full {
                return Ok(());
            }
        }
    }

    /// The last record carries the signature of its batch: who only has the database cannot make one.
    async fn require_signed_head(&self, seq: i64) -> Result<(), SignError> {
        let row = self.store.read(move |tx| records::by_seq(tx, seq)).await?;
        let chain = self.read.as_ref().map(|read| read.chain);
        let good = row.filter(|row| Some(row.chain) == chain).is_some_and(|row| {
            let message = body::head_message(self.vault.instance(), row.seq, row.time, &row.chain);
            let key = self
                .keys
                .iter()
                .find(|key| Some(&key.key_id) == row.key_id.as_ref());
            key.zip(row.signature)
                .is_some_and(|(key, signature)| verify_ed25519(&key.public, &message, &signature))
        });
        if good {
            Ok(())
        } else {
            Err(SignError::Broken { seq })
        }
    }
}

impl Read {
    /// What full rows of tiles say, so that a start does not read the whole record.
    fn begin(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let size = tiles::kept(tx)?;
        let frontier = Frontier::of(&mut Stored::new(tx), size)?;
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

    /// Takes a page in; the rows of tiles that it filled.
    fn take(&mut self, page: Vec<records::Link>) -> Result<Vec<(u64, Vec<Hash>)>, SignError> {
        let mut page = page.into_iter();
        let known = signed(self.frontier.size());
        if known > 0
            && page
                .next()
                .is_none_or(|last| last.seq != known || last.chain != self.chain)
        {
            return Err(SignError::Contradicted { size: known });
        }
        let mut rows = Vec::new();
        for link in page {
            let expected = signed(self.frontier.size()) + 1;
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
    match tree::root(&mut Stored::new(tx), size) {
        Ok(root) => Ok(root == kept.root),
        Err(StoreError::Corrupt { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sizes fit both.
fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Links, 72 bytes each.
const PAGE: i64 = 4_096;
