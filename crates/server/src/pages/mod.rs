//! Pages. No script at all; everything works with plain forms, on a phone, and read aloud.
//!
//! Markup escapes by default. What an agent, a provider or a registration says is shown as quoted text, never as ours.

pub(crate) mod connect;
pub(crate) mod connect_problem;
pub(crate) mod connections;
pub(crate) mod consent;
pub(crate) mod error;
pub(crate) mod interaction;
pub(crate) mod layout;
pub(crate) mod login;
#[cfg(test)]
mod tests;
pub(crate) mod text;

/// What every page with forms needs.
pub(crate) struct Frame<'a> {
    /// Path of the issuer.
    pub(crate) base: &'a str,
    /// Who is signed in.
    pub(crate) username: &'a str,
    /// Token for every form.
    pub(crate) csrf: &'a str,
}
