//! A request as the endpoints read it: decoded once, whatever its encoding.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::fault::{Endpoint, Fault};

/// An arriving request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) personality: &'static str,
    pub(crate) endpoint: Endpoint,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The path below the personality, without a leading slash.
    pub(crate) tail: String,
    pub(crate) raw_query: String,
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case, values lossily decoded.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) json: Option<Value>,
    pub(crate) fault: Option<Fault>,
}

impl Request {
    /// Reads the body by its content type: JSON if it says so, a form otherwise.
    pub(crate) fn read_body(&mut self, body: &[u8]) {
        if self
            .header("content-type")
            .is_some_and(|value| value.contains("json"))
        {
            self.json = serde_json::from_slice(body).ok();
            if let Some(Value::Object(members)) = &self.json {
                self.parameters = members.iter().filter_map(scalar_member).collect();
            }
        } else {
            self.parameters = form_pairs(body);
        }
    }

    /// The first value of a header; the name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first body parameter, an empty one counting as absent (RFC 6749 section 3.2).
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self
            .parameters
            .iter()
            .find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// All body parameters of a name.
    pub(crate) fn parameters_named(&self, name: &str) -> Vec<String> {
        let named = self.parameters.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.clone()).collect()
    }

    /// The scheme of `Authorization`.
    pub(crate) fn authorization_scheme(&self) -> Option<String> {
        let scheme = self
            .header("authorization")?
            .split(' ')
            .next()
            .unwrap_or_default();
        Some(scheme.to_owned())
    }

    /// The token of `Authorization: Bearer` (GitHub also takes `token`).
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
        known.then_some(token.trim())
    }

    /// Client id and secret of `Authorization: Basic`, form-decoded (RFC 6749 section 2.3.1).
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        Some((form_decoded(id), form_decoded(secret)))
    }

    /// Whether the caller asked for JSON explicitly.
    pub(crate) fn accepts_json(&self) -> bool {
        self.header("accept")
            .is_some_and(|value| value.contains("application/json"))
    }
}

/// Decodes `application/x-www-form-urlencoded`.
pub(crate) fn form_pairs(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

fn form_decoded(text: &str) -> String {
    let pair = format!("v={text}");
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn scalar_member((name, value): (&String, &Value)) -> Option<(String, String)> {
    match value {
        Value::String(text) => Some((name.clone(), text.clone())),
        Value::Number(number) => Some((name.clone(), number.to_string())),
        Value::Bool(flag) => Some((name.clone(), flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
