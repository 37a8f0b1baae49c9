//! An agent asks, a person decides.

use maud::{Markup, html};
use vouchsafe_oauth_types::InteractionReason;
use vouchsafe_token_exchange::InteractionView;

use super::text::{bound, quoted};
use super::{Frame, layout};
use crate::time_text;

pub(crate) fn document(view: &InteractionView, frame: &Frame<'_>) -> Markup {
    layout::document(
        "An agent asks for access",
        &html! {
            div.card {
                p { (quoted(&view.client_name)) " wants to use your account at " (quoted(&view.provider_name)) "." }
                p.soft { (why(view.reason)) }
                h2 { "It asks for" }
                (bound(&view.scope))
                @if let Some(account) = &view.account {
                    p { "It names this account; the text is the agent's own: " (quoted(account)) }
                }
                dl {
                    dt { "Agent" } dd { code #client-id { (view.client_id) } }
                    dt { "You are" } dd { (quoted(frame.username)) }
                    dt { "Answer until" } dd { (time_text::for_people(view.expires_at)) }
                }
                form #interaction method="post" action={ (frame.base) "/interaction/" (view.id) } {
                    input type="hidden" name="csrf" value=(frame.csrf);
                    @if view.connections.is_empty() {
                        p { "Allowing takes you to " (quoted(&view.provider_name)) ", where you choose the account and agree too." }
                    } @else {
                        (choices(view))
                    }
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

fn choices(view: &InteractionView) -> Markup {
    html! {
        fieldset {
            legend { "With which account?" }
            @for (i, choice) in view.connections.iter().enumerate() {
                label.choice for={ "connection-" (choice.id) } {
                    input id={ "connection-" (choice.id) } type="radio" name="connection" value=(choice.id)
                        checked[i == 0] required;
                    span {
                        (quoted(&choice.label))
                        @if !choice.sufficient {
                            " " span.soft { (view.provider_name) " will ask you to agree once more." }
                        }
                    }
                }
            }
            label.choice for="connection-new" {
                input #connection-new type="radio" name="connection" value="new";
                span { "Connect another account" }
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
