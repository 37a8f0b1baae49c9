//! Faces people: users, their passwords and browser sessions; and operators, by their admin keys.
//!
//! - [`SignIn::apply_user`] makes the users of the configuration real; unchanged means no write and no event.
//! - [`SignIn::with_password`] turns a password into a session. Whoever signs in gets a new session id and the old
//!   session of that browser ends, so that a planted cookie is worth nothing (ATK-30).
//! - [`SignIn::session`] finds the person behind a cookie; [`SignIn::is_recent`] says whether they proved who they are
//!   lately, which sensitive actions want (AR-01).
//! - [`SignIn::admin`] finds the admin key behind a bearer.
//!
//! Knows neither HTTP nor SQL. Work that must not stop half-way runs on the main runtime, whatever becomes of the
//! request that asked for it.

#![cfg_attr(test, expect(non_snake_case, reason = "tests carry requirement ids"))]

mod admin_keys;
mod admin_users;
mod definition;
mod error;
mod password_sign_in;
mod passwords;
mod sessions;
mod sign_in;
mod tampered;
#[cfg(test)]
mod tests;
mod throttle;
mod username;
mod users;

pub use admin_keys::{ADMIN_KEY_KIND, AdminKeyRequest};
pub use admin_users::NewPassword;
pub use definition::{Applied, UserDefinition};
pub use error::SignInError;
pub use sessions::SignedIn;
pub use sign_in::{Parts, SessionOptions, SignIn};
pub use throttle::Throttle;
pub use username::InvalidUsername;
