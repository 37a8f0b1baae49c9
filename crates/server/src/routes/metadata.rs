//! `GET /.well-known/oauth-authorization-server` (RFC 8414 section 3).

use std::fmt::Write as _;

use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, Header as _, HeaderValue,
    IfNoneMatch,
};
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::site::Site;

/// `base` is the path of the issuer, which follows the well-known segment.
pub(super) fn resource(base: &str) -> Resource {
    super::only(&format!("/.well-known/oauth-authorization-server{base}"), "GET").get(get)
}

async fn get(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    public_json(&request, &site.app.authorization_server.metadata())
}

/// What anyone may read and keep for some minutes, browsers included: there are no credentials in it. Who has it already
/// is told so (MD-3.2-02).
pub(super) fn public_json(request: &HttpRequest, value: &impl Serialize) -> HttpResponse {
    let Ok(body) = serde_json::to_vec(value) else {
        return crate::wire_error::server_error();
    };
    let tag = EntityTag::new_strong(tag_of(&body));
    let known = has_already(request, &tag);
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")));
    if known {
        return response.finish();
    }
    response
        .insert_header((CONTENT_TYPE, HeaderValue::from_static("application/json")))
        .body(body)
}

/// The same on every replica, because it follows from the bytes alone.
fn tag_of(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let start = &digest[..12];
    start.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Compared weakly, as RFC 9110 section 13.1.2 wants. A header that cannot be read is none.
fn has_already(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::IF_NONE_MATCH;
    use actix_web::test::TestRequest;

    use super::*;

    fn answer(known: Option<&str>) -> HttpResponse {
        let request = TestRequest::get();
        let request = match known {
            Some(known) => request.insert_header((IF_NONE_MATCH, known)),
            None => request,
        };
        public_json(&request.to_http_request(), &["x"])
    }

    #[test]
    fn md_3_2_02__who_has_it_is_told_so() {
        let first = answer(None);
        assert_eq!(first.status(), 200);
        let tag = first.headers().get(ETAG).unwrap().to_str().unwrap().to_owned();
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
            "*".to_owned(),
        ] {
            let again = answer(Some(&known));
            assert_eq!(again.status(), 304, "{known}");
            assert_eq!(again.headers().get(ETAG).unwrap().to_str().unwrap(), tag);
            assert!(again.headers().contains_key(CACHE_CONTROL));
        }
        for other in ["\"other\"", "nonsense", ""] {
            assert_eq!(answer(Some(other)).status(), 200, "{other}");
        }
    }
}
