//! Keeps rows in SQLite or PostgreSQL and owns every query.
//!
//! [`Store::read`] and [`Store::write`] run a closure in one transaction; the closure gets a [`Tx`] and calls the
//! queries below, which read `noun::verb(tx, ..)`: one module per table. The closure may run on another thread, so it
//! owns what it needs, and it never waits for anything but the database.
//!
//! A row that grants something comes out as [`vouchsafe_model::Tagged`] and is worth nothing until the vault has
//! verified it. This crate does not know the vault and cannot open what is sealed.
//!
//! Both engines get the same statements. They differ only in how a transaction begins (`transaction`), how the head
//! of the record is taken ([`head`]), how a session is set up (`location`), and in their migrations.

#![forbid(unsafe_code)]

mod blocking;
mod checkpointer;
mod column;
mod conn;
mod error;
mod language;
mod location;
mod migrations;
mod options;
mod page;
mod pool;
mod store;
mod transaction;
mod writer;

pub mod access_tokens;
pub mod admin_keys;
pub mod authorization_codes;
pub mod authorizations;
pub mod changes;
pub mod checkpoint;
pub mod clients;
pub mod connect_attempts;
pub mod connections;
pub mod data_keys;
pub mod delegations;
pub mod export_cursors;
pub mod head;
pub mod identities;
pub mod instance;
pub mod interactions;
pub mod issued_tokens;
pub mod jobs;
pub mod providers;
pub mod records;
pub mod replay_ids;
pub mod revoked_access;
pub mod seals;
pub mod server_keys;
pub mod sessions;
pub mod tiles;
pub mod upstream_grants;
mod upstream_revocation_secrets;
pub mod upstream_revocations;
pub mod user_credentials;
pub mod users;
pub mod witnessed;

#[cfg(any(test, feature = "testing"))]
pub mod raw_sql;
#[cfg(any(test, feature = "testing"))]
pub mod throwaway_postgres;

#[cfg(test)]
mod tests;

pub use column::{Each, EachByKey, WithTime};
pub use error::StoreError;
pub use head::Head;
pub use location::Location;
pub use migrations::SchemaState;
pub use options::{Executor, StoreOptions};
pub use page::Page;
pub use records::RecordRow;
pub use store::Store;
#[cfg(any(test, feature = "testing"))]
pub use throwaway_postgres::ThrowawayPostgres;
pub use transaction::Tx;
