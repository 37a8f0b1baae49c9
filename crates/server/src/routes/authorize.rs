//! `GET` and `POST /oauth/authorize` (RFC 6749 section 3.1). Never with CORS headers: browsers navigate here.
//!
//! A `POST` with a query is the answer to our own consent page, whose form brings the request back in its query. A
//! `POST` without one is an authorization request in a form (OpenID Connect Core section 3.1.2.1); it becomes a `GET`,
//! because a form from another site does not bring our session cookie along.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_oauth_types::Form;
use vouchsafe_sign_in::SignedIn;
use vouchsafe_token_exchange::{AuthorizeOutcome, ConsentView};

use crate::html::{FormTargets, page, page_with_forms_to, see_other};
use crate::page_error::PageError;
use crate::pages::message::{self, Message};
use crate::pages::{Frame, consent};
use crate::site::Site;
use crate::{body, csrf, origin, visitor};

pub(super) fn resource() -> Resource {
    super::only("/oauth/authorize", "GET, POST").get(get).post(post)
}

async fn get(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let signed_in = visitor::visitor(&site, &request).await?;
    let origin = origin::of(&request, &site);
    let query = request.query_string().as_bytes();
    let outcome = site
        .app
        .authorization_server
        .authorize(query, signed_in.as_ref(), &origin)
        .await;
    answer(&site, &request, signed_in.as_ref(), outcome)
}

async fn post(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    if request.query_string().is_empty() {
        return as_get(&site, &request, payload).await;
    }
    let form = body::form(&request, payload).await?;
    let signed_in = visitor::required(&site, &request).await?;
    csrf::check(&site, &request, &form, signed_in.session.id.as_str())?;
    let approve = decision(&form)?;
    let origin = origin::of(&request, &site);
    let query = request.query_string().as_bytes();
    let outcome = site
        .app
        .authorization_server
        .decide_authorization(query, &signed_in, approve, &origin)
        .await;
    answer(&site, &request, Some(&signed_in), outcome)
}

async fn as_get(
    site: &Site,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    let body = body::form_bytes(request, payload).await?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~%+&=*!'()$,;:@/?".contains(b);
    match std::str::from_utf8(body.expose()) {
        Ok(query)
            if !query.is_empty() && query.len() <= LONGEST_QUERY && query.bytes().all(|b| plain(&b)) =>
        {
            see_other(&format!("{}?{query}", site.path("/oauth/authorize")))
        }
        _ => Err(PageError::Malformed),
    }
}

fn answer(
    site: &Site,
    request: &HttpRequest,
    signed_in: Option<&SignedIn>,
    outcome: AuthorizeOutcome,
) -> Result<HttpResponse, PageError> {
    match (outcome, signed_in) {
        (AuthorizeOutcome::Refused(refusal), _) => Ok(page(
            StatusCode::BAD_REQUEST,
            message::document(&Message::wrong(refusal.title, refusal.sentence), Some(&site.base)),
        )),
        (AuthorizeOutcome::Redirect(location), _) => see_other(&location),
        (AuthorizeOutcome::Consent(view), Some(signed_in)) => Ok(ask(site, request, signed_in, &view)),
        (AuthorizeOutcome::SignIn | AuthorizeOutcome::Consent(_), _) => {
            Err(visitor::sign_in_first(site, request))
        }
        (AuthorizeOutcome::Unavailable, _) => Err(PageError::Unavailable),
    }
}

fn ask(site: &Site, request: &HttpRequest, signed_in: &SignedIn, view: &ConsentView) -> HttpResponse {
    let frame = Frame::of(site, request, signed_in);
    let query = request.query_string();
    let document = consent::document(view, query, &frame);
    page_with_forms_to(&back_to_client(query), StatusCode::OK, document)
}

/// Where the answer to this authorization request goes. Only for a request whose redirect URI was found registered.
pub(super) fn back_to_client(query: &str) -> FormTargets {
    let form = Form::parse(query.as_bytes()).ok();
    let redirect_uri = form
        .as_ref()
        .and_then(|form| form.single("redirect_uri").ok().flatten());
    redirect_uri.map_or_else(FormTargets::own, |uri| FormTargets::own().and(uri))
}

pub(super) fn decision(form: &Form) -> Result<bool, PageError> {
    match form.single("decision") {
        Ok(Some("approve")) => Ok(true),
        Ok(Some("deny")) => Ok(false),
        _ => Err(PageError::Malformed),
    }
}

const LONGEST_QUERY: usize = 8 * 1024;
