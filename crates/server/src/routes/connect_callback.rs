//! `GET /connect/callback/{provider}`: the browser comes back. Needs the session *and* the per-flow cookie *and* the
//! state (CL-03); whoever lacks one of them connects nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_identity_provider::Callback;
use vouchsafe_model::Secret;
use vouchsafe_oauth_types::Form;

use crate::html::page;
use crate::page_error::PageError;
use crate::pages::{connect, connect_problem, error};
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
        let document = error::document(SIGNED_OUT.0, SIGNED_OUT.1, Some((&again, "Sign in")));
        return Ok(page(StatusCode::FORBIDDEN, document));
    };
    let field = |name| form_field(&query, name);
    let callback = Callback {
        provider_id,
        user: signed_in.user,
        session: signed_in.session,
        code: field("code")?.map(Secret::new),
        state: field("state")?,
        error: field("error")?,
        iss: field("iss")?,
        cookies: cookies::flows(&request),
        origin: origin::of(&request, &site),
    };
    match site.app.identity_provider.finish(callback).await {
        Ok(connected) => Ok(page(StatusCode::OK, connect::connected(&connected, &site.base))),
        Err(error) => Ok(connect_problem::response(&error, &site)),
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
