//! What is kept of a secret: ciphertext, or a digest to find it by.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// Ciphertext of a `T`. Only the vault makes and opens it.
///
/// Wire form: version, key id, nonce, ciphertext. The context it was sealed in (see [`SealContext`]) is not part of
/// it: whoever opens it must know where it belongs.
pub struct Sealed<T> {
    bytes: Vec<u8>,
    what: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    /// From stored bytes. Nothing is checked; opening checks everything.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            what: PhantomData,
        }
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes to store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<T> Clone for Sealed<T> {
    fn clone(&self) -> Self {
        Self::from_bytes(self.bytes.clone())
    }
}

impl<T> PartialEq for Sealed<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Sealed<T> {}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.bytes.len())
    }
}

impl<T> Serialize for Sealed<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bytes.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Sealed<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from_bytes)
    }
}

/// A keyed digest of an opaque token of ours, made by the vault: finds the row without storing the token, and cannot
/// be computed by someone who only has the database.
pub struct Digest<T> {
    bytes: [u8; 32],
    what: PhantomData<fn() -> T>,
}

impl<T> Digest<T> {
    /// From stored or computed bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self {
            bytes,
            what: PhantomData,
        }
    }

    /// The bytes to store or look up by.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

impl<T> Clone for Digest<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Digest<T> {}

impl<T> PartialEq for Digest<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&other.bytes).into()
    }
}

impl<T> Eq for Digest<T> {}

impl<T> fmt::Debug for Digest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl<T> Serialize for Digest<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bytes.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Digest<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <[u8; 32]>::deserialize(deserializer).map(Self::from_bytes)
    }
}

/// Digest of the hosts a secret may be sent to. Part of every seal: when a provider's hosts change, what was sealed
/// for the old ones no longer opens (AR-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HostsDigest([u8; 32]);

impl HostsDigest {
    /// The digest of a set of origins; order and repetition do not matter.
    pub fn of<'a>(origins: impl IntoIterator<Item = &'a str>) -> Self {
        let mut origins: Vec<&str> = origins.into_iter().collect();
        origins.sort_unstable();
        origins.dedup();
        let mut hash = Sha256::new().chain_update(b"vouchsafe/hosts/1");
        for origin in origins {
            hash.update((origin.len() as u64).to_be_bytes());
            hash.update(origin.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// For secrets that are never sent anywhere.
    pub fn none() -> Self {
        Self::of([])
    }

    /// From stored bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Where a ciphertext belongs. All of it is authenticated, so a ciphertext moved to another row, owner, provider, host
/// set or version does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealContext<'a> {
    /// Table of the row at the time of sealing.
    pub table: &'a str,
    /// Column within it.
    pub column: &'a str,
    /// Id of the row.
    pub row: &'a str,
    /// Owner; empty for secrets of the server itself.
    pub user: &'a str,
    /// Provider; empty when there is none.
    pub provider: &'a str,
    /// The hosts it may be sent to.
    pub hosts: HostsDigest,
    /// Version of the value; grows with each write.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ar_03__other_hosts_have_another_digest() {
        let one = HostsDigest::of(["https://a.example", "https://b.example"]);
        assert_eq!(
            one,
            HostsDigest::of(["https://b.example", "https://a.example", "https://a.example"])
        );
        assert_ne!(one, HostsDigest::of(["https://a.example"]));
        assert_ne!(one, HostsDigest::of(["https://a.exampleh", "ttps://b.example"]));
    }
}
