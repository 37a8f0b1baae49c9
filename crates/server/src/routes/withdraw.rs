//! `POST /delegations/{id}/withdraw`: the person takes leave back.

use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_token_exchange::DecisionError;

use crate::html::see_other;
use crate::page_error::PageError;
use crate::site::Site;
use crate::{body, csrf, origin, visitor};

pub(super) fn resource() -> Resource {
    super::only("/delegations/{id}/withdraw", "POST").post(post)
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
    let id = id.parse().map_err(|_| PageError::NotFound)?;
    let origin = origin::of(&request, &site);
    site.app
        .authorization_server
        .withdraw_delegation(&signed_in, &id, &origin)
        .await?;
    see_other(&site.path("/connections"))
}

impl From<DecisionError> for PageError {
    fn from(error: DecisionError) -> Self {
        match error {
            DecisionError::NotFound | DecisionError::Tampered(_) => Self::NotFound,
            DecisionError::Unavailable(error) => error.into(),
        }
    }
}
