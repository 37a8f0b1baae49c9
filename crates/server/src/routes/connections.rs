//! `GET /connections`: everything that is connected, allowed and pending.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};

use crate::html::page;
use crate::page_error::PageError;
use crate::pages::{Frame, connections};
use crate::site::Site;
use crate::visitor;

pub(super) fn resource() -> Resource {
    super::only("/connections", "GET").get(get)
}

async fn get(site: web::Data<Site>, request: HttpRequest) -> Result<HttpResponse, PageError> {
    let signed_in = visitor::required(&site, &request).await?;
    let view = site.app.authorization_server.connections_view(&signed_in).await?;
    let frame = Frame::of(&site, &request, &signed_in);
    Ok(page(StatusCode::OK, connections::document(&view, &frame)))
}
