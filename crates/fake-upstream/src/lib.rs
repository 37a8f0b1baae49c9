//! A real HTTP OAuth provider with personalities, for the demo, the integration tests and conformance.
//!
//! [`FakeUpstream::start`] serves all personalities on one address, each under `/{personality}/…`: `oidc`, `static`,
//! `github`, `github-app`, `slack`, `entra`, `atlassian`, `subset`, `subset-shrink` and `grace`. Each has at least
//!
//! - `GET /{p}/authorize` and `POST /{p}/authorize/decision` (the consent page),
//! - `POST /{p}/token`,
//! - `GET /{p}/userinfo`,
//! - `/{p}/api/resource` (what the token can really do) and `/{p}/api/echo` (the request as it came),
//!
//! and what its model adds: RFC 7009 and 7662, OpenID Connect metadata, GitHub's and Slack's own calls. `GET /control`
//! lists all paths.
//!
//! # Controls
//!
//! A test in the same process calls the methods of [`State`] on the [`FakeUpstream`] itself. A test in another process
//! sends JSON; a refused control is a 4xx with `{"error"}`:
//!
//! | method | over HTTP |
//! |---|---|
//! | [`State::advance`] | `POST /control/advance {"seconds"}` |
//! | [`State::fault`] | `POST /control/fault {"personality", "endpoint", "fault", "count"}` |
//! | [`State::clear_faults`] | `POST /control/clear_faults {"personality"}` |
//! | [`State::journal`] | `GET /control/journal?personality=` |
//! | [`State::clear_journal`] | `DELETE /control/journal` |
//! | [`State::revoke_by_user`] | `POST /control/revoke_by_user {"personality", "account"}` |
//! | [`State::next_account`] | `POST /control/next_account {"personality", "account"}` |
//! | [`State::next_untick`] | `POST /control/next_untick {"personality", "scopes"}` |
//! | [`State::refresh_count`] | `GET /control/refresh_count?personality=` |
//! | [`State::max_concurrent_refreshes`] | `GET /control/max_concurrent_refreshes?personality=` |
//! | [`State::live_tokens`] | `GET /control/live_tokens?personality=` |
//! | [`State::token_can`] | `POST /control/token_can {"token"}` |
//! | [`State::is_live`] | `POST /control/is_live {"token"}` |
//! | [`State::set_access_ttl`] | `POST /control/access_ttl {"personality", "seconds"}` |
//! | [`State::consent_mode`] | `POST /control/consent_mode {"personality", "mode": "ask" or "auto"}` |
//! | [`State::set_delay`] | `POST /control/delay {"personality", "endpoint", "millis"}` |
//! | [`State::rotate_signing_key`] | `POST /control/rotate_signing_key` |
//! | [`State::issued_secrets`] | `GET /control/secrets` |
//!
//! An `endpoint` is `authorize`, `token`, `revoke`, `introspect`, `userinfo`, `api`, `discovery` or `jwks`. A `fault` is
//! the snake-case name of a [`Fault`], with its content if it has any: `"hang_up_after_processing"`,
//! `{"status": {"code": 429, "retry_after": "30"}}`.
//!
//! # The consent page
//!
//! A form with the hidden input `request`, the text input `account`, a checkbox `granted_scope` (and
//! `granted_user_scope` at Slack) per scope, and the buttons `decision=approve` and `decision=deny`. Posting only
//! `request` and `decision=approve` approves everything as `ada`.

mod account;
mod clock;
mod control;
mod dispatch;
mod endpoints;
mod errors;
mod fault;
mod journal;
mod ledger;
mod options;
mod personality;
mod provider;
mod reply;
mod request;
mod secrets;
mod signing_key;
mod state;
mod upstream;

pub use fault::{Endpoint, Fault};
pub use journal::JournalEntry;
pub use ledger::{LiveToken, Part};
pub use options::{ClientRegistration, ConsentMode, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Options};
pub use secrets::{IssuedSecret, SecretKind};
pub use state::State;
pub use upstream::FakeUpstream;

/// Name, model and paths of every personality, for people.
pub fn personalities() -> Vec<(&'static str, &'static str, Vec<String>)> {
    dispatch::described()
}

/// The controls with their bodies, for people.
pub fn controls() -> &'static [&'static str] {
    control::CONTROLS
}
