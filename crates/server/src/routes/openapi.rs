//! `GET /openapi.json`: the OpenAPI document. There is nothing in it that the source does not say: no credentials.

use actix_web::{HttpRequest, HttpResponse, Resource, web};

use super::metadata::public_json;
use crate::openapi;
use crate::site::Site;

pub(super) fn resource() -> Resource {
    super::only("/openapi.json", "GET").get(get)
}

async fn get(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let document = site
        .openapi
        .get_or_init(|| openapi::document(&site.app.options.issuer));
    public_json(&request, document)
}
