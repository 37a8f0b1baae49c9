//! Before leaving for a provider, and after coming back.

use maud::{Markup, html};
use vouchsafe_identity_provider::{Connected, InterstitialView};
use vouchsafe_model::Delegation;

use super::mark::between;
use super::message::{self, Message, Tone};
use super::text::{clients, quoted, scopes};
use super::{Frame, layout};

/// What the form brings back.
pub(crate) struct Asked<'a> {
    pub(crate) provider_id: &'a str,
    pub(crate) scope: Option<&'a str>,
    pub(crate) reconnect: Option<&'a str>,
}

/// Who leaves, for where, with which permissions, and whom it affects (CL-06).
pub(crate) fn interstitial(view: &InterstitialView, asked: &Asked<'_>, frame: &Frame<'_>) -> Markup {
    let title = match asked.reconnect {
        Some(_) => "Connect an account again",
        None => "Connect an account",
    };
    layout::document(
        title,
        &frame.around(),
        &html! {
            div.card {
                (between(frame.username, &view.provider_name))
                p.lead { "You are about to connect an account at " (quoted(&view.provider_name)) " to Vouchsafe." }
                dl {
                    div { dt { "You are" } dd { (quoted(frame.username)) } }
                    div { dt { "Asked by" } dd #asked-by { "You, on this page; no agent" } }
                    div { dt { "Provider" } dd #provider { (quoted(&view.provider_name)) } }
                    @if let Some(label) = &view.account_label {
                        div { dt { "Account" } dd #account { (quoted(label)) ": choose the same one there" } }
                    }
                }
                h2 { "Vouchsafe will ask there for" }
                (scopes(&view.scopes))
                (affected(view, asked))
                form #connect method="post" action={ (frame.base) "/connect/" (asked.provider_id) } {
                    (frame.token())
                    @if let Some(scope) = asked.scope { input type="hidden" name="scope" value=(scope); }
                    @if let Some(id) = asked.reconnect { input type="hidden" name="reconnect" value=(id); }
                    div.row {
                        button.main #leave type="submit" { "Continue to " (quoted(&view.provider_name)) }
                        a.button #cancel href={ (frame.base) "/connections" } { "Cancel" }
                    }
                }
            }
        },
    )
}

fn affected(view: &InterstitialView, asked: &Asked<'_>) -> Markup {
    html! {
        @if !view.widens.is_empty() {
            div.warning #widens {
                @if asked.reconnect.is_some() {
                    p { "These agents will be able to do more than now:" }
                } @else {
                    p { "The operator trusts these agents, so they may use the account at once:" }
                }
                (clients(&view.widens))
                p { "You can deny each of them on the page of your connections." }
            }
        }
        @if asked.reconnect.is_some() {
            p.soft { "Agents that you have allowed to use this account can use it again." }
        } @else if view.widens.is_empty() {
            p.soft { "No agent gets anything by this alone: each has to ask you." }
        }
    }
}

/// What the agent is called that was let in on the way.
fn agent_name(connected: &Connected, delegation: &Delegation) -> Markup {
    let agent = connected
        .agents
        .iter()
        .find(|agent| agent.client_id == delegation.client_id);
    agent.map_or_else(
        || html! { code { (delegation.client_id) } },
        |agent| quoted(&agent.client_name),
    )
}

/// The account is connected.
pub(crate) fn connected(connected: &Connected, base: &str) -> Markup {
    let connections = format!("{base}/connections");
    let sentence = html! {
        "Your account at " (quoted(&connected.provider_name)) " is connected"
        @if let Some(label) = &connected.connection.account_label { ": " (quoted(label)) }
        "."
        @if let Some(delegation) = &connected.delegation {
            " The agent " (agent_name(connected, delegation)) " may use it now. You can close this page and go back to it."
        } @else if connected.agents.is_empty() {
            " No agent was given anything: each has to ask you."
        } @else {
            " By what was decided before, these agents may use it now: "
            @for (number, agent) in connected.agents.iter().enumerate() {
                @if number > 0 { ", " }
                (quoted(&agent.client_name))
            }
            ". Every other has to ask you."
        }
    };
    let message = Message {
        tone: Tone::Done,
        title: "Connected",
        sentence,
        way_on: Some((&connections, "Your connections")),
    };
    message::document(&message, Some(base))
}
