//! The whole of Vouchsafe in one process: reads configuration, builds everything, serves; and shows itself in a demo.
//!
//! - [`wiring`] puts the crates together: [`Settings`] in, [`Instance`] out.
//! - [`config`] reads `vouchsafe.toml` and makes the instance be what it says.
//! - [`service`] is a running server: lock, keys, instance, configuration, HTTP, background work, and the way down.
//! - [`cli`] is the command line on top; [`demo`] does the main job over HTTP, as a stranger's client would.

pub mod adopt;
pub mod checkpoint_file;
mod checkpoints;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod export;
pub mod files;
pub mod foreign_files;
pub mod hardening;
pub mod key_file;
pub mod local_socket;
pub mod logging;
pub mod process_lock;
pub mod public_keys;
mod sealed;
pub mod service;
pub mod tls;
pub mod wiring;
pub mod witnesses;

pub use clock::SystemClock;
pub use wiring::{Background, Instance, Settings, StartError};
