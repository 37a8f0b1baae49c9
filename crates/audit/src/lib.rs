//! The record: every event durable before its effect is released, in one order that anyone can check.
//!
//! - [`Ledger::append`] adds an event inside a transaction that changes something, as its last step.
//! - [`Recorder::release`] is the only way from a token to [`Recorded`], and only a `Recorded` can write a response
//!   body: no token leaves unrecorded, by type.
//! - [`verify`] checks the whole without trusting the database, online or from an [`export`].

#![cfg_attr(test, expect(non_snake_case, reason = "tests carry requirement ids"))]

mod answer;
mod basis;
mod body;
mod checkpoint;
pub mod escape;
mod event;
pub mod export;
mod failures;
mod feed;
mod hex;
mod ledger;
mod note;
mod once;
mod origin;
mod print;
pub mod prove;
mod queue;
mod recorded;
mod recorder;
pub mod released;
pub mod search;
mod signer;
pub mod state;
pub mod time_text;
pub mod tree;
pub mod verify;
pub mod witness;

pub use basis::{Basis, ReplayId};
pub use checkpoint::{Checkpoint, InvalidCheckpoint, verifier_keys};
pub use event::{Details, Event, EventKind};
pub use failures::{Tally, UnauthenticatedFailures};
pub use feed::Feed;
pub use ledger::{Ledger, Receipt};
pub use origin::{Administrator, Origin, network};
pub use recorded::{Recorded, Releasable};
pub use recorder::{Recorder, ReleaseError};
pub use signer::{SignError, Signer, agrees, require_chain};
