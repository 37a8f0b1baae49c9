//! The record as JSON Lines: a header, then one line per record with the exact body.
//!
//! An export carries everything that verification needs except trust: the public key comes from elsewhere.

use serde::{Deserialize, Serialize};
use vouchsafe_model::{InstanceId, KeyId, RecordId, UnixMillis};
use vouchsafe_store::records::RecordRow;

use crate::hex;

/// First line of an export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// Format version.
    pub vouchsafe_export: u32,
    /// The database it came from.
    pub instance: InstanceId,
}

impl Header {
    /// The header for today's format.
    pub const fn new(instance: InstanceId) -> Self {
        Self {
            vouchsafe_export: 1,
            instance,
        }
    }
}

/// One record, as exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    seq: i64,
    id: RecordId,
    time: UnixMillis,
    event: String,
    change_seq: i64,
    body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    details: Option<String>,
    leaf: String,
    chain: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_id: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

/// A line of an export cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the line is no exported record: {0}")]
pub struct InvalidLine(&'static str);

impl Line {
    /// The line of a row.
    pub fn of(row: &RecordRow) -> Self {
        Self {
            seq: row.seq,
            id: row.id.clone(),
            time: row.time,
            event: row.event.clone(),
            change_seq: row.change_seq,
            body: String::from_utf8_lossy(&row.body).into_owned(),
            salt: row.salt.as_deref().map(hex::encode),
            details: row.details.clone(),
            leaf: hex::encode(&row.leaf),
            chain: hex::encode(&row.chain),
            key_id: row.key_id.clone(),
            signature: row.signature.as_deref().map(hex::encode),
        }
    }

    /// Back to the row.
    pub fn into_row(self) -> Result<RecordRow, InvalidLine> {
        let unhex = |text: Option<String>, what| {
            text.map(|text| hex::decode(&text).ok_or(InvalidLine(what)))
                .transpose()
        };
        Ok(RecordRow {
            seq: self.seq,
            id: self.id,
            time: self.time,
            event: self.event,
            body: self.body.into_bytes(),
            salt: unhex(self.salt, "salt is not hexadecimal")?,
            details: self.details,
            leaf: hex::decode_32(&self.leaf).ok_or(InvalidLine("leaf is not a hash"))?,
            chain: hex::decode_32(&self.chain).ok_or(InvalidLine("chain is not a hash"))?,
            change_seq: self.change_seq,
            signature: unhex(self.signature, "signature is not hexadecimal")?,
            key_id: self.key_id,
        })
    }
}
