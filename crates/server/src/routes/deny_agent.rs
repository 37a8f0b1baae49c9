//! `POST /connections/{id}/agents/{client_id}/deny`: this agent may not, whoever trusts it.

use actix_web::{HttpRequest, HttpResponse, Resource, web};

use crate::html::see_other;
use crate::page_error::PageError;
use crate::site::Site;
use crate::{body, csrf, origin, visitor};

pub(super) fn resource() -> Resource {
    super::only("/connections/{id}/agents/{client_id}/deny", "POST").post(post)
}

async fn post(
    site: web::Data<Site>,
    request: HttpRequest,
    ids: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    let form = body::form(&request, payload).await?;
    let signed_in = visitor::required(&site, &request).await?;
    csrf::check(&site, &request, &form, signed_in.session.id.as_str())?;
    let (connection_id, client_id) = ids.into_inner();
    let connection_id = connection_id.parse().map_err(|_| PageError::NotFound)?;
    let client_id = client_id.parse().map_err(|_| PageError::NotFound)?;
    let origin = origin::of(&request, &site);
    site.app
        .authorization_server
        .deny_agent(&signed_in, &connection_id, &client_id, &origin)
        .await?;
    see_other(&site.path("/connections"))
}
