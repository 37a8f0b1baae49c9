//! Checks the record without trusting the database it lies in.
//!
//! 1. seq has no gap; 2. leaf and chain are the hashes of what is there; 3. columns say what the body says;
//! 4. details match their commitment, or their person was erased later; 5. time and `change_seq` only grow; 6. heads are
//!    signed by a pinned key; 7. no release follows the revocation of what it rests on; 8. the checkpoints, outside and in
//!    the database, lie on this chain; 9. the change feed says what the bodies say; 10. so does the tree in the database.

use std::collections::BTreeSet;
use std::fmt;

use vouchsafe_model::{InstanceId, UnixMillis};
use vouchsafe_store::records::RecordRow;
use vouchsafe_store::{StoreError, Tx};
use vouchsafe_vault::{VerificationKey, verify_ed25519};

use crate::body::{self, Body};
use crate::checkpoint::{Checkpoint, InvalidCheckpoint};
use crate::export::Header;
use crate::hex;
use crate::state::Versions;
use crate::tree::Frontier;

mod checkpoints;
mod erasures;
mod leaves;
mod order;

use checkpoints::Checkpoints;
use erasures::Erasures;
use leaves::Leaves;
pub(crate) use leaves::Rows as TreeRows;
use order::Order;

/// Something that does not hold, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The record it was seen at; `None` = about the whole.
    pub seq: Option<i64>,
    /// What does not hold, in words for an operator.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "record {seq}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// The outcome.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many records were read.
    pub records: u64,
    /// Seq of the last one.
    pub last_seq: i64,
    /// Chain hash of the last one, hexadecimal.
    pub last_chain: String,
    /// Everything that does not hold.
    pub findings: Vec<Finding>,
    /// The last version of every row that the record speaks of, for the comparison with today's rows.
    pub versions: Versions,
}

impl Report {
    /// Whether everything holds.
    pub const fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Takes the records in their order, one at a time, so that a long record is never in memory: what is kept is the last
/// version of each row that it speaks of.
pub struct Verifier {
    instance: InstanceId,
    keys: Vec<VerificationKey>,
    checkpoints: Checkpoints,
    previous: Previous,
    last_signed: bool,
    /// The tree over the bodies so far.
    frontier: Frontier,
    leaves: Leaves,
    order: Order,
    erasures: Erasures,
    /// What the bodies since the last comparison say that they changed.
    changes: BTreeSet<(i64, String, String)>,
    /// Whether it is a part of the record that is checked: what explains something may be in another.
    part: bool,
    without_persons: bool,
    report: Report,
}

struct Previous {
    seq: i64,
    chain: [u8; 32],
    time: UnixMillis,
    change_seq: i64,
}

impl Verifier {
    /// Verifies the record of `instance` with pinned public keys (from config or a file, never from the database) and
    /// the checkpoints kept outside.
    pub fn new(instance: InstanceId, keys: Vec<VerificationKey>, checkpoints: Vec<Checkpoint>) -> Self {
        let mut verifier = Self {
            instance,
            keys,
            checkpoints: Checkpoints::default(),
            previous: Previous {
                seq: 0,
                chain: [0; 32],
                time: UnixMillis(i64::MIN),
                change_seq: 0,
            },
            last_signed: true,
            frontier: Frontier::default(),
            leaves: Leaves::default(),
            order: Order::default(),
            erasures: Erasures::default(),
            changes: BTreeSet::new(),
            part: false,
            without_persons: false,
            report: Report::default(),
        };
        for checkpoint in checkpoints {
            let problem = verifier.checkpoints.outside(checkpoint, &verifier.instance);
            verifier.find_all(None, problem);
        }
        verifier
    }

