//! The record as JSON Lines: a header, then one line per record with the exact body.
//!
//! An export carries everything that verification needs except trust: the public key comes from elsewhere. One of a part of
//! the record says what that part continues.
//!
//! What goes out entry by entry, to systems that do not verify, is [`Outgoing`], in a [`Format`]; [`syslog`] and [`webhook`]
//! say how it travels.

mod classes;
mod format;
mod ocsf;
pub mod syslog;
pub mod webhook;

use serde::{Deserialize, Serialize};
use vouchsafe_model::{InstanceId, KeyId, RecordId, UnixMillis};
use vouchsafe_store::Head;
use vouchsafe_store::records::RecordRow;

use crate::hex;

pub use format::{Format, Outgoing, Persons};

/// First line of an export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// Format version.
    pub vouchsafe_export: u32,
    /// The database it came from.
    pub instance: InstanceId,
    /// Whether it is a part of the record: others may follow it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub part: bool,
    /// What a part continues; `None` = it begins with the first entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Behind>,
    /// Whether what names persons was left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub without_persons: bool,
}

/// The entry that a part of the record continues.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Behind {
    seq: i64,
    time: UnixMillis,
    change_seq: i64,
    chain: String,
}

impl Behind {
    /// Behind this entry.
    pub fn of(row: &RecordRow) -> Self {
        Self {
            seq: row.seq,
            time: row.time,
            change_seq: row.change_seq,
            chain: hex::encode(&row.chain),
        }
    }

    /// Where the record stood then.
    pub(crate) fn head(&self) -> Option<Head> {
        Some(Head {
            seq: self.seq,
            chain: hex::decode_32(&self.chain)?,
            time: self.time,
            change_seq: self.change_seq,
            // The signed heads that follow vouch for it.
            signature: None,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Header {
    /// The header for today's format.
    pub const fn new(instance: InstanceId) -> Self {
        Self {
            vouchsafe_export: 1,
            instance,
            part: false,
            behind: None,
            without_persons: false,
        }
    }

    /// The header of a part of the record.
    pub fn of_part(instance: InstanceId, behind: Option<Behind>, without_persons: bool) -> Self {
        Self {
            part: true,
            behind,
            without_persons,
            ..Self::new(instance)
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
            salt: row.salt.as_deref().map(hex::encode),
            details: row.details.clone(),
            ..Self::without_persons(row)
        }
    }

    /// The line of a row, without what names persons.
    pub fn without_persons(row: &RecordRow) -> Self {
        Self {
            seq: row.seq,
            id: row.id.clone(),
            time: row.time,
            event: row.event.clone(),
            change_seq: row.change_seq,
            body: String::from_utf8_lossy(&row.body).into_owned(),
            salt: None,
            details: None,
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
