//! Consent to a client at our own authorization server. Not yet leave to use a connection: the page says so.

use maud::{Markup, html};
use vouchsafe_token_exchange::ConsentView;

use super::text::{quoted, scopes};
use super::{Frame, layout};

/// `query` is the authorization request, as it came: the form brings it back.
pub(crate) fn document(view: &ConsentView, query: &str, frame: &Frame<'_>) -> Markup {
    layout::document(
        "Allow this application?",
        &html! {
            div.card {
                p { (quoted(&view.client_name)) " wants to know who you are and to act with these permissions:" }
                (scopes(&view.scope))
                @if !view.audience.is_empty() {
                    p { "They are meant for:" }
                    ul { @for audience in &view.audience { li { (quoted(audience)) } } }
                }
                dl {
                    dt { "Application" } dd #client-id { code { (view.client_id) } }
                    dt { "Sends you back to" } dd #redirect-host { code { (view.redirect_host) } }
                    dt { "You are" } dd { (quoted(frame.username)) }
                }
                @if view.unproven {
                    p.warning #unproven {
                        "Nobody can prove that it is really this application that asks: it runs on a device and has no \
                         secret. Go on only if you started this yourself."
                    }
                }
                p.soft { "This does not yet let it use any of your connected accounts; you will be asked for each." }
                form #consent method="post" action={ (frame.base) "/oauth/authorize?" (query) } {
                    input type="hidden" name="csrf" value=(frame.csrf);
                    div.row {
                        button.main #approve type="submit" name="decision" value="approve" { "Allow" }
                        button #deny type="submit" name="decision" value="deny" { "Do not allow" }
                    }
                }
            }
        },
    )
}