    /// Verifies an export: all of a record, or the part that its header speaks of. Where a part continues an entry, that
    /// entry is vouched for by the signed heads in it; the checkpoints, which are of trees, are not compared.
    pub fn of_export(header: Header, keys: Vec<VerificationKey>, checkpoints: Vec<Checkpoint>) -> Self {
        let mut verifier = Self::new(header.instance, keys, checkpoints);
        verifier.part = header.part;
        verifier.without_persons = header.without_persons;
        if let Some(behind) = header.behind {
            verifier.checkpoints = Checkpoints::default();
            match behind.head() {
                Some(head) => {
                    verifier.previous = Previous {
                        seq: head.seq,
                        chain: head.chain,
                        time: head.time,
                        change_seq: head.change_seq,
                    }
                }
                None => verifier.find(
                    None,
                    "the header does not say what this part continues".to_owned(),
                ),
            }
        }
        verifier
    }

    /// Checks the next record.
    pub fn next(&mut self, row: &RecordRow) {
        self.report.records += 1;
        self.check_place(row);
        self.check_hashes(row);
        if let Some(body) = self.read_body(row) {
            self.check_columns(row, &body);
            self.check_details(row, &body);
            self.check_growth(row, &body);
            for problem in self.order.next(&body) {
                self.find(Some(row.seq), problem);
            }
            self.report.versions.apply(body.seq, &body.versions);
            let changes = body.changes.into_iter();
            self.changes.extend(changes.map(|(kind, id)| (row.seq, kind, id)));
        }
        self.check_signature(row);
        let leaf = body::leaf(&row.body);
        self.frontier.push(leaf);
        self.leaves.push(leaf);
        self.check_checkpoint(row);
        self.previous = Previous {
            seq: row.seq,
            chain: row.chain,
            time: row.time.max(self.previous.time),
            change_seq: row.change_seq,
        };
    }

    /// Compares the change feed of the records checked since the last call with what their bodies say. Only a database
    /// has one: an export does without.
    pub fn changes(&mut self, feed: &[(i64, String, String)]) {
        let mut said = std::mem::take(&mut self.changes);
        for row in feed {
            if !said.remove(row) {
                let (seq, kind, id) = row;
                let what = format!("row {seq} {kind} {id} of changes is not what the body says");
                self.find(Some(*seq), what);
            }
        }
        for (seq, kind, id) in said {
            let what = format!("row {seq} {kind} {id} of changes is gone, but the body names it");
            self.find(Some(seq), what);
        }
    }

    /// Takes in the checkpoints in the database, before the records that they are of.
    pub(crate) fn checkpoint_in_database(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let kept: Result<_, InvalidCheckpoint> = Checkpoint::inside(tx, &self.keys)?;
        let problem = self.checkpoints.in_database(kept, &self.instance);
        self.find_all(None, problem);
        let witnessed = Checkpoint::witnessed(tx, &self.keys)?;
        let problem = self.checkpoints.in_database(Ok(witnessed), &self.instance);
        self.find_all(None, problem);
        Ok(())
    }

    /// Compares these rows of the tree in the database with the one over the records checked so far.
    pub(crate) fn tree(&mut self, tx: &mut Tx<'_>, rows: &TreeRows) -> Result<(), StoreError> {
        let problems = self.leaves.compare(tx, rows, self.checkpoints.covered())?;
        self.find_all(None, problems);
        Ok(())
    }

    /// Seq of the last record that was checked.
    pub(crate) const fn last_seq(&self) -> i64 {
        self.previous.seq
    }

    /// The last version of every row that the records checked so far speak of.
    pub(crate) const fn versions(&self) -> &Versions {
        &self.report.versions
    }

    /// Nothing follows: what is still missing?
    pub fn finish(mut self) -> Report {
        if !self.last_signed {
            self.find(
                Some(self.previous.seq),
                "the last record carries no signed head".to_owned(),
            );
        }
        let checkpoints = std::mem::take(&mut self.checkpoints);
        if !self.part {
            for (seq, what) in std::mem::take(&mut self.erasures).unexplained() {
                self.find(Some(seq), what);
            }
            self.find_all(None, checkpoints.missing(self.previous.seq));
        }
        self.report.last_seq = self.previous.seq;
        self.report.last_chain = hex::encode(&self.previous.chain);
        self.report
    }

