//! `GET /oauth/jwks` (RFC 7517): the public keys of our tokens.

use actix_web::{HttpResponse, Resource, web};

use super::metadata::public_json;
use crate::site::Site;

pub(super) fn resource() -> Resource {
    super::only("/oauth/jwks", "GET, HEAD")
        .get(get)
        .route(web::head().to(get))
}

async fn get(site: web::Data<Site>) -> HttpResponse {
    public_json(&site.app.authorization_server.jwks())
}
