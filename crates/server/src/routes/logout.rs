//! `POST /logout`.

use actix_web::{HttpRequest, HttpResponse, Resource, web};

use crate::html::see_other;
use crate::page_error::PageError;
use crate::site::Site;
use crate::{body, cookies, csrf, origin, visitor};

pub(super) fn resource() -> Resource {
    super::only("/logout", "POST").post(post)
}

async fn post(
    site: web::Data<Site>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, PageError> {
    let form = body::form(&request, payload).await?;
    let signed_in = visitor::required(&site, &request).await?;
    csrf::check(&site, &request, &form, signed_in.session.id.as_str())?;
    site.app
        .sign_in
        .sign_out(&signed_in, &origin::of(&request, &site))
        .await?;
    let mut response = see_other(&site.path("/login"))?;
    response
        .add_cookie(&cookies::remove(cookies::SESSION))
        .map_err(|_| PageError::Internal)?;
    Ok(response)
}
