//! `GET /oauth/jwks` (RFC 7517): the public keys of our tokens.

use actix_web::{HttpRequest, HttpResponse, Resource, web};

use super::metadata::public_json;
use crate::site::Site;

pub(super) fn resource() -> Resource {
    super::only("/oauth/jwks", "GET").get(get)
}

async fn get(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    public_json(&request, &site.app.authorization_server.jwks())
}
