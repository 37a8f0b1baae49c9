//! Reads what callers send, strictly: one JSON value of the declared shape, the declared query parameters and no others
//! (ATK-34). What is wrong is said by its name and what it should be; values are never repeated, they may be secrets.

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use url::form_urlencoded;
use vouchsafe_model::Secret;
use vouchsafe_oauth_types::Form;

use super::operation::Parameter;
use super::wire::Strict;
use crate::body::{self, BodyError};
use crate::problem::Problem;

/// The query of a request: well-formed, every parameter known, none twice.
pub(super) fn query(request: &HttpRequest, known: &[Parameter]) -> Result<Form, Problem> {
    let text = request.query_string();
    let names = || match known.iter().map(|parameter| parameter.name).collect::<Vec<_>>() {
        none if none.is_empty() => "there are no query parameters here".to_owned(),
        names => format!("the query parameters here are {}", names.join(", ")),
    };
    let form =
        Form::parse(text.as_bytes()).map_err(|error| Problem::Invalid(format!("the query: {error}")))?;
    let is_known = |name: &str| known.iter().any(|parameter| parameter.name == name);
    if !form_urlencoded::parse(text.as_bytes()).all(|(name, _)| is_known(&name)) {
        return Err(Problem::Invalid(format!(
            "there is an unknown query parameter; {}",
            names()
        )));
    }
    form.require_no_duplicates_except(&[])
        .map_err(|_| Problem::Invalid("a query parameter is repeated".to_owned()))?;
    Ok(form)
}

/// The bytes of a JSON body.
pub(super) async fn bytes(request: &HttpRequest, payload: web::Payload) -> Result<Secret<Vec<u8>>, Problem> {
    if !is_json(request) {
        return Err(Problem::NotJson);
    }
    body::bytes(request, payload).await.map_err(|error| match error {
        BodyError::TooLarge => Problem::TooLarge,
        BodyError::NotAForm => Problem::NotJson,
        BodyError::Malformed | BodyError::Interrupted => Problem::Interrupted,
    })
}

fn is_json(request: &HttpRequest) -> bool {
    let mut types = request.headers().get_all(CONTENT_TYPE);
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return false;
    };
    let mut parts = content_type
        .to_str()
        .unwrap_or_default()
        .split(';')
        .map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let utf_8 = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        name.trim().eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    let uncoded = request
        .headers()
        .get_all(CONTENT_ENCODING)
        .all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    essence.eq_ignore_ascii_case("application/json") && parts.all(utf_8) && uncoded
}

/// The value in a body.
pub(super) fn json<T: DeserializeOwned>(bytes: &Secret<Vec<u8>>) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes.expose());
    let Strict(value) = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| wrong(&error.path().to_string(), error.inner()))?;
    reader.end().map_err(|error| wrong(".", &error))?;
    Ok(value)
}

fn wrong(path: &str, error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        return Problem::Invalid(format!(
            "the body is no well-formed JSON: look at line {}, column {}",
            error.line(),
            error.column()
        ));
    }
    let text = error.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(text, _)| text);
    let said = said(text);
    // The path may hold names that the caller made up: what does not look like one of ours is not repeated.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'[' | b']');
    match path {
        "." | "?" => Problem::Invalid(format!("the body: {said}")),
        path if path.len() <= 128 && path.bytes().all(plain) => Problem::Invalid(format!("{path}: {said}")),
        _ => Problem::Invalid(said),
    }
}

/// The parser's sentence without the value that it quotes.
pub(super) fn said(text: &str) -> String {
    let expected = text
        .rsplit_once(", expected ")
        .map(|(_, expected)| match expected {
            "a map" => "an object",
            "a sequence" => "an array",
            expected if expected.starts_with("struct ") => "an object",
            expected => expected,
        });
    match expected {
        Some(expected) if text.starts_with("unknown field ") => {
            format!("there is no such field; expected {expected}")
        }
        Some(expected) => format!("expected {expected}"),
        None if text.starts_with("unknown field ") => "there is no such field".to_owned(),
        None if text.starts_with("missing field ") => format!("the{} is missing", &text["missing".len()..]),
        None if text.starts_with("duplicate field ") => {
            format!("the{} is there twice", &text["duplicate".len()..])
        }
        None if text.starts_with("unknown variant ") => "there is no such word".to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde::Deserialize;
    use vouchsafe_model::{AdminScope, ClientId};

    use super::*;
    use crate::routes::admin::wire;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read is looked at")]
    struct Example {
        id: ClientId,
        #[serde(default)]
        scopes: Vec<AdminScope>,
        #[serde(default, deserialize_with = "wire::whole_if_present")]
        days: Option<i64>,
    }

    fn refusal(body: &str) -> String {
        let body = Secret::new(body.as_bytes().to_vec());
        json::<Example>(&body).unwrap_err().to_string()
    }

    #[test]
    fn atk_34__what_is_wrong_is_named_and_no_value_is_repeated() {
        for (body, sentence) in [
            ("", "the body is no well-formed JSON: look at line 1, column 0"),
            ("{", "the body is no well-formed JSON: look at line 1, column 1"),
            (
                "\u{0}",
                "the body is no well-formed JSON: look at line 1, column 1",
            ),
            (
                r#"{"id":"a"} x"#,
                "the body is no well-formed JSON: look at line 1, column 12",
            ),
            (r#""hunter2""#, "the body: expected an object"),
            (r#"["a"]"#, "the body: expected an object"),
            ("{}", "the body: the field `id` is missing"),
            (r#"{"id":7}"#, "id: expected a string"),
            (
                r#"{"id":"hunter 2"}"#,
                "id: a client id is 1 to 128 of the characters A-Z a-z 0-9 . _ -, and does not begin with a dot",
            ),
            (
                r#"{"id":"a","id":"b"}"#,
                "the body: the field `id` is there twice",
            ),
            (
                r#"{"id":"a","scopes":["read","hunter2"]}"#,
                "scopes[1]: expected one of `read`, `revoke`, `manage`, `trust`",
            ),
            (r#"{"id":"a","days":"hunter2"}"#, "days: expected a JSON number"),
            (r#"{"id":"a","days":null}"#, "days: expected a JSON number"),
            (r#"{"id":"a","days":0.5}"#, "days: expected a whole number"),
            (
                r#"{"id":"a","managed_by":"admin"}"#,
                "managed_by: there is no such field; expected one of `id`, `scopes`, `days`",
            ),
            (
                r#"{"id":"a","hunter 2":1}"#,
                "there is no such field; expected one of `id`, `scopes`, `days`",
            ),
        ] {
            assert_eq!(refusal(body), sentence, "{body}");
        }
    }

    #[test]
    fn only_json_is_json() {
        let accepts = |content_type: &str| {
            let request = TestRequest::post().insert_header((CONTENT_TYPE, content_type));
            is_json(&request.to_http_request())
        };
        assert!(accepts("application/json") && accepts("Application/JSON; charset=\"UTF-8\""));
        for other in [
            "",
            "text/json",
            "application/jsonx",
            "application/json; charset=utf-16",
            "text/plain",
        ] {
            assert!(!accepts(other), "{other}");
        }
        assert!(!is_json(&TestRequest::post().to_http_request()));
    }
}
