//! Pages. No script at all; everything works with plain forms, on a phone, and read aloud.
//!
//! Markup escapes by default. What an agent, a provider or a registration says is shown as quoted text, never as ours.
//! Ids of forms and buttons are stable: programs and tests use the pages by them.

pub(crate) mod agent;
pub(crate) mod connect;
pub(crate) mod connect_problem;
pub(crate) mod connections;
pub(crate) mod consent;
pub(crate) mod interaction;
pub(crate) mod layout;
pub(crate) mod login;
pub(crate) mod mark;
pub(crate) mod message;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use actix_web::HttpRequest;
use maud::{Markup, html};
use vouchsafe_model::UnixMillis;
use vouchsafe_sign_in::SignedIn;

use crate::site::Site;
use crate::visitor;

/// What every page of somebody who is signed in needs.
pub(crate) struct Frame<'a> {
    /// Path of the issuer.
    pub(crate) base: &'a str,
    /// The issuer.
    pub(crate) issuer: &'a str,
    /// Who is signed in.
    pub(crate) username: &'a str,
    /// Token for every form.
    pub(crate) csrf: String,
    /// The time.
    pub(crate) now: UnixMillis,
    /// Where to sign in as somebody else and come back here.
    pub(crate) switch: String,
}

impl<'a> Frame<'a> {
    /// Around a page for this person.
    pub(crate) fn of(site: &'a Site, request: &HttpRequest, signed_in: &'a SignedIn) -> Self {
        Self {
            base: &site.base,
            issuer: &site.app.options.issuer,
            username: &signed_in.user.username,
            csrf: site.app.vault.csrf_token(signed_in.session.id.as_str()),
            now: site.app.clock.now(),
            switch: visitor::sign_in_path(site, request),
        }
    }

    /// The hidden field of every form.
    fn token(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.csrf); }
    }

    /// Around a page that asks something: who is asked, and what to do if it is somebody else.
    fn around(&self) -> layout::Around<'_> {
        self.around_with(&html! { a #switch href=(self.switch) { "Not you?" } })
    }

    /// The same with another way to change who is signed in.
    fn around_with(&self, way: &Markup) -> layout::Around<'_> {
        let corner = html! {
            div.who { span { "Signed in as " (text::quoted(self.username)) } (way) }
        };
        layout::Around {
            base: Some(self.base),
            corner: Some(corner),
            ..layout::Around::default()
        }
    }
}
