//! Everything that is connected, allowed and waiting, and how to end it.

use maud::{Markup, html};
use vouchsafe_model::{ConnectionState, ReconnectReason};
use vouchsafe_token_exchange::{AgentStanding, AgentView, ConnectionView, ConnectionsView, InteractionView};

use super::text::{bound, quoted};
use super::{Frame, layout};
use crate::time_text::for_people;

pub(crate) fn document(view: &ConnectionsView, frame: &Frame<'_>) -> Markup {
    layout::document(
        "Your connections",
        &html! {
            p.soft { "Signed in as " (quoted(frame.username)) "." }
            @if !view.pending.is_empty() {
                h2 #pending { "Waiting for you" }
                @for interaction in &view.pending { (waiting(interaction, frame)) }
            }
            h2 { "Connected accounts" }
            @if view.connections.is_empty() {
                p { "None yet. Connect one below, or follow the link of an agent that asks." }
            }
            @for connection in &view.connections { (connected(connection, frame)) }
            @if !view.connectable.is_empty() {
                h2 { "Connect an account" }
                div.row {
                    @for (id, name) in &view.connectable {
                        a.button id={ "connect-" (id) } href={ (frame.base) "/connect/" (id) } { (name) }
                    }
                }
            }
            form #sign-out.row method="post" action={ (frame.base) "/logout" } {
                input type="hidden" name="csrf" value=(frame.csrf);
                button type="submit" { "Sign out" }
            }
        },
    )
}

fn waiting(interaction: &InteractionView, frame: &Frame<'_>) -> Markup {
    html! {
        div.card id={ "interaction-" (interaction.id) } {
            p { (quoted(&interaction.client_name)) " asks for access to " (quoted(&interaction.provider_name)) "." }
            a.button.main href={ (frame.base) "/interaction/" (interaction.id) } { "Look and decide" }
        }
    }
}

fn connected(view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    let connection = &view.connection;
    html! {
        section.card id={ "connection-" (connection.id) } {
            h3 {
                (view.provider_name)
                @if let Some(label) = &connection.account_label { ": " (quoted(label)) }
            }
            (state(view, frame))
            dl {
                dt { "Connected" } dd { (for_people(connection.created_at)) }
                dt { "Last used" } dd { (view.last_used.map_or_else(|| "never".to_owned(), for_people)) }
            }
            @if let Some(until) = view.exposed_until {
                p.soft { "Tokens that were handed out may work until " (for_people(until)) ", even after disconnecting." }
            }
            @for agent in &view.agents { (allowed(agent, view, frame)) }
            form.row id={ "disconnect-" (connection.id) } method="post"
                action={ (frame.base) "/connections/" (connection.id) "/disconnect" } {
                input type="hidden" name="csrf" value=(frame.csrf);
                button.danger type="submit" { "Disconnect" }
            }
        }
    }
}

fn state(view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    let connection = &view.connection;
    match connection.state {
        ConnectionState::Active => html! {},
        ConnectionState::Revoked { at } => html! { p.soft { "Disconnected " (for_people(at)) "." } },
        ConnectionState::NeedsConsent { reason, .. } => html! {
            p.warning { (needs(reason)) }
            a.button.main id={ "reconnect-" (connection.id) }
                href={ (frame.base) "/connect/" (connection.provider_id) "?reconnect=" (connection.id) } {
                "Connect again"
            }
        },
    }
}

fn allowed(agent: &AgentView, view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    html! {
        div.agent {
            h3 { (quoted(&agent.client_name)) " " span.soft { (standing(agent.standing)) } }
            @if matches!(agent.standing, AgentStanding::Granted | AgentStanding::Trusted) {
                (bound(&agent.scope))
                @if let Some(until) = agent.expires_at { p.soft { "Until " (for_people(until)) "." } }
                (end(agent, view, frame))
            }
        }
    }
}

/// What was granted can be withdrawn; what an admin trusts can be denied.
fn end(agent: &AgentView, view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    let connection = &view.connection.id;
    html! {
        div.row {
            @if let (AgentStanding::Granted, Some(id)) = (agent.standing, &agent.delegation_id) {
                form id={ "withdraw-" (id) } method="post" action={ (frame.base) "/delegations/" (id) "/withdraw" } {
                    input type="hidden" name="csrf" value=(frame.csrf);
                    button type="submit" { "Take back" }
                }
            }
            form id={ "deny-" (connection) "-" (agent.client_id) } method="post"
                action={ (frame.base) "/connections/" (connection) "/agents/" (agent.client_id) "/deny" } {
                input type="hidden" name="csrf" value=(frame.csrf);
                button.danger type="submit" { "Deny this agent" }
            }
        }
    }
}

fn standing(standing: AgentStanding) -> &'static str {
    match standing {
        AgentStanding::Granted => "may use it: you allowed it",
        AgentStanding::Trusted => "may use it: the operator trusts it",
        AgentStanding::Denied => "denied by you",
        AgentStanding::Withdrawn => "taken back by you",
    }
}

fn needs(reason: ReconnectReason) -> &'static str {
    match reason {
        ReconnectReason::GrantDead => "The provider no longer accepts this connection.",
        ReconnectReason::HostsChanged => {
            "The provider's addresses changed, so its secrets are not used any more."
        }
        ReconnectReason::CredentialsReset => {
            "Your password was reset; connect the account again to unlock it."
        }
    }
}
