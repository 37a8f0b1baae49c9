//! One way in for every request: read, journal, delay, fault, operation, spoil, answer.

use std::time::Duration;

use actix_web::rt::time::sleep;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::endpoints;
use crate::errors::{TokenError, refusal};
use crate::fault::{Endpoint, Fault};
use crate::personality::{Operation, find_route};
use crate::provider::Provider;
use crate::reply::{Body, Reply, form_text};
use crate::request::{Request, form_pairs};
use crate::state::State;
use crate::{control, personality};

/// Answers a request to any path.
pub(crate) async fn dispatch(http: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let path = http.path().trim_start_matches('/').to_owned();
    let (first, tail) = path.split_once('/').unwrap_or((&path, ""));
    if first == "control" {
        return control::answer(&state, http.method().as_str(), tail, http.query_string(), &body)
            .into_response();
    }
    let Some(provider) = state.provider(first) else {
        return Reply::empty(404).into_response();
    };
    let mut request = read(&http, provider, tail, &body);
    let operation = find_route(provider.personality, &request.method, tail);
    if let Some(operation) = operation {
        request.endpoint = operation.endpoint();
        request.fault = provider.take_fault(request.endpoint, |fault| {
            request.endpoint != Endpoint::Authorize || !fault.spoils_authorization_response()
        });
    }
    let number = state.journal.arrived(&request, state.clock.now_ms());
    let reply = match operation {
        Some(operation) => perform(&state, provider, operation, &request).await,
        None => Reply::empty(404),
    };
    state.journal.answered(number, reply.visible_status());
    reply.into_response()
}

async fn perform(state: &State, provider: &Provider, operation: Operation, request: &Request) -> Reply {
    let refresh_token = request
        .parameter("refresh_token")
        .filter(|_| operation == Operation::Token);
    let _in_flight = refresh_token.map(|token| provider.refresh_arrived(token));
    let delay = provider
        .knobs()
        .delays_ms
        .get(&request.endpoint)
        .copied()
        .unwrap_or(0);
    if delay > 0 {
        sleep(Duration::from_millis(delay)).await;
    }
    if let Some(reply) = instead(provider, request) {
        return reply;
    }
    let mut reply = operate(state, provider, operation, request);
    if let Some(Fault::StallMillis(millis)) = request.fault {
        sleep(Duration::from_millis(millis)).await;
    }
    if let Some(fault) = &request.fault {
        spoil(&mut reply, fault);
    }
    reply
}

fn operate(state: &State, provider: &Provider, operation: Operation, request: &Request) -> Reply {
    match operation {
        Operation::Authorize => endpoints::authorize::authorize(state, provider, request),
        Operation::Decide => endpoints::authorize::decide(state, provider, request),
        Operation::Token => endpoints::token::token(state, provider, request),
        Operation::Revoke => endpoints::revoke::revoke(state, provider, request),
        Operation::Introspect => endpoints::introspect::introspect(state, provider, request),
        Operation::Userinfo => endpoints::api::userinfo(state, provider, request),
        Operation::Discovery => endpoints::openid::discovery(state, provider.personality),
        Operation::Jwks => endpoints::openid::jwks(state),
        Operation::Resource => endpoints::api::resource(state, provider, request),
        Operation::Echo => endpoints::api::echo(state, provider, request),
        Operation::GithubUser => endpoints::github::user(state, provider, request),
        Operation::GithubCheckToken => endpoints::github::check_token(state, provider, request),
        Operation::GithubDeleteToken => endpoints::github::delete_token(state, provider, request),
        Operation::GithubDeleteGrant => endpoints::github::delete_grant(state, provider, request),
        Operation::SlackRevoke => endpoints::slack::revoke(state, provider, request),
        Operation::SlackTest => endpoints::slack::test(state, provider, request),
        Operation::AtlassianSites => endpoints::api::atlassian_sites(state, provider, request),
    }
}

