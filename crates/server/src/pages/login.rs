//! The sign-in form.

use maud::{Markup, html};

use super::layout;
use super::text::quoted;

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
    /// Who is signed in already, and why they see this.
    pub(crate) already: Already,
    /// What was wrong the last time.
    pub(crate) problem: Option<&'a str>,
}

/// Whether someone is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Already {
    /// Nobody.
    Nobody,
    /// Somebody who came here by themselves, to be somebody else.
    Somebody,
    /// Somebody whom an application sent, and who may have to prove again who they are.
    SentByApplication,
    /// Somebody who signed in too long ago for what comes next.
    TooLongAgo,
}

pub(crate) fn document(login: &Login<'_>) -> Markup {
    let title = match login.already {
        Already::Nobody | Already::Somebody => "Sign in",
        Already::SentByApplication | Already::TooLongAgo => "Sign in again",
    };
    let around = layout::Around {
        base: Some(login.base),
        title_prefix: login.problem.map_or("", |_| "Error: "),
        ..layout::Around::default()
    };
    layout::document(
        title,
        &around,
        &html! { div.card.narrow { (why(login)) (form(login)) } },
    )
}

fn why(login: &Login<'_>) -> Markup {
    html! {
        @match login.already {
            Already::TooLongAgo => p {
                "You are signed in as " (quoted(login.username)) ". Sign in again to go on: what comes next needs a \
                 fresh sign-in. If you are somebody else, sign in with your own name."
            }
            Already::SentByApplication => p {
                "You are signed in as " (quoted(login.username)) ". Sign in again to go on, or with your own name if \
                 you are somebody else."
            }
            Already::Somebody => {
                p {
                    "You are signed in as " (quoted(login.username)) " already. If that is you, "
                    a #stay href={ (login.base) (login.return_to.unwrap_or("/connections")) } { "go on without signing in" }
                    ". If you are somebody else, sign in with your own name: " (quoted(login.username)) " is then signed \
                     out in this browser."
                }
            }
            Already::Nobody => @if let Some(words) = login.return_to.and_then(next) { p { (words) } }
        }
        @if let Some(problem) = login.problem {
            p.problem #problem role="alert" { (problem) }
        }
    }
}

/// What waits behind the form.
fn next(return_to: &str) -> Option<&'static str> {
    if return_to.starts_with("/oauth/authorize") {
        Some("An application sent you here. Once you are signed in, you see what it wants and decide.")
    } else if return_to.starts_with("/interaction/") {
        Some("An agent asks for something. Once you are signed in, you see what it wants and decide.")
    } else {
        None
    }
}

fn form(login: &Login<'_>) -> Markup {
    let (described, invalid) = match login.problem {
        Some(_) => (Some("problem"), Some("true")),
        None => (None, None),
    };
    let name_known = !login.username.is_empty();
    html! {
        form #sign-in method="post" action={ (login.base) "/login" } {
            input type="hidden" name="csrf" value=(login.csrf);
            @if let Some(return_to) = login.return_to {
                input type="hidden" name="return_to" value=(return_to);
            }
            label for="username" { "Name" }
            input #username type="text" name="username" value=(login.username) autocomplete="username"
                autocapitalize="none" spellcheck="false" maxlength="128" required autofocus[!name_known]
                aria-describedby=[described] aria-invalid=[invalid];
            label for="password" { "Password" }
            input #password type="password" name="password" autocomplete="current-password" required
                autofocus[name_known] aria-describedby=[described] aria-invalid=[invalid];
            button.main #sign-in-submit type="submit" { "Sign in" }
        }
    }
}
