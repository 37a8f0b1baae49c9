//! `GET /connect/callback/{provider}`: the browser comes back. Needs the session *and* the per-flow cookie *and* the
//! state (CL-03); whoever lacks one of them connects nothing, and ends nothing.
//!
//! With all three, an answer ends the flow, whatever it says: also one with a foreign `iss` (UP-05), because then the
//! state is known to a server that is not the one the browser was sent to. What is no answer at all, without `code` and
//! without `error`, ends nothing. The flow's cookie goes when the flow has ended.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_identity_provider::Callback;
use vouchsafe_model::Secret;
use vouchsafe_oauth_types::Form;

use crate::html::page;
use crate::page_error::PageError;
use crate::pages::message::{self, Message};
use crate::pages::{connect, connect_problem};
use crate::site::Site;
use crate::{cookies, origin, visitor};

pub(super) fn resource() -> Resource {
    super::only("/connect/callback/{provider}", "GET").get(get)
}

async fn get(
    site: web::Data<Site>,
    request: HttpRequest,
    provider: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let provider_id = provider.parse().map_err(|_| PageError::NotFound)?;
    let query = Form::parse(request.query_string().as_bytes()).map_err(|_| PageError::Malformed)?;
    // Not through the sign-in page and back: a code must not wait in another URL.
    let Some(signed_in) = visitor::visitor(&site, &request).await? else {
        let again = site.path("/connections");
        let message = Message::wrong(SIGNED_OUT.0, SIGNED_OUT.1).way_on(&again, "Sign in");
        let document = message::document(&message, Some(&site.base));
        return Ok(page(StatusCode::FORBIDDEN, document));
    };
    let field = |name| form_field(&query, name);
    let (code, error, state) = (field("code")?, field("error")?, field("state")?);
    if code.is_none() && error.is_none() {
        return Err(PageError::Malformed);
    }
    let callback = Callback {
        provider_id,
        user: signed_in.user,
        session: signed_in.session,
        code: code.map(Secret::new),
        state: state.clone(),
        error,
        iss: field("iss")?,
        cookies: cookies::flows(&request),
        origin: origin::of(&request, &site),
    };
    let mut response = match site.app.identity_provider.finish(callback).await {
        Ok(connected) => page(StatusCode::OK, connect::connected(&connected, &site.base)),
        Err(error) => connect_problem::response(&error, &site),
    };
    forget_flow(&site, &request, state.as_deref(), &mut response).await;
    Ok(response)
}

/// Only a cookie that this browser has is taken away: nobody else learns anything of the flow.
async fn forget_flow(site: &Site, request: &HttpRequest, state: Option<&str>, response: &mut HttpResponse) {
    let Some(state) = state else { return };
    let Some(spent) = site.app.identity_provider.spent_cookie(state).await else {
        return;
    };
    if cookies::flows(request).iter().any(|(name, _)| *name == spent)
        && let Err(error) = response.add_cookie(&cookies::remove(spent))
    {
        tracing::warn!(error = %error, "the cookie of a flow that has ended could not be taken away");
    }
}

fn form_field(query: &Form, name: &str) -> Result<Option<String>, PageError> {
    Ok(query
        .single(name)
        .map_err(|_| PageError::Malformed)?
        .map(str::to_owned))
}

const SIGNED_OUT: (&str, &str) = (
    "Not connected",
    "You are not signed in here any more, so nothing was connected. Sign in and start again from your connections.",
);
