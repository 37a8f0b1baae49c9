//! What a provider answered, and the body of it as a tree.

use std::time::Duration;

use serde_json::{Map, Value};
use url::form_urlencoded;
use vouchsafe_model::UnixMillis;

use super::json::{self, JsonError};
use super::retry_after;
use super::schema::ResponseFormat;

/// An answer, with its body cut off by the client at its own cap. It is not `Debug`: the body may hold tokens.
#[derive(Clone)]
pub struct UpstreamAnswer<'a> {
    /// The status.
    pub status: u16,
    /// `Content-Type`. Kept for the record; providers mislabel bodies, so it decides nothing.
    pub content_type: Option<String>,
    /// `Retry-After`
    pub retry_after: Option<String>,
    /// The body.
    pub body: &'a [u8],
}

/// Why a body has no tree.
pub(super) enum Undecodable {
    /// A page, half a document, nothing: somebody else answered, or the connection broke.
    Foreign,
    /// A document that must not be believed.
    Refused(&'static str),
}

/// A parsed body. Its texts are wiped when it goes.
pub(super) struct Tree(Value);

impl Tree {
    pub(super) fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// The text or number at the first pointer that has one.
    pub(super) fn word(&self, pointers: &[String]) -> Option<String> {
        pointers.iter().find_map(|pointer| scalar(self.at(pointer)?))
    }

    pub(super) const fn value(&self) -> &Value {
        &self.0
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        json::wipe(&mut self.0);
    }
}

/// A text that is not empty, or an integer.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

impl UpstreamAnswer<'_> {
    /// Whether the status is 2xx.
    pub(super) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// Whether the status alone says that nothing was decided: overload, a broken server, or a redirect, which is never
    /// followed with a credential (UP-22).
    pub(super) const fn is_transient(&self) -> bool {
        matches!(self.status, 0..200 | 300..400 | 408 | 425 | 429 | 500..)
    }

    pub(super) fn wait(&self, now: Option<UnixMillis>, tree: Option<&Tree>) -> Option<Duration> {
        let header = self
            .retry_after
            .as_deref()
            .and_then(|text| retry_after::parse(text, now));
        header.or_else(|| retry_after::seconds_to_wait(tree?.at("/retry_after")?.as_f64()?))
    }

    pub(super) fn decode(&self, format: ResponseFormat) -> Result<Tree, Undecodable> {
        if self.body.len() > MAX_BODY {
            return Err(Undecodable::Foreign);
        }
        let body = self
            .body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(self.body)
            .trim_ascii();
        let looks_like_json = matches!(body.first(), Some(b'{' | b'['));
        if looks_like_json || format == ResponseFormat::Json {
            return match json::parse(body) {
                Ok(value @ Value::Object(_)) => Ok(Tree(value)),
                Ok(mut value) => {
                    json::wipe(&mut value);
                    Err(Undecodable::Refused("object"))
                }
                Err(JsonError::Malformed) => Err(Undecodable::Foreign),
                Err(JsonError::Refused(what)) => Err(Undecodable::Refused(what)),
            };
        }
        form(body)
    }
}

/// Almost anything parses as a form, so one must carry a token or an error to be believed.
fn form(body: &[u8]) -> Result<Tree, Undecodable> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(Undecodable::Foreign);
    };
    let mut tree = Tree(Value::Object(Map::new()));
    let Value::Object(members) = &mut tree.0 else {
        return Err(Undecodable::Foreign);
    };
    for (name, value) in form_urlencoded::parse(text.as_bytes()).take(MAX_FORM_FIELDS) {
        if members
            .insert(name.into_owned(), Value::String(value.into_owned()))
            .is_some()
        {
            return Err(Undecodable::Refused("duplicate member"));
        }
    }
    let tells = ["access_token", "refresh_token", "error"];
    if tells.iter().any(|name| members.contains_key(*name)) {
        Ok(tree)
    } else {
        Err(Undecodable::Foreign)
    }
}

const MAX_BODY: usize = 1 << 20;
const MAX_FORM_FIELDS: usize = 64;
