//! An agent beside a connection: what it may do, and the way to end it.

use maud::{Markup, html};
use vouchsafe_token_exchange::{AgentStanding, AgentView, ConnectionView};

use super::Frame;
use super::text::{bound, quoted, readable, when};

pub(crate) fn item(agent: &AgentView, view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    let ended = matches!(
        agent.standing,
        AgentStanding::Denied | AgentStanding::Withdrawn | AgentStanding::Revoked | AgentStanding::Expired
    );
    html! {
        li.agent id={ "agent-" (view.connection.id) "-" (agent.client_id) } {
            h4 { (quoted(&agent.client_name)) " " code { (agent.client_id) } }
            p { (standing(agent.standing)) @if let Some(at) = agent.decided_at { " on " (when(at, frame.now)) } "." }
            @if !ended {
                p.label { "It may do:" }
                (bound(&agent.scope))
                @if let Some(until) = agent.expires_at { p { "Until " (when(until, frame.now)) "." } }
                (end(agent, view, frame))
            }
        }
    }
}

/// What was granted can be taken back; and any agent, trusted by the operator or not, can be denied.
fn end(agent: &AgentView, view: &ConnectionView, frame: &Frame<'_>) -> Markup {
    let connection = &view.connection.id;
    let (name, of) = (readable(&agent.client_name), readable(&view.provider_name));
    let given = match agent.standing {
        AgentStanding::Granted | AgentStanding::Suspended => agent.delegation_id.as_ref(),
        _ => None,
    };
    html! {
        @if given.is_some() {
            p.soft { "“Take back” ends what you allowed; the agent can ask you again, and you can allow it then." }
        }
        p.soft {
            "“Deny this agent” notes that you do not want it with this account, whatever the operator trusts it with; if it \
             asks you again and you allow it, that is undone."
        }
        div.row {
            @if let Some(id) = given {
                form id={ "withdraw-" (id) } method="post" action={ (frame.base) "/delegations/" (id) "/withdraw" } {
                    (frame.token())
                    button type="submit" aria-label={ "Take back: " (name) ", " (of) } { "Take back" }
                }
            }
            form id={ "deny-" (connection) "-" (agent.client_id) } method="post"
                action={ (frame.base) "/connections/" (connection) "/agents/" (agent.client_id) "/deny" } {
                (frame.token())
                button.danger type="submit" aria-label={ "Deny this agent: " (name) ", " (of) } { "Deny this agent" }
            }
        }
    }
}

fn standing(standing: AgentStanding) -> &'static str {
    match standing {
        AgentStanding::Granted => "May use this account: you allowed it",
        AgentStanding::Trusted => {
            "May use this account: the operator of this server trusts it, and you have not denied it"
        }
        AgentStanding::Suspended => {
            "Cannot use this account now: the operator has stopped it. You had allowed it"
        }
        AgentStanding::Expired => {
            "May no longer use this account: what you allowed has run out. You allowed it"
        }
        AgentStanding::Denied => "May not use this account: you denied it",
        AgentStanding::Withdrawn => "May no longer use this account: you took it back",
        AgentStanding::Revoked => {
            "May no longer use this account: the operator of this server took back what you had allowed"
        }
    }
}
