//! Seals and opens secrets, MACs the rows that grant.
//!
//! Three layers of keys: a [`KeyProvider`] (a file, a KMS, a TPM) wraps the *instance keys*; an instance key seals
//! the other server keys and one *data key* per connection; a data key seals that connection's secrets. Every
//! ciphertext says which key made it and opens only in the [`SealContext`](vouchsafe_model::SealContext) it was made
//! for: same instance, table, column, row, owner, provider, hosts and version.
//!
//! The second half is about what is not secret but must be ours: MACs over rows that grant
//! ([`Vault::tag`], [`Vault::verify`]), digests to find our opaque tokens by, and the Ed25519 keys that sign access
//! tokens and heads of the record.
//!
//! Nothing here performs I/O, except what a key provider does behind its trait.

#![cfg_attr(test, expect(non_snake_case, reason = "tests carry requirement ids"))]

mod client_secret;
mod data_key;
mod digest;
mod envelope;
mod error;
mod file_key;
mod fingerprint;
mod framing;
mod mac;
pub mod password;
mod provider;
mod ring;
mod seal;
mod server_keys;
mod signing;
mod tag;
mod vault;

pub use data_key::OpenDataKey;
pub use error::VaultError;
pub use file_key::FileKeyProvider;
pub use fingerprint::Fingerprint;
pub use provider::{KeyProvider, KeyProviderError};
pub use signing::{HeadSignature, SigningKey, VerificationKey, verify_ed25519};
pub use tag::TagError;
pub use vault::Vault;
