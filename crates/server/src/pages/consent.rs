//! Consent to a client at our own authorization server. Not yet leave to use a connection: the page says so.

use maud::{Markup, html};
use vouchsafe_token_exchange::ConsentView;

use super::mark::between;
use super::text::{own_scopes, quoted};
use super::{Frame, layout};

/// `query` is the authorization request, as it came: the form brings it back.
pub(crate) fn document(view: &ConsentView, query: &str, frame: &Frame<'_>) -> Markup {
    layout::document(
        "Allow this application?",
        &frame.around(),
        &html! {
            div.card {
                (between(&view.client_name, frame.username))
                p.lead { (quoted(&view.client_name)) " wants to act in your name." }
                @if view.unproven {
                    p.warning #unproven {
                        strong { "Unverified application. " }
                        "It runs on a device and has no secret, so nobody can prove that it is really this application \
                         that asks. Go on only if you started this yourself."
                    }
                }
                h2 { "What it may do here" }
                (own_scopes(&view.scope))
                (parties(view, frame))
                form #consent method="post" action={ (frame.base) "/oauth/authorize?" (query) } {
                    (frame.token())
                    div.row {
                        button.main #approve type="submit" name="decision" value="approve" { "Allow" }
                        button #deny type="submit" name="decision" value="deny" { "Do not allow" }
                    }
                }
                p.soft { "This does not yet let it use any of your connected accounts; you will be asked for each." }
            }
        },
    )
}

fn parties(view: &ConsentView, frame: &Frame<'_>) -> Markup {
    html! {
        dl {
            div { dt { "Application" } dd #client-id { code { (view.client_id) } } }
            div {
                dt { "Identity" }
                dd #identity {
                    @if view.unproven { "Unverified" } @else { "Registered with this server; the answer goes only to its registered address" }
                }
            }
            div { dt { "Sends you back to" } dd #redirect-host { code { (view.redirect_host) } } }
            div {
                dt { "It may do this at" }
                dd #targets {
                    @if view.audience.is_empty() { "this server, " code { (frame.issuer) } }
                    @for audience in &view.audience { div { (quoted(audience)) } }
                }
            }
            div { dt { "You are" } dd { (quoted(frame.username)) } }
        }
    }
}
