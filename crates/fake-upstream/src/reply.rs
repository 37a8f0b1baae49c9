//! An answer before it becomes bytes, so that faults can spoil it in one place.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::Value;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Empty,
    Json(Value),
    /// A JSON object that is written as a form (GitHub's default).
    Form(Value),
    Html(String),
    Text(String),
    /// JSON text cut in the middle.
    Cut(String),
    /// So many bytes of JSON.
    Huge(u64),
    /// No answer at all.
    HangUp,
}

impl Reply {
    pub(crate) fn json(status: u16, value: Value) -> Self {
        Self {
            status,
            headers: vec![("cache-control", "no-store".to_owned())],
            body: Body::Json(value),
        }
    }

    pub(crate) fn html(status: u16, page: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Html(page),
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::empty(status).with_header("location", location)
    }

    pub(crate) fn hang_up() -> Self {
        Self {
            status: 0,
            headers: Vec::new(),
            body: Body::HangUp,
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// What the journal notes: nothing after a hang-up.
    pub(crate) fn visible_status(&self) -> Option<u16> {
        (!matches!(self.body, Body::HangUp)).then_some(self.status)
    }

    /// The JSON value behind the body, for faults that edit it.
    pub(crate) fn value_mut(&mut self) -> Option<&mut Value> {
        match &mut self.body {
            Body::Json(value) | Body::Form(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn into_response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponseBuilder::new(status);
        for (name, value) in self.headers {
            response.append_header((name, value));
        }
        match self.body {
            Body::Empty => response.finish(),
            Body::Json(value) => response.content_type("application/json").body(value.to_string()),
            Body::Form(value) => response
                .content_type("application/x-www-form-urlencoded")
                .body(form_text(&value)),
            Body::Html(page) => response.content_type("text/html; charset=utf-8").body(page),
            Body::Text(text) => response.content_type("text/plain; charset=utf-8").body(text),
            Body::Cut(text) => response.content_type("application/json").body(text),
            Body::Huge(bytes) => response
                .content_type("application/json")
                .body(HugeJson::new(bytes)),
            Body::HangUp => response.body(HangUp),
        }
    }
}

/// Writes a JSON object as a form; nulls become empty values.
pub(crate) fn form_text(value: &Value) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, member) in value.as_object().into_iter().flatten() {
        match member {
            Value::String(text) => form.append_pair(name, text),
            Value::Null => form.append_pair(name, ""),
            other => form.append_pair(name, &other.to_string()),
        };
    }
    form.finish()
}

/// A body that fails before its first byte: the connection is closed before the head was flushed.
struct HangUp;

impl MessageBody for HangUp {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(Some(Err(std::io::Error::other("fault: hang up"))))
    }
}

/// `{"padding":"xxx…"}` of a given length, made while it is sent.
struct HugeJson {
    total: u64,
    sent: u64,
}

impl HugeJson {
    fn new(total: u64) -> Self {
        let shortest = (HUGE_HEAD.len() + HUGE_TAIL.len()) as u64;
        Self {
            total: total.max(shortest),
            sent: 0,
        }
    }
}

impl MessageBody for HugeJson {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.total)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let padding_left = (self.total - self.sent).saturating_sub(HUGE_TAIL.len() as u64);
        let chunk = if self.sent == 0 {
            Bytes::from_static(HUGE_HEAD)
        } else if padding_left > 0 {
            let length = usize::try_from(padding_left)
                .unwrap_or(HUGE_CHUNK)
                .min(HUGE_CHUNK);
            Bytes::from(vec![b'x'; length])
        } else if self.sent < self.total {
            Bytes::from_static(HUGE_TAIL)
        } else {
            return Poll::Ready(None);
        };
        self.sent += chunk.len() as u64;
        Poll::Ready(Some(Ok(chunk)))
    }
}

const HUGE_HEAD: &[u8] = b"{\"padding\":\"";
const HUGE_TAIL: &[u8] = b"\"}";
const HUGE_CHUNK: usize = 64 * 1024;
