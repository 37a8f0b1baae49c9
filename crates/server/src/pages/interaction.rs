//! An agent asks, a person decides. This is also the page before leaving for the provider (CL-06), so it says what will
//! be asked there, and which other agents get more by it.

use maud::{Markup, html};
use vouchsafe_identity_provider::InterstitialView;
use vouchsafe_oauth_types::InteractionReason;
use vouchsafe_token_exchange::{AnsweredView, ConnectionChoice, InteractionView};

use super::mark::between;
use super::message::{self, Message, Tone};
use super::text::{bound, clients, quoted, scopes, when};
use super::{Frame, layout};

pub(crate) fn document(view: &InteractionView, frame: &Frame<'_>) -> Markup {
    layout::document(
        "An agent asks for access",
        &frame.around(),
        &html! {
            div.card {
                (between(&view.client_name, &view.provider_name))
                p.lead { (quoted(&view.client_name)) " wants to use your account at " (quoted(&view.provider_name)) "." }
                p { (why(view.reason)) }
                h2 { "It asks for" }
                (bound(&view.scope))
                @if let Some(account) = &view.account {
                    figure.words {
                        figcaption { "It names an account. The words are the agent's own, and nobody has checked them:" }
                        blockquote #account { p { (quoted(account)) } }
                    }
                }
                dl {
                    div { dt { "Agent" } dd { code #client-id { (view.client_id) } } }
                    div { dt { "Provider" } dd #provider { (quoted(&view.provider_name)) } }
                    div { dt { "You are" } dd { (quoted(frame.username)) } }
                    div { dt { "Answer until" } dd #until { (when(view.expires_at, frame.now)) } }
                }
                form #interaction method="post" action={ (frame.base) "/interaction/" (view.id) } {
                    (frame.token())
                    @if view.connections.is_empty() { (only_new(view)) } @else { (choices(view)) }
                    div.row {
                        button.main #approve type="submit" name="decision" value="approve" { "Allow" }
                        button #deny type="submit" name="decision" value="deny" { "Do not allow" }
                    }
                }
                p.soft { "You can take this back at any time on the page of your connections." }
            }
        },
    )
}

fn only_new(view: &InteractionView) -> Markup {
    html! {
        p { "Allowing takes you to " (quoted(&view.provider_name)) ", where you choose the account and agree too." }
        @if let Some(journey) = &view.new_account { (there(journey, "new", true)) (affected(journey, "new")) }
    }
}

fn choices(view: &InteractionView) -> Markup {
    html! {
        fieldset {
            legend { "With which account?" }
            @if view.reason == InteractionReason::AccountSelection {
                p.soft { "The agent gets the one you choose; what you allowed it with the others is taken back." }
            }
            @for (i, choice) in view.connections.iter().enumerate() { (connected(choice, i == 0, &view.provider_name)) }
            label.choice for="connection-new" {
                input #connection-new type="radio" name="connection" value="new";
                span { "Connect another account" }
            }
            @if let Some(journey) = &view.new_account { (affected(journey, "new")) }
        }
    }
}

fn connected(choice: &ConnectionChoice, first: bool, provider_name: &str) -> Markup {
    html! {
        label.choice for={ "connection-" (choice.id) } {
            input id={ "connection-" (choice.id) } type="radio" name="connection" value=(choice.id) checked[first] required;
            span {
                (quoted(&choice.label))
                @if !choice.sufficient {
                    " " span.soft { (quoted(provider_name)) " will ask you to agree once more." }
                }
            }
        }
        @if let Some(journey) = &choice.journey {
            (there(journey, choice.id.as_str(), first))
            (affected(journey, choice.id.as_str()))
        }
    }
}

/// What the provider will be asked for: more than the agent gets, because of what the connection itself needs.
fn there(journey: &InterstitialView, choice: &str, unfolded: bool) -> Markup {
    html! {
        details id={ "there-" (choice) } open[unfolded] {
            summary { "What " (quoted(&journey.provider_name)) " will be asked for" }
            (scopes(&journey.scopes))
        }
    }
}

fn affected(journey: &InterstitialView, choice: &str) -> Markup {
    html! {
        @if !journey.widens.is_empty() {
            div.warning id={ "widens-" (choice) } {
                @if choice == "new" {
                    p { "The operator trusts these agents, so they may use a new account at once:" }
                } @else {
                    p { "Allowing this with this account gives more to these agents too:" }
                }
                (clients(&journey.widens))
            }
        }
    }
}

fn why(reason: InteractionReason) -> &'static str {
    match reason {
        InteractionReason::AuthorizationNeeded => "You have not yet allowed it.",
        InteractionReason::Reconnect => "The account is no longer connected and must be connected again.",
        InteractionReason::MoreScopes => "It asks for more than you have allowed so far.",
        InteractionReason::Approval => "This use needs your approval.",
        InteractionReason::AccountSelection => "You have several accounts there: choose one.",
    }
}

/// The person has answered; `view` is missing where nothing is known any more.
pub(crate) fn answered(view: Option<&AnsweredView>, base: &str) -> Markup {
    let connections = format!("{base}/connections");
    let back = "You can close this page and go back to the agent.";
    let (tone, title, sentence) = match view {
        Some(view) if view.approved => (
            Tone::Done,
            "Allowed",
            html! { (quoted(&view.client_name)) " may use your account at " (quoted(&view.provider_name)) ". " (back) },
        ),
        Some(view) => (
            Tone::Still,
            "Not allowed",
            html! {
                (quoted(&view.client_name)) " was not allowed to use your account at " (quoted(&view.provider_name))
                ". If it asks for the same again soon, it is refused without asking you."
            },
        ),
        None => (
            Tone::Still,
            "Answered",
            html! { "This request has been answered. " (back) },
        ),
    };
    let message = Message {
        tone,
        title,
        sentence,
        way_on: Some((&connections, "Your connections")),
    };
    message::document(&message, Some(base))
}
