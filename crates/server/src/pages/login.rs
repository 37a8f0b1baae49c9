//! The sign-in form.

use maud::{Markup, html};

use super::layout;

/// What the form shows.
pub(crate) struct Login<'a> {
    /// Path of the issuer.
    pub(crate) base: &'a str,
    /// Token bound to the pre-login cookie.
    pub(crate) csrf: &'a str,
    /// Where to go afterwards.
    pub(crate) return_to: Option<&'a str>,
    /// Filled in already: the name of whoever is signed in, or what was typed before.
    pub(crate) username: &'a str,
    /// Whether someone is signed in and has to prove it again.
    pub(crate) again: bool,
    /// What was wrong the last time.
    pub(crate) problem: Option<&'static str>,
}

pub(crate) fn document(login: &Login<'_>) -> Markup {
    let title = if login.again { "Sign in again" } else { "Sign in" };
    layout::document(
        title,
        &html! {
            div.card {
                @if login.again {
                    p { "What you are about to do needs a fresh sign-in." }
                }
                @if let Some(problem) = login.problem {
                    p.problem #problem role="alert" { (problem) }
                }
                form #sign-in method="post" action={ (login.base) "/login" } {
                    input type="hidden" name="csrf" value=(login.csrf);
                    @if let Some(return_to) = login.return_to {
                        input type="hidden" name="return_to" value=(return_to);
                    }
                    label for="username" { "Name" }
                    input #username type="text" name="username" value=(login.username) autocomplete="username"
                        autocapitalize="none" spellcheck="false" maxlength="128" required;
                    label for="password" { "Password" }
                    input #password type="password" name="password" autocomplete="current-password" required;
                    button.main #sign-in-submit type="submit" { "Sign in" }
                }
            }
        },
    )
}
