//! `POST /oauth/token` (RFC 6749 section 3.2): raw bytes in, recorded bytes out. No decision is made here.

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, HeaderName};
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use vouchsafe_audit::Recorded;
use vouchsafe_token_exchange::{TokenCall, TokenReply};

use crate::site::Site;
use crate::{body, origin, wire_error};

pub(super) fn resource() -> Resource {
    super::only("/oauth/token", "POST").post(post)
}

async fn post(site: web::Data<Site>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    if !request.query_string().is_empty() {
        return wire_error::query_refused();
    }
    let form = match body::form(&request, payload).await {
        Ok(form) => form,
        Err(error) => return wire_error::unreadable(error),
    };
    // Lossy, not dropped: a header that is no text must fail as a credential, not vanish.
    let authorization = request
        .headers()
        .get_all(AUTHORIZATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let call = TokenCall {
        authorization,
        form,
        origin: origin::of(&request, &site),
    };
    match site.app.authorization_server.token(call).await {
        Ok(recorded) => released(&recorded),
        Err(refusal) => wire_error::refused(&refusal),
    }
}

fn released(recorded: &Recorded<TokenReply>) -> HttpResponse {
    let mut response = wire_error::json(StatusCode::OK, recorded.body());
    if let Ok(receipt) = recorded.receipt().to_header().parse() {
        response
            .headers_mut()
            .insert(HeaderName::from_static("vouchsafe-record"), receipt);
    }
    response
}