    fn check_place(&mut self, row: &RecordRow) {
        let expected = self.previous.seq + 1;
        if row.seq != expected {
            let what = if row.seq > expected {
                format!("records {expected} to {} are missing before it", row.seq - 1)
            } else {
                format!("stands where record {expected} should be")
            };
            self.find(Some(row.seq), what);
        }
    }

    fn check_hashes(&mut self, row: &RecordRow) {
        if body::leaf(&row.body) != row.leaf {
            self.find(
                Some(row.seq),
                "the body was changed: its hash is not the stored leaf".to_owned(),
            );
        }
        // From the body, not from the stored leaf: a changed body breaks the chain even if its leaf was changed along.
        if body::chain(&self.previous.chain, &body::leaf(&row.body)) != row.chain {
            self.find(
                Some(row.seq),
                "does not continue the chain: it, or one before it, was changed, moved or removed".to_owned(),
            );
        }
    }

    fn read_body(&mut self, row: &RecordRow) -> Option<Body> {
        let body = serde_json::from_slice::<Body>(&row.body).ok();
        if body.is_none() {
            self.find(Some(row.seq), "the body cannot be read".to_owned());
        }
        body
    }

    fn check_columns(&mut self, row: &RecordRow, body: &Body) {
        let claims = [
            ("version", body.v == body::VERSION),
            ("instance", body.instance == self.instance),
            ("seq", body.seq == row.seq),
            ("id", body.id == row.id),
            ("time", body.time == row.time),
            ("event", body.event == row.event),
            ("change_seq", body.change_seq == row.change_seq),
        ];
        for (column, _) in claims.iter().filter(|(_, agrees)| !agrees) {
            self.find(
                Some(row.seq),
                format!("column {column} does not say what the body says"),
            );
        }
    }

    fn check_details(&mut self, row: &RecordRow, body: &Body) {
        self.erasures.next(body);
        if self.without_persons && row.salt.is_none() && row.details.is_none() {
            return;
        }
        let commitment = match (&row.salt, &row.details) {
            (Some(salt), Some(details)) => Some(hex::encode(&body::details_commitment(salt, details))),
            _ => None,
        };
        if commitment != body.details {
            match (&row.salt, &row.details, &body.user) {
                (None, None, Some(pseudonym)) => self.erasures.missing(pseudonym, row.seq),
                (None, None, None) => self.find(
                    Some(row.seq),
                    "the details beside the body were removed, and it is about nobody who could have been erased"
                        .to_owned(),
                ),
                _ => self.find(Some(row.seq), "the details beside the body were changed".to_owned()),
            }
        }
    }

    fn check_growth(&mut self, row: &RecordRow, body: &Body) {
        if row.time < self.previous.time {
            self.find(Some(row.seq), "is older than the record before it".to_owned());
        }
        let expected = if body.changes.is_empty() {
            self.previous.change_seq
        } else {
            body.seq
        };
        if body.change_seq != expected {
            self.find(
                Some(row.seq),
                format!("change_seq is {}, expected {expected}", body.change_seq),
            );
        }
    }

    fn check_signature(&mut self, row: &RecordRow) {
        let (Some(signature), Some(key_id)) = (&row.signature, &row.key_id) else {
            self.last_signed = false;
            return;
        };
        self.last_signed = true;
        let Some(key) = self.keys.iter().find(|key| key.key_id == *key_id) else {
            let what = format!("the head is signed with {key_id}, which is not among the pinned public keys");
            self.find(Some(row.seq), what);
            return;
        };
        let message = body::head_message(&self.instance, row.seq, row.time, &row.chain);
        if !verify_ed25519(&key.public, &message, signature) {
            self.find(Some(row.seq), "the signature of the head is wrong".to_owned());
        }
    }

    fn check_checkpoint(&mut self, row: &RecordRow) {
        let problems = self.checkpoints.compare(row.seq, &self.frontier);
        self.find_all(Some(row.seq), problems);
    }

    fn find_all(&mut self, seq: Option<i64>, problems: impl IntoIterator<Item = String>) {
        for what in problems {
            self.find(seq, what);
        }
    }

    fn find(&mut self, seq: Option<i64>, what: String) {
        self.report.findings.push(Finding { seq, what });
    }
}
