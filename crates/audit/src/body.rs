//! The body of a record: the exact bytes that are stored and hashed, once. Format version 1.
//!
//! - leaf = SHA-256(0x00 || body), the leaf hash of RFC 6962 section 2.1
//! - chain = SHA-256(previous chain || leaf)
//! - details commitment = SHA-256(salt || details)
//! - head message = what the checkpoint key signs: domain, instance, seq, time and chain

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use vouchsafe_model::{InstanceId, RecordId, UnixMillis};

/// The format of the bodies written today.
pub(crate) const VERSION: u32 = 1;

/// The first half of a body on its way to bytes: its place, known under the head. Both halves together are written as
/// [`Body`] is read.
#[derive(Serialize)]
pub(crate) struct NewPlace<'a> {
    pub(crate) v: u32,
    pub(crate) instance: &'a InstanceId,
    pub(crate) seq: i64,
    pub(crate) id: &'a RecordId,
    pub(crate) time: UnixMillis,
    pub(crate) event: &'static str,
    pub(crate) change_seq: i64,
}

/// The second half: what is known before.
#[derive(Serialize)]
pub(crate) struct NewContent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<(&'static str, &'a str)>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) versions: &'a [(&'static str, String, i64)],
    #[serde(serialize_with = "as_object")]
    pub(crate) facts: &'a [(&'static str, Value)],
}

impl NewContent<'_> {
    /// As an object of its own.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(CONTENT);
        serde_json::to_writer(&mut bytes, self).expect("a body has string keys only");
        bytes
    }
}

impl NewPlace<'_> {
    /// The whole body, the exact bytes that are hashed and stored: one object of both halves.
    pub(crate) fn with(&self, content: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(content.len() + PLACE);
        serde_json::to_writer(&mut bytes, self).expect("a body has string keys only");
        // Neither half is empty: one has a version, the other facts.
        bytes.pop();
        bytes.push(b',');
        bytes.extend_from_slice(&content[1..]);
        bytes
    }
}

/// Bytes of most first halves, at most.
const PLACE: usize = 256;
/// Bytes of most second halves, about.
const CONTENT: usize = 1_280;

fn as_object<S: Serializer>(facts: &[(&'static str, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(facts.iter().map(|(name, value)| (name, value)))
}

/// A body, as read back for checking.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Body {
    pub(crate) v: u32,
    pub(crate) instance: InstanceId,
    pub(crate) seq: i64,
    pub(crate) id: RecordId,
    pub(crate) time: UnixMillis,
    pub(crate) event: String,
    pub(crate) change_seq: i64,
    #[serde(default)]
    pub(crate) user: Option<String>,
    /// Commitment to the details, hexadecimal.
    #[serde(default)]
    pub(crate) details: Option<String>,
    #[serde(default)]
    pub(crate) changes: Vec<(String, String)>,
    #[serde(default)]
    pub(crate) versions: Vec<(String, String, i64)>,
    pub(crate) facts: Map<String, Value>,
}

pub(crate) fn leaf(body: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update([0])
        .chain_update(body)
        .finalize()
        .into()
}

pub(crate) fn chain(previous: &[u8; 32], leaf: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(previous)
        .chain_update(leaf)
        .finalize()
        .into()
}

pub(crate) fn details_commitment(salt: &[u8], details: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(salt)
        .chain_update(details)
        .finalize()
        .into()
}

pub(crate) fn head_message(instance: &InstanceId, seq: i64, time: UnixMillis, chain: &[u8; 32]) -> Vec<u8> {
    let instance = instance.as_str();
    let mut message = Vec::with_capacity(96);
    message.extend_from_slice(b"vouchsafe/head/1\0");
    message.extend_from_slice(&(instance.len() as u64).to_be_bytes());
    message.extend_from_slice(instance.as_bytes());
    message.extend_from_slice(&seq.to_be_bytes());
    message.extend_from_slice(&time.0.to_be_bytes());
    message.extend_from_slice(chain);
    message
}
