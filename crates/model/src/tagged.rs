//! Rows that grant something carry a MAC: write access to the database is not authority.

use serde::Serialize;

use crate::id::KeyId;

/// A row that grants. Its canonical form is what the MAC covers.
pub trait Authority: Serialize {
    /// Names the kind of row inside the MAC, so that a tag of one kind is worthless on another.
    const KIND: &'static str;

    /// The bytes under the MAC: the kind, a zero byte, and the JSON of all fields in declared order. A field added
    /// later must be skipped when it has its old meaning, or every stored row loses its tag.
    fn canonical(&self) -> Vec<u8> {
        let mut bytes = Self::KIND.as_bytes().to_vec();
        bytes.push(0);
        // Authority rows are plain structs with string keys; serde_json cannot fail on them.
        serde_json::to_writer(&mut bytes, self).expect("a plain struct serialises");
        bytes
    }
}

/// A MAC and the key that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The row-MAC key.
    pub key_id: KeyId,
    /// HMAC-SHA-256 over instance and canonical form.
    pub mac: [u8; 32],
}

/// A row as the database holds it: worth nothing until the vault has verified its tag.
#[derive(Debug, Clone)]
pub struct Tagged<T> {
    unverified: T,
    tag: Tag,
}

impl<T> Tagged<T> {
    /// Made by the store from a row, and by the vault from a value it has tagged.
    pub const fn new(unverified: T, tag: Tag) -> Self {
        Self { unverified, tag }
    }

    /// The row as claimed by the database. For storing and for error texts, never for a decision.
    pub const fn unverified(&self) -> &T {
        &self.unverified
    }

    /// The tag.
    pub const fn tag(&self) -> &Tag {
        &self.tag
    }

    /// Both parts.
    pub fn into_parts(self) -> (T, Tag) {
        (self.unverified, self.tag)
    }
}
