//! The signed head, kept outside the database: what makes a truncated or rolled-back record visible.

use serde::{Deserialize, Serialize};
use vouchsafe_model::{InstanceId, KeyId, UnixMillis};
use vouchsafe_store::records::RecordRow;
use vouchsafe_vault::{VerificationKey, verify_ed25519};

use crate::{body, hex};

/// A head that was signed: up to `seq`, the record is what `chain` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The database.
    pub instance: InstanceId,
    /// Seq of the last record.
    pub seq: i64,
    /// Its time.
    pub time: UnixMillis,
    /// Its chain hash, hexadecimal.
    pub chain: String,
    /// The key that signed.
    pub key_id: KeyId,
    /// Ed25519 signature, hexadecimal.
    pub signature: String,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckpoint {
    /// Not the JSON of a checkpoint.
    #[error("not a checkpoint")]
    Malformed,
    /// Signed with a key that is not among the pinned ones.
    #[error("signed with {0}, which is not among the pinned public keys")]
    UnknownKey(KeyId),
    /// The signature is wrong.
    #[error("the signature is wrong")]
    BadSignature,
}

impl Checkpoint {
    /// The checkpoint that a signed record is.
    pub fn of(instance: &InstanceId, row: &RecordRow) -> Option<Self> {
        Some(Self {
            instance: instance.clone(),
            seq: row.seq,
            time: row.time,
            chain: hex::encode(&row.chain),
            key_id: row.key_id.clone()?,
            signature: hex::encode(row.signature.as_deref()?),
        })
    }

    /// The text for a file or sink: one line of JSON.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("a checkpoint is plain");
        line.push('\n');
        line
    }

    /// Reads and verifies a checkpoint against pinned keys.
    pub fn read(text: &str, keys: &[VerificationKey]) -> Result<Self, InvalidCheckpoint> {
        let checkpoint: Self = serde_json::from_str(text.trim()).map_err(|_| InvalidCheckpoint::Malformed)?;
        let key = keys
            .iter()
            .find(|key| key.key_id == checkpoint.key_id)
            .ok_or_else(|| InvalidCheckpoint::UnknownKey(checkpoint.key_id.clone()))?;
        let chain = hex::decode_32(&checkpoint.chain).ok_or(InvalidCheckpoint::Malformed)?;
        let signature = hex::decode(&checkpoint.signature).ok_or(InvalidCheckpoint::Malformed)?;
        let message = body::head_message(&checkpoint.instance, checkpoint.seq, checkpoint.time, &chain);
        if verify_ed25519(&key.public, &message, &signature) {
            Ok(checkpoint)
        } else {
            Err(InvalidCheckpoint::BadSignature)
        }
    }
}
