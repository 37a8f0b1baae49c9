//! `POST /connections/{id}/disconnect`: the person ends a connection of theirs. Dead here when this answers.

use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_identity_provider::{RevokeError, RevokedBy};

use crate::html::see_other;
use crate::page_error::PageError;
use crate::site::Site;
use crate::{body, csrf, origin, visitor};

pub(super) fn resource() -> Resource {
    super::only("/connections/{id}/disconnect", "POST").post(post)
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
    let by = RevokedBy::User(signed_in.user.id.clone());
    let revoked = site
        .app
        .identity_provider
        .revoke_connection(&id, by, origin::of(&request, &site))
        .await;
    match revoked {
        Ok(_) => see_other(&site.path("/connections")),
        Err(RevokeError::NotFound) => Err(PageError::NotFound),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, connection.id = %id, "a connection could not be revoked");
            Err(PageError::Unavailable)
        }
    }
}