/// The answer of a fault that comes before any processing.
fn instead(provider: &Provider, request: &Request) -> Option<Reply> {
    let personality = provider.personality;
    Some(match request.fault.as_ref()? {
        Fault::Status {
            code,
            body,
            retry_after,
        } => {
            let mut reply = Reply::empty(*code);
            reply.body = match serde_json::from_str::<Value>(body) {
                _ if body.is_empty() => Body::Empty,
                Ok(value) => Body::Json(value),
                Err(_) => Body::Text(body.clone()),
            };
            match retry_after {
                Some(value) => reply.with_header("retry-after", value.clone()),
                None => reply,
            }
        }
        Fault::HangUpBeforeProcessing => Reply::hang_up(),
        Fault::HtmlPage { status } => Reply::html(*status, OUTAGE_PAGE.to_owned()),
        Fault::HugeBody(bytes) => {
            let mut reply = Reply::empty(200);
            reply.body = Body::Huge(*bytes);
            reply
        }
        Fault::Redirect(location) => Reply::redirect(307, location),
        Fault::InvalidClient => refusal(personality, request, TokenError::Client),
        Fault::InvalidGrant if request.parameter("refresh_token").is_some() => {
            refusal(personality, request, TokenError::RefreshToken("fault"))
        }
        Fault::InvalidGrant => refusal(personality, request, TokenError::Code("fault")),
        _ => return None,
    })
}

/// Spoils an answer after the work was done.
fn spoil(reply: &mut Reply, fault: &Fault) {
    match fault {
        Fault::HangUpAfterProcessing => *reply = Reply::hang_up(),
        Fault::TruncatedJson => {
            let text = match &reply.body {
                Body::Json(value) => value.to_string(),
                Body::Form(value) => form_text(value),
                _ => return,
            };
            let half = text.chars().take(text.chars().count() / 2).collect();
            reply.body = Body::Cut(half);
        }
        Fault::NoAccessToken => set_field(reply, "/access_token", None),
        Fault::TokenType(value) => set_field(reply, "/token_type", Some(value)),
        Fault::ExpiresIn(value) => set_field(reply, "/expires_in", Some(value)),
        Fault::Scope(value) => set_field(reply, "/scope", Some(value)),
        Fault::Field { pointer, value } => set_field(reply, pointer, value.as_ref()),
        _ => {}
    }
}

/// Replaces, adds or removes an object member of a successful answer.
fn set_field(reply: &mut Reply, pointer: &str, new: Option<&Value>) {
    let Some(body) = reply.value_mut() else { return };
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return;
    };
    let Some(Value::Object(members)) = body.pointer_mut(parent) else {
        return;
    };
    match new {
        Some(value) => members.insert(name.to_owned(), value.clone()),
        None => members.remove(name),
    };
}

fn read(http: &HttpRequest, provider: &Provider, tail: &str, body: &[u8]) -> Request {
    let headers = http.headers().iter().map(|(name, value)| {
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let mut request = Request {
        personality: provider.personality.name,
        endpoint: Endpoint::Unknown,
        method: http.method().as_str().to_owned(),
        path: http.path().to_owned(),
        tail: tail.to_owned(),
        raw_query: http.query_string().to_owned(),
        query: form_pairs(http.query_string().as_bytes()),
        headers: headers.collect(),
        parameters: Vec::new(),
        json: None,
        fault: None,
    };
    request.read_body(body);
    request
}

/// The paths and models of every personality, for people.
pub(crate) fn described() -> Vec<(&'static str, &'static str, Vec<String>)> {
    let all = personality::catalogue::ALL.iter();
    all.map(|row| (row.name, row.models, personality::described(row)))
        .collect()
}

const OUTAGE_PAGE: &str = "<!doctype html><html><head><title>Service unavailable</title></head>\
    <body><h1>Be right back</h1><p>This page is not JSON.</p></body></html>";
