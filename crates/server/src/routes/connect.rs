//! `GET /connect/{provider}?scope=&reconnect=`: who leaves, for where, with which permissions (CL-06). `POST`: leaves.
//!
//! Both want a recent sign-in. The `GET` changes nothing.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_identity_provider::Begin;
use vouchsafe_model::{ConnectionId, ProviderId};
use vouchsafe_oauth_types::{Form, Scope};

use crate::html::page_with_forms_to;
use crate::page_error::PageError;
use crate::pages::connect::{Asked, interstitial};
use crate::pages::{Frame, connect_problem};
use crate::site::Site;
use crate::{body, csrf, departure, origin, visitor};

pub(super) fn resource() -> Resource {
    super::only("/connect/{provider}", "GET, POST")
        .get(get)
        .post(post)
}

async fn get(
    site: web::Data<Site>,
    request: HttpRequest,
    provider: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let query = Form::parse(request.query_string().as_bytes()).map_err(|_| PageError::Malformed)?;
    let wanted = Wanted::read(&provider, &query)?;
    let signed_in = visitor::recent(&site, &request).await?;
    let Wanted {
        provider_id,
        scope,
        reconnect,
    } = &wanted;
    let view = site.app.identity_provider.interstitial(
        &signed_in.user,
        provider_id,
        scope.as_ref(),
        reconnect.as_ref(),
    );
    let view = match view.await {
        Ok(view) => view,
        Err(error) => return Ok(connect_problem::response(&error, &site)),
    };
    let frame = Frame::of(&site, &request, &signed_in);
    let scope = scope.as_ref().map(ToString::to_string);
    let asked = Asked {
        provider_id: provider_id.as_str(),
        scope: scope.as_deref(),
        reconnect: reconnect.as_ref().map(ConnectionId::as_str),
    };
    let targets = departure::targets(&site, provider_id).await?;
    Ok(page_with_forms_to(
        &targets,
        StatusCode::OK,
        interstitial(&view, &asked, &frame),
    ))
}

async fn post(
    site: web::Data<Site>,
    request: HttpRequest,
    provider: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    let form = body::form(&request, payload).await?;
    let wanted = Wanted::read(&provider, &form)?;
    let signed_in = visitor::recent(&site, &request).await?;
    csrf::check(&site, &request, &form, signed_in.session.id.as_str())?;
    let begin = Begin {
        user: signed_in.user,
        session: signed_in.session,
        provider_id: wanted.provider_id,
        scope: wanted.scope,
        reconnect: wanted.reconnect,
        client_id: None,
        interaction_id: None,
        approved: None,
        origin: origin::of(&request, &site),
    };
    match site.app.identity_provider.begin(begin).await {
        Ok(departure) => departure::leave(&departure),
        Err(error) => Ok(connect_problem::response(&error, &site)),
    }
}

/// What is to be connected; said the same way by the link and by the form.
struct Wanted {
    provider_id: ProviderId,
    scope: Option<Scope>,
    reconnect: Option<ConnectionId>,
}

impl Wanted {
    fn read(provider: &str, form: &Form) -> Result<Self, PageError> {
        let field = |name| form.single(name).map_err(|_| PageError::Malformed);
        Ok(Self {
            provider_id: provider.parse().map_err(|_| PageError::NotFound)?,
            scope: field("scope")?
                .map(Scope::parse)
                .transpose()
                .map_err(|_| PageError::Malformed)?,
            reconnect: field("reconnect")?
                .map(str::parse)
                .transpose()
                .map_err(|_| PageError::Malformed)?,
        })
    }
}
