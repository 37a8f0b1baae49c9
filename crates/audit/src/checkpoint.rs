//! Checkpoints (C2SP `tlog-checkpoint`): the size and root of the tree over the record, signed. Kept outside the database,
//! they make a truncated, rolled-back or rewritten record visible.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vouchsafe_model::InstanceId;
use vouchsafe_store::{StoreError, Tx, checkpoint, witnessed};
use vouchsafe_vault::{Vault, VerificationKey};

use crate::note::{self, Note, Trust};
use crate::tree::Hash;

/// A checkpoint whose signature is good: the record of this instance began with these `size` entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The database.
    pub instance: InstanceId,
    /// Number of records, which is also the seq of the last one.
    pub size: i64,
    /// Root of the tree over them.
    pub root: Hash,
    /// The whole note, with the signatures of others that may have been added.
    note: String,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckpoint {
    /// Not a note, or not that of a checkpoint of ours.
    #[error("not a checkpoint")]
    Malformed,
    /// Signed with a key that is not among the pinned ones.
    #[error("signed with none of the pinned public keys")]
    UnknownKey,
    /// A signature is wrong.
    #[error("the signature is wrong")]
    BadSignature,
    /// It is of another number of records than the row that it stands in.
    #[error("it is of another size than its row says")]
    OtherSize,
}

impl Checkpoint {
    /// Signs. The caller has seen to it that this tree continues every one that was signed before.
    pub(crate) fn sign(vault: &Vault, size: i64, root: Hash) -> Self {
        let instance = vault.instance().clone();
        let origin = origin(&instance);
        let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root));
        let signed = vault.sign_head(text.as_bytes());
        let keys = vault.head_keys();
        let active = keys.iter().find(|key| key.key_id == signed.key_id);
        let public = active
            .expect("the key that signs is among those that verify")
            .public;
        let note = note::signed(&text, &origin, &public, &signed.signature);
        Self {
            instance,
            size,
            root,
            note,
        }
    }

    /// Reads and verifies a checkpoint against pinned keys. Signatures of others are left alone.
    pub fn read(note: &str, keys: &[VerificationKey]) -> Result<Self, InvalidCheckpoint> {
        let parsed = Note::parse(note).ok_or(InvalidCheckpoint::Malformed)?;
        let (instance, size, root) = fields(parsed.text).ok_or(InvalidCheckpoint::Malformed)?;
        match parsed.trust(&origin(&instance), keys) {
            Trust::Signed => Ok(Self {
                instance,
                size,
                root,
                note: note.to_owned(),
            }),
            Trust::Unknown => Err(InvalidCheckpoint::UnknownKey),
            Trust::Wrong => Err(InvalidCheckpoint::BadSignature),
        }
    }

    /// The last one in the database, which another replica may have put there. Whoever writes to the database could put
    /// something else there.
    pub fn inside(
        tx: &mut Tx<'_>,
        keys: &[VerificationKey],
    ) -> Result<Result<Option<Self>, InvalidCheckpoint>, StoreError> {
        let Some(row) = checkpoint::get(tx)? else {
            return Ok(Ok(None));
        };
        let read = Self::read(&row.note, keys);
        Ok(match read {
            Ok(kept) if kept.size != row.size => Err(InvalidCheckpoint::OtherSize),
            read => read.map(Some),
        })
    }

    /// With further lines below it, which have been verified.
    #[must_use]
    pub fn with_lines(&self, lines: &[String]) -> Self {
        let mut with = self.clone();
        for line in lines {
            with.note.push_str(line);
            with.note.push('\n');
        }
        with
    }

    /// The last one in the database that witnesses cosigned, if it is one of ours.
    pub fn witnessed(tx: &mut Tx<'_>, keys: &[VerificationKey]) -> Result<Option<Self>, StoreError> {
        let note = witnessed::get(tx)?;
        Ok(note.and_then(|note| Self::read(&note, keys).ok()))
    }

    /// The root, as it stands in the note.
    pub fn root_base64(&self) -> String {
        STANDARD.encode(self.root)
    }

    /// The note: what a file, a sink or a witness gets.
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// The keys of an instance, as programs that verify notes are told them.
pub fn verifier_keys(instance: &InstanceId, keys: &[VerificationKey]) -> Vec<String> {
    let name = origin(instance);
    let told = keys.iter().map(|key| note::verifier_key(&name, &key.public));
    told.collect()
}

/// The first line: which log this is. Also the name of its keys.
fn origin(instance: &InstanceId) -> String {
    format!("{ORIGIN}{instance}")
}

/// Origin, size and root: a checkpoint of ours has no other lines.
fn fields(text: &str) -> Option<(InstanceId, i64, Hash)> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let decimal = size == "0" || !size.starts_with('0');
    if lines.next().is_some() || !decimal || !size.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let instance = origin.strip_prefix(ORIGIN)?.parse().ok()?;
    Some((
        instance,
        size.parse().ok()?,
        STANDARD.decode(root).ok()?.try_into().ok()?,
    ))
}

const ORIGIN: &str = "vouchsafe/";
