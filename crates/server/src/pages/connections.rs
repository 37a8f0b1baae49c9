//! Everything that is connected, allowed and waiting, and how to end it.

use maud::{Markup, html};
use vouchsafe_model::{Connection, ReconnectReason, RevocationState};
use vouchsafe_token_exchange::{
    ConnectionStanding, ConnectionView, ConnectionsView, EndedView, Exposure, InteractionView,
};

use super::text::{bound, quoted, readable, when};
use super::{Frame, agent, layout};

pub(crate) fn document(view: &ConnectionsView, frame: &Frame<'_>) -> Markup {
    layout::document(
        "Your connections",
        &frame.around_with(&sign_out(frame)),
        &html! {
            @if view.incomplete {
                p.warning {
                    "Not everything can be shown here: something that is stored for you is damaged. Nobody can use it. Tell \
                     the operator of this server, who finds it in the log."
                }
            }
            @if !view.pending.is_empty() {
                section aria-labelledby="pending" {
                    h2 #pending { "Waiting for you" }
                    @for interaction in &view.pending { (waiting(interaction, frame)) }
                }
            }
            section aria-labelledby="connected" {
                h2 #connected { "Connected accounts" }
                @if view.connections.is_empty() { (nothing(view)) }
                @for connection in &view.connections { (connected(connection, frame)) }
            }
            @if !view.connectable.is_empty() {
                section aria-labelledby="connectable" {
                    h2 #connectable { "Connect an account" }
                    p.soft { "You see what will be asked for before anything happens." }
                    div.row {
                        @for (id, name) in &view.connectable {
                            a.button id={ "connect-" (id) } href={ (frame.base) "/connect/" (id) } { (quoted(name)) }
                        }
                    }
                }
            }
            @if !view.ended.is_empty() {
                section aria-labelledby="ended" {
                    h2 #ended { "Disconnected" }
                    @for connection in &view.ended { (ended(connection, frame)) }
                }
            }
        },
    )
}

fn sign_out(frame: &Frame<'_>) -> Markup {
    html! {
        form #sign-out method="post" action={ (frame.base) "/logout" } {
            (frame.token())
            button type="submit" { "Sign out" }
        }
    }
}

fn nothing(view: &ConnectionsView) -> Markup {
    html! {
        div.card.empty {
            p { strong { "Nothing is connected, so no agent can do anything in your name." } }
            @if view.connectable.is_empty() {
                p { "The operator of this server has set up no provider yet: ask them." }
            } @else {
                p { "Connect an account below, or follow the link that an agent gives you when it needs one." }
            }
        }
    }
}

fn waiting(interaction: &InteractionView, frame: &Frame<'_>) -> Markup {
    html! {
        div.card.waits id={ "interaction-" (interaction.id) } {
            p.lead { (quoted(&interaction.client_name)) " asks for access to " (quoted(&interaction.provider_name)) "." }
            (bound(&interaction.scope))
            p.soft { "Answer until " (when(interaction.expires_at, frame.now)) "." }
            div.row {
                a.button.main href={ (frame.base) "/interaction/" (interaction.id) }
                    aria-label={ "Look and decide: " (readable(&interaction.client_name)) } { "Look and decide" }
            }
        }
    }
}

fn connected(view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    let connection = &view.connection;
    html! {
        article.card id={ "connection-" (connection.id) } aria-labelledby={ "name-" (connection.id) } {
            h3 id={ "name-" (connection.id) } {
                (quoted(&view.provider_name))
                @if let Some(label) = &connection.account_label { ": " (quoted(label)) }
            }
            (standing(view, frame))
            dl {
                div { dt { "Account" } dd { (account(connection)) } }
                div { dt { "Connected" } dd { (when(connection.created_at, frame.now)) } }
                div {
                    dt { "Last used" }
                    dd { @if let Some(at) = view.last_used { (when(at, frame.now)) } @else { "Never" } }
                }
            }
            details id={ "held-" (connection.id) } {
                summary { "What " (quoted(&view.provider_name)) " granted" }
                (bound(&view.held))
            }
            h4.agents { "Agents" }
            @if view.agents.is_empty() {
                p { "No agent may use this account. One that wants to has to ask you." }
            } @else {
                ul.agents { @for agent in &view.agents { (agent::item(agent, view, frame)) } }
            }
            (disconnect(view, frame))
        }
    }
}

/// As the person calls it, and as the provider counts it.
fn account(connection: &Connection) -> Markup {
    html! {
        @if let Some(label) = &connection.account_label { (quoted(label)) " " }
        code { (readable(&connection.account_id)) }
    }
}

fn standing(view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    let connection = &view.connection;
    match view.standing {
        ConnectionStanding::Usable => html! {},
        ConnectionStanding::ProviderOff => html! {
            p.warning { "The operator of this server has switched this provider off, so no agent can use this account now." }
        },
        ConnectionStanding::NeedsConsent(reason) => html! {
            div.warning {
                p { strong { "Needs your consent again. " } (needs(reason)) " Until then no agent can use it." }
                a.button.main id={ "reconnect-" (connection.id) }
                    href={ (frame.base) "/connect/" (connection.provider_id) "?reconnect=" (connection.id) } {
                    "Connect again"
                }
            }
        },
    }
}

fn needs(reason: ReconnectReason) -> &'static str {
    match reason {
        ReconnectReason::GrantDead => "The provider no longer accepts this connection.",
        ReconnectReason::HostsChanged => {
            "The operator changed the provider's addresses, so what was stored for the old ones is not used any more."
        }
        ReconnectReason::CredentialsReset => {
            "Your password was reset; connect the same account again to unlock it."
        }
    }
}

/// In two steps, for it cannot be undone: the form stands behind a fold.
fn disconnect(view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    let id = &view.connection.id;
    html! {
        details.end id={ "end-" (id) } {
            summary { "Disconnect this account" }
            p { "No agent can use it from that moment, and " (quoted(&view.provider_name)) " is asked to end our access. \
                 You can connect it again later; agents then have to ask you anew." }
            p { (exposure(view, frame)) }
            form id={ "disconnect-" (id) } method="post" action={ (frame.base) "/connections/" (id) "/disconnect" } {
                (frame.token())
                button.danger type="submit" aria-label={ "Disconnect " (readable(&view.provider_name)) } { "Disconnect" }
            }
        }
    }
}

fn exposure(view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    match view.exposure {
        Exposure::None => html! { "No agent holds a token that would still work." },
        Exposure::Until(end) => html! {
            "Tokens that agents already hold can work until " (when(end, frame.now)) ", unless the provider ends them \
             earlier."
        },
        Exposure::WithoutEnd => html! {
            "Tokens that agents already hold have no end of their own: they work until the provider ends them."
        },
    }
}

fn ended(view: &EndedView, frame: &Frame<'_>) -> Markup {
    html! {
        div.card.ended id={ "ended-" (view.id) } {
            h3 {
                (quoted(&view.provider_name))
                @if let Some(label) = &view.account_label { ": " (quoted(label)) }
            }
            p { "Disconnected " (when(view.at, frame.now)) ". No agent can get a token for it." }
            @match view.state {
                RevocationState::RevokedUpstream => p { "The provider has confirmed that our access is over." }
                RevocationState::PendingUpstream => p.warning {
                    "The provider has not confirmed yet. It is asked again"
                    @if let Some(deadline) = view.deadline_at { " until " (when(deadline, frame.now)) }
                    "; to be sure at once, remove the access in your account's settings there."
                }
                RevocationState::Abandoned => p.warning {
                    "The provider could not be made to end our access. Remove it in your account's settings there."
                }
            }
        }
    }
}
