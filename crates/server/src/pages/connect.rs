//! Before leaving for a provider, and after coming back.

use maud::{Markup, html};
use vouchsafe_identity_provider::{Connected, InterstitialView};

use super::text::{quoted, scopes};
use super::{Frame, layout};

/// What the form brings back.
pub(crate) struct Asked<'a> {
    pub(crate) provider_id: &'a str,
    pub(crate) scope: Option<&'a str>,
    pub(crate) reconnect: Option<&'a str>,
}

/// Who leaves, for where, with which permissions, and whom it affects (CL-06).
pub(crate) fn interstitial(view: &InterstitialView, asked: &Asked<'_>, frame: &Frame<'_>) -> Markup {
    layout::document(
        "Connect an account",
        &html! {
            div.card {
                p { "You are about to connect an account at " (quoted(&view.provider_name)) " to Vouchsafe." }
                @if let Some(label) = &view.account_label {
                    p { "Connect the same account again: " (quoted(label)) }
                }
                h2 { "Vouchsafe will ask there for" }
                (scopes(&view.scopes))
                @if !view.widens.is_empty() {
                    div.warning #widens {
                        p { "These agents will be able to do more than now:" }
                        ul { @for client in &view.widens { li { (quoted(&client.client_name)) " (" code { (client.client_id) } ")" } } }
                    }
                }
                dl { dt { "You are" } dd { (quoted(frame.username)) } }
                form #connect method="post" action={ (frame.base) "/connect/" (asked.provider_id) } {
                    input type="hidden" name="csrf" value=(frame.csrf);
                    @if let Some(scope) = asked.scope { input type="hidden" name="scope" value=(scope); }
                    @if let Some(id) = asked.reconnect { input type="hidden" name="reconnect" value=(id); }
                    div.row {
                        button.main #leave type="submit" { "Continue to " (view.provider_name) }
                        a.button #cancel href={ (frame.base) "/connections" } { "Cancel" }
                    }
                }
            }
        },
    )
}

/// The account is connected.
pub(crate) fn connected(connected: &Connected, base: &str) -> Markup {
    layout::document(
        "Connected",
        &html! {
            div.card #connected {
                p {
                    "Your account at " (quoted(&connected.provider_name)) " is connected"
                    @if let Some(label) = &connected.connection.account_label { ": " (quoted(label)) }
                    "."
                }
                @if let Some(delegation) = &connected.delegation {
                    p { "The agent " (quoted(delegation.client_id.as_str())) " may use it now. You can close this page and \
                         go back to it." }
                }
                p { a.button href={ (base) "/connections" } { "Your connections" } }
            }
        },
    )
}
