//! The requirements as black-box tests over HTTP.
//!
//! [`run`] asks any running server, and knows nothing of ours: it starts from the metadata document, and a [`Fixture`]
//! names the clients, the user and the target that the server was given beforehand. What needs something that the
//! fixture does not name is *not checked*, which is neither a pass nor a failure.
//!
//! [`table`] is the other half: which requirement is claimed by which test of this repository.

mod access_token;
mod authorization;
mod browser;
mod checks;
mod connection;
mod exchange;
mod fixture;
mod html;
mod http;
mod later;
mod report;
mod requirements;
mod sections;
pub mod table;
mod target;
mod token_endpoint;
mod verdict;

pub use checks::run;
pub use fixture::{Api, AuthMethod, Client, Exchange, Fixture, User};
pub use report::Report;
pub use requirements::{Requirement, Requirements};
pub use verdict::{Line, Verdict};
