//! `GET /interaction/{id}`: what an agent asks. `POST`: the person's decision, with recent authentication (AR-01).
//!
//! Looking consumes nothing (AR-12). The decision is followed by a redirect to the same page, which then says that it
//! was taken, or by the journey to the provider.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_oauth_types::Form;
use vouchsafe_sign_in::SignedIn;
use vouchsafe_token_exchange::{Approval, Approved, InteractionRefusal};

use super::authorize::decision;
use crate::html::{page, page_with_forms_to, see_other};
use crate::page_error::PageError;
use crate::pages::message::{self, Message};
use crate::pages::{Frame, connect_problem, interaction};
use crate::site::Site;
use crate::{body, csrf, departure, origin, visitor};

pub(super) fn resource() -> Resource {
    super::only("/interaction/{id}", "GET, POST").get(get).post(post)
}

async fn get(
    site: web::Data<Site>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let signed_in = visitor::required(&site, &request).await?;
    let view = match site.app.authorization_server.interaction(&id, &signed_in).await {
        Ok(view) => view,
        Err(InteractionRefusal::Decided) => return answered(&site, (&id, &signed_in), StatusCode::OK).await,
        Err(refusal) => return refused(&site, &request, refusal),
    };
    if view.sign_in_again {
        return Err(visitor::sign_in_first(&site, &request));
    }
    let frame = Frame::of(&site, &request, &signed_in);
    let targets = departure::targets(&site, &view.provider_id).await?;
    Ok(page_with_forms_to(
        &targets,
        StatusCode::OK,
        interaction::document(&view, &frame),
    ))
}

async fn post(
    site: web::Data<Site>,
    request: HttpRequest,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    let form = body::form(&request, payload).await?;
    let signed_in = visitor::required(&site, &request).await?;
    csrf::check(&site, &request, &form, signed_in.session.id.as_str())?;
    let (server, origin) = (&site.app.authorization_server, origin::of(&request, &site));
    let decided = if decision(&form)? {
        server
            .approve_interaction(&id, &signed_in, approval(&form)?, &origin)
            .await
    } else {
        match server.deny_interaction(&id, &signed_in, &origin).await {
            Ok(()) => return here(&site, &request),
            Err(refusal) => Err(refusal),
        }
    };
    match decided {
        Ok(Approved::Delegated(_)) => here(&site, &request),
        Ok(Approved::Leave(departure)) => departure::leave(&departure),
        Err(InteractionRefusal::Decided) => answered(&site, (&id, &signed_in), StatusCode::CONFLICT).await,
        Err(refusal) => refused(&site, &request, refusal),
    }
}

/// `connection` is the id of a connected account, `new`, or absent when there is nothing to choose.
fn approval(form: &Form) -> Result<Approval, PageError> {
    match form.single("connection").map_err(|_| PageError::Malformed)? {
        None => Ok(Approval::default()),
        Some("new") => Ok(Approval {
            connection_id: None,
            new_connection: true,
        }),
        Some(id) => {
            let id = id.parse().map_err(|_| PageError::Malformed)?;
            Ok(Approval {
                connection_id: Some(id),
                new_connection: false,
            })
        }
    }
}

fn here(site: &Site, request: &HttpRequest) -> Result<HttpResponse, PageError> {
    see_other(&site.path(site.within(request.path())))
}

async fn answered(
    site: &Site,
    (id, signed_in): (&str, &SignedIn),
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let server = &site.app.authorization_server;
    let view = server.answered_interaction(id, signed_in).await?;
    Ok(page(status, interaction::answered(view.as_ref(), &site.base)))
}

fn refused(
    site: &Site,
    request: &HttpRequest,
    refusal: InteractionRefusal,
) -> Result<HttpResponse, PageError> {
    let (status, (title, sentence)) = match refusal {
        InteractionRefusal::NotFound => (StatusCode::NOT_FOUND, NOT_YOURS),
        InteractionRefusal::Expired => (StatusCode::GONE, EXPIRED),
        InteractionRefusal::Decided => (StatusCode::CONFLICT, ANSWERED),
        InteractionRefusal::WrongConnection => (StatusCode::CONFLICT, WRONG_ACCOUNT),
        InteractionRefusal::SignInAgain => return Err(visitor::sign_in_first(site, request)),
        InteractionRefusal::Connect(error) => return Ok(connect_problem::response(&error, site)),
        InteractionRefusal::Unavailable(error) => return Err(error.into()),
    };
    let connections = site.path("/connections");
    let message = Message::wrong(title, sentence).way_on(&connections, "Your connections");
    Ok(page(status, message::document(&message, Some(&site.base))))
}

const ANSWERED: (&str, &str) = (
    "Answered",
    "This request was answered before. You can close this page and go back to the agent.",
);
const NOT_YOURS: (&str, &str) = (
    "Not found",
    "There is no such request for you. It may be meant for another user: check who is signed in here.",
);
const EXPIRED: (&str, &str) = (
    "Too late",
    "This request has expired. Go back to the agent and let it ask again.",
);
const WRONG_ACCOUNT: (&str, &str) = (
    "Not this account",
    "This account does not fit the request. Open the link of the agent again and choose another.",
);
