//! Appends to the record inside a transaction.

use std::sync::{Arc, Mutex, PoisonError};

use vouchsafe_model::{Change, Clock, Ids, RecordId, UnixMillis};
use vouchsafe_store::records::RecordRow;
use vouchsafe_store::{Head, StoreError, Tx, changes, head, records};
use vouchsafe_vault::{Vault, verify_ed25519};

use crate::body::{self, NewContent, NewPlace};
use crate::event::{Event, EventKind};
use crate::hex;

/// What a caller can keep to prove that its event is on the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Place in the order.
    pub seq: i64,
    /// Id of the record.
    pub id: RecordId,
    /// Leaf hash of its body.
    pub leaf: [u8; 32],
    /// Its time.
    pub time: UnixMillis,
}

impl Receipt {
    /// The receipt as one line: record id and leaf hash.
    pub fn to_header(&self) -> String {
        format!("{}; leaf={}", self.id, hex::encode(&self.leaf))
    }
}

/// An event as it will stand in the record, all but its place: what can be done before the head is taken.
pub(crate) struct Draft {
    kind: EventKind,
    changes: Vec<Change>,
    /// The second half of the body.
    content: Vec<u8>,
    salt: Option<Vec<u8>>,
    details: Option<String>,
}

/// Writes entries. Cheap to clone; where the record stands is in the database.
#[derive(Clone)]
pub struct Ledger {
    vault: Vault,
    clock: Arc<dyn Clock>,
    ids: Ids,
    /// The last head known to be signed by us or another replica.
    known: Arc<Mutex<Option<Signed>>>,
}

/// What the signature of a head is of: seq, time and chain.
type Signed = (i64, UnixMillis, [u8; 32]);

impl Ledger {
    /// A ledger that signs with the vault's checkpoint key.
    pub fn new(vault: Vault, clock: Arc<dyn Clock>, ids: Ids) -> Self {
        Self {
            vault,
            clock,
            ids,
            known: Arc::default(),
        }
    }

    /// The vault whose keys sign and fingerprint.
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// The clock of the record.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The generator of ids.
    pub const fn ids(&self) -> &Ids {
        &self.ids
    }

    /// Appends one event. Call it last in a transaction: it takes the head, and whoever holds the head must not wait
    /// for row locks any more (every appender takes its row locks first, then the head; so none waits in a circle).
    pub fn append(&self, tx: &mut Tx<'_>, event: Event) -> Result<Receipt, StoreError> {
        let draft = self.draft(event);
        let head = head::take(tx)?;
        self.append_under(tx, head, draft)
    }

    /// Appends several events as one step, in their order; the last one carries the signature for all.
    pub fn append_all(
        &self,
        tx: &mut Tx<'_>,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Vec<Receipt>, StoreError> {
        let drafts: Vec<Draft> = events.into_iter().map(|event| self.draft(event)).collect();
        let head = head::take(tx)?;
        self.append_all_under(tx, head, drafts)
    }

    /// Writes down what does not depend on the place.
    pub(crate) fn draft(&self, mut event: Event) -> Draft {
        let (salt, details) = self.salted_details(&event);
        let commitment = salt
            .as_deref()
            .zip(details.as_deref())
            .map(|(salt, details)| hex::encode(&body::details_commitment(salt, details)));
        // By name, so that the order in which they were noted does not show.
        event.facts.sort_unstable_by_key(|(name, _)| *name);
        let changes = std::mem::take(&mut event.changes);
        let content = NewContent {
            user: event.user.as_deref(),
            details: commitment,
            changes: changes.iter().map(|c| (c.kind.as_str(), c.id.as_str())).collect(),
            versions: &event.versions,
            facts: &event.facts,
        };
        Draft {
            kind: event.kind,
            content: content.to_json(),
            changes,
            salt,
            details,
        }
    }

