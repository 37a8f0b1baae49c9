//! `GET /`, and the issuer itself where it has a path: to the page that everyone has.

use actix_web::{HttpResponse, Resource, web};

use crate::html::see_other;
use crate::page_error::PageError;
use crate::site::Site;

pub(super) fn resource(path: &str) -> Resource {
    super::only(path, "GET").get(get)
}

async fn get(site: web::Data<Site>) -> Result<HttpResponse, PageError> {
    see_other(&site.path("/connections"))
}
