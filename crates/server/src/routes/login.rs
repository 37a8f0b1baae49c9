//! `GET` and `POST /login`.
//!
//! Before there is a session, the form's token is bound to a random cookie: nobody can sign a browser in to an account
//! of theirs from another site (ATK-30). Whoever signs in gets a new session; the one the browser had ends.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_model::Secret;
use vouchsafe_oauth_types::Form;
use vouchsafe_sign_in::{SignInError, SignedIn};
use vouchsafe_token_exchange::AuthorizeOutcome;

use super::authorize::back_to_client;
use crate::html::{FormTargets, page_with_forms_to, see_other};
use crate::page_error::PageError;
use crate::pages::login::{Already, Login, document};
use crate::return_to::ReturnTo;
use crate::site::Site;
use crate::wire_error::whole_seconds;
use crate::{body, cookies, csrf, origin, time_text, visitor};

pub(super) fn resource() -> Resource {
    super::only("/login", "GET, POST").get(get).post(post)
}

async fn get(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let query = Form::parse(request.query_string().as_bytes()).map_err(|_| PageError::Malformed)?;
    let signed_in = visitor::visitor(&site, &request).await?;
    let username = signed_in
        .as_ref()
        .map_or("", |signed_in| signed_in.user.username.as_str());
    let return_to = return_to(&query)?;
    let shown = Shown {
        status: StatusCode::OK,
        username,
        already: already(&site, signed_in.as_ref(), return_to.as_ref()),
        return_to,
        problem: None,
    };
    show(&site, &request, shown).await
}

async fn post(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    let form = body::form(&request, payload).await?;
    let bound_to = cookies::named(&request, cookies::PRE_LOGIN).ok_or(PageError::Forged)?;
    csrf::check(&site, &request, &form, &csrf::before_sign_in(&bound_to))?;
    let return_to = return_to(&form)?;
    let field = |name| form.single(name).map_err(|_| PageError::Malformed);
    let username = field("username")?.unwrap_or_default();
    let password = Secret::from(field("password")?.unwrap_or_default());
    let previous = cookies::named(&request, cookies::SESSION);
    let origin = origin::of(&request, &site);
    match site
        .app
        .sign_in
        .with_password(username, password, previous.as_deref(), &origin)
        .await
    {
        Ok((signed_in, cookie)) => welcome(&site, &signed_in, &cookie, return_to.as_ref()),
        Err(SignInError::Refused) => {
            let shown = Shown {
                status: StatusCode::FORBIDDEN,
                return_to,
                username,
                already: Already::Nobody,
                problem: Some("The name or the password is wrong. Check both and try again."),
            };
            show(&site, &request, shown).await
        }
        Err(SignInError::Throttled { retry_after }) => {
            let problem = format!(
                "There were too many failed attempts. Wait {}, then try again.",
                time_text::pause(retry_after)
            );
            let shown = Shown {
                status: StatusCode::TOO_MANY_REQUESTS,
                return_to,
                username,
                already: Already::Nobody,
                problem: Some(&problem),
            };
            let mut response = show(&site, &request, shown).await?;
            let seconds = whole_seconds(retry_after)
                .parse()
                .map_err(|_| PageError::Internal)?;
            response.headers_mut().insert(RETRY_AFTER, seconds);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

fn welcome(
    site: &Site,
    signed_in: &SignedIn,
    cookie: &Secret<String>,
    return_to: Option<&ReturnTo>,
) -> Result<HttpResponse, PageError> {
    let mut response = see_other(&site.path(return_to.map_or("/connections", ReturnTo::as_str)))?;
    let lifetime = site.app.clock.now().until(signed_in.session.expires_at);
    let session = cookies::set(cookies::SESSION.to_owned(), cookie, lifetime);
    response.add_cookie(&session).map_err(|_| PageError::Internal)?;
    response
        .add_cookie(&cookies::remove(cookies::PRE_LOGIN))
        .map_err(|_| PageError::Internal)?;
    Ok(response)
}

struct Shown<'a> {
    status: StatusCode,
    return_to: Option<ReturnTo>,
    username: &'a str,
    already: Already,
    problem: Option<&'a str>,
}

/// A page of ours sends somebody who is signed in here only when that was too long ago; an application may want it
/// anew at any time (`prompt`, `max_age`). Otherwise they came by themselves.
fn already(site: &Site, signed_in: Option<&SignedIn>, return_to: Option<&ReturnTo>) -> Already {
    match (signed_in, return_to) {
        (None, _) => Already::Nobody,
        (Some(_), Some(to)) if to.authorization_request().is_some() => Already::SentByApplication,
        (Some(signed_in), Some(to))
            if to.as_str() != "/connections" && !site.app.sign_in.is_recent(&signed_in.session) =>
        {
            Already::TooLongAgo
        }
        (Some(_), _) => Already::Somebody,
    }
}

async fn show(site: &Site, request: &HttpRequest, shown: Shown<'_>) -> Result<HttpResponse, PageError> {
    // One cookie for all tabs: a second sign-in page does not spoil the form of the first.
    let kept = cookies::named(request, cookies::PRE_LOGIN).filter(|kept| kept.len() == 64);
    let bound_to = kept.map_or_else(|| site.app.recorder.ledger().ids().secret_text(), Secret::new);
    let csrf = site
        .app
        .vault
        .csrf_token(&csrf::before_sign_in(bound_to.expose()));
    let document = document(&Login {
        base: &site.base,
        csrf: &csrf,
        return_to: shown.return_to.as_ref().map(ReturnTo::as_str),
        username: shown.username,
        already: shown.already,
        problem: shown.problem,
    });
    let targets = onward(site, request, shown.return_to.as_ref()).await;
    let mut response = page_with_forms_to(&targets, shown.status, document);
    let cookie = cookies::set(cookies::PRE_LOGIN.to_owned(), &bound_to, PRE_LOGIN_LIFE);
    response.add_cookie(&cookie).map_err(|_| PageError::Internal)?;
    Ok(response)
}

/// Signing in may lead straight on to a client: where the person has consented before, the authorization request that
/// waits is answered at once. Named only when the request is one that would be answered there.
async fn onward(site: &Site, request: &HttpRequest, return_to: Option<&ReturnTo>) -> FormTargets {
    let Some(query) = return_to.and_then(ReturnTo::authorization_request) else {
        return FormTargets::own();
    };
    let origin = origin::of(request, site);
    match site
        .app
        .authorization_server
        .authorize(query.as_bytes(), None, &origin)
        .await
    {
        AuthorizeOutcome::SignIn => back_to_client(query),
        _ => FormTargets::own(),
    }
}

/// Anything but a page of ours is refused, not repaired.
fn return_to(form: &Form) -> Result<Option<ReturnTo>, PageError> {
    match form.single("return_to") {
        Ok(None) => Ok(None),
        Ok(Some(text)) => ReturnTo::parse(text).map(Some).ok_or(PageError::Malformed),
        Err(_) => Err(PageError::Malformed),
    }
}

const PRE_LOGIN_LIFE: Duration = Duration::from_secs(60 * 60);