    /// Appends under a head that this transaction has already taken.
    pub(crate) fn append_under(
        &self,
        tx: &mut Tx<'_>,
        head: Head,
        draft: Draft,
    ) -> Result<Receipt, StoreError> {
        let mut receipts = self.append_all_under(tx, head, [draft])?;
        Ok(receipts.remove(0))
    }

    /// As [`Ledger::append_all`], under a head that this transaction has already taken.
    pub(crate) fn append_all_under(
        &self,
        tx: &mut Tx<'_>,
        mut head: Head,
        drafts: impl IntoIterator<Item = Draft>,
    ) -> Result<Vec<Receipt>, StoreError> {
        self.require_signed(&head)?;
        let mut rows = Vec::new();
        let mut feed = Vec::new();
        for mut draft in drafts {
            let changes = std::mem::take(&mut draft.changes);
            let row = self.entry(&mut head, draft, &changes);
            if !changes.is_empty() {
                feed.push((row.seq, changes));
            }
            rows.push(row);
        }
        if let Some(last) = rows.last_mut() {
            let message = body::head_message(self.vault.instance(), last.seq, last.time, &last.chain);
            let signed = self.vault.sign_head(&message);
            last.signature = Some(signed.signature.to_vec());
            last.key_id = Some(signed.key_id);
            // It is ours whether or not this is committed.
            self.now_known((last.seq, last.time, last.chain));
        }
        records::append_all(tx, &rows)?;
        for (seq, changes) in &feed {
            changes::append(tx, *seq, changes)?;
        }
        let receipt = |row: RecordRow| Receipt {
            seq: row.seq,
            id: row.id,
            leaf: row.leaf,
            time: row.time,
        };
        Ok(rows.into_iter().map(receipt).collect())
    }

    /// The signature that follows is for everything before it. What somebody appended by SQL must not come to stand below
    /// one: the chain needs no key, only the last entry shows who made it. One comparison, unless another replica appended.
    pub(crate) fn require_signed(&self, head: &Head) -> Result<(), StoreError> {
        let of = (head.seq, head.time, head.chain);
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if head.seq == 0 || known == Some(of) {
            return Ok(());
        }
        let message = body::head_message(self.vault.instance(), head.seq, head.time, &head.chain);
        let by = |signature: [u8; 64]| {
            let keys = self.vault.head_keys();
            keys.iter()
                .any(|key| verify_ed25519(&key.public, &message, &signature))
        };
        if head.signature.is_some_and(by) {
            self.now_known(of);
            return Ok(());
        }
        Err(StoreError::Corrupt {
            table: "records",
            row: Some(head.seq.to_string()),
            what: "signature",
        })
    }

    fn now_known(&self, head: Signed) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
    }

    /// The row that follows `head`, unsigned; the head moves along.
    fn entry(&self, head: &mut Head, draft: Draft, changes: &[Change]) -> RecordRow {
        let seq = head.seq + 1;
        let change_seq = if changes.is_empty() { head.change_seq } else { seq };
        let id: RecordId = self.ids.next();
        let time = self.clock.now().max(head.time);
        let place = NewPlace {
            v: body::VERSION,
            instance: self.vault.instance(),
            seq,
            id: &id,
            time,
            event: draft.kind.as_str(),
            change_seq,
        };
        let body = place.with(&draft.content);
        let leaf = body::leaf(&body);
        *head = Head {
            seq,
            chain: body::chain(&head.chain, &leaf),
            time,
            change_seq,
            signature: None,
        };
        RecordRow {
            seq,
            id,
            time,
            event: draft.kind.as_str().to_owned(),
            body,
            salt: draft.salt,
            details: draft.details,
            leaf,
            chain: head.chain,
            change_seq,
            signature: None,
            key_id: None,
        }
    }

    fn salted_details(&self, event: &Event) -> (Option<Vec<u8>>, Option<String>) {
        if event.details.is_empty() {
            return (None, None);
        }
        let details = serde_json::to_string(&event.details).expect("details are strings");
        (Some(self.ids.bytes::<16>().to_vec()), Some(details))
    }
}
