//! Reads a form from a request: only a form, only so much, only so long.

use std::time::Duration;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use actix_web::{HttpRequest, web};
use futures_util::StreamExt as _;
use vouchsafe_model::Secret;
use vouchsafe_oauth_types::Form;

/// Why there is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// Larger than [`MAX_BODY`].
    TooLarge,
    /// Another content type, none, or two; another character set than UTF-8; compressed.
    NotAForm,
    /// A form that cannot be parsed.
    Malformed,
    /// It did not arrive, or not in time.
    Interrupted,
}

/// The form in the body.
pub(crate) async fn form(request: &HttpRequest, payload: web::Payload) -> Result<Form, BodyError> {
    let body = form_bytes(request, payload).await?;
    Form::parse(body.expose()).map_err(|_| BodyError::Malformed)
}

/// The bytes of a body that says it is a form.
pub(crate) async fn form_bytes(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Secret<Vec<u8>>, BodyError> {
    require_form(request)?;
    bytes(request, payload).await
}

/// The bytes of a body of any kind: no more than [`MAX_BODY`], and in time.
pub(crate) async fn bytes(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<Secret<Vec<u8>>, BodyError> {
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let expected: usize = declared.unwrap_or(MAX_BODY);
    if expected > MAX_BODY {
        return Err(BodyError::TooLarge);
    }
    actix_web::rt::time::timeout(BODY_WITHIN, read(payload, expected))
        .await
        .map_err(|_| BodyError::Interrupted)?
}

/// Held as a secret from its first byte, in one buffer that never moves: it may carry passwords, client secrets and
/// tokens. What comes in many small pieces costs no more than what comes in one.
async fn read(mut payload: web::Payload, expected: usize) -> Result<Secret<Vec<u8>>, BodyError> {
    let mut body = Secret::with_capacity(expected);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| BodyError::Interrupted)?;
        if body.expose().len() + chunk.len() > MAX_BODY || !body.append_within_capacity(&chunk) {
            return Err(BodyError::TooLarge);
        }
    }
    Ok(body)
}

fn require_form(request: &HttpRequest) -> Result<(), BodyError> {
    let mut types = request.headers().get_all(CONTENT_TYPE);
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return Err(BodyError::NotAForm);
    };
    let mut parts = content_type
        .to_str()
        .unwrap_or_default()
        .split(';')
        .map(str::trim);
    let essence = parts.next().unwrap_or_default();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && parts.all(leaves_utf_8)
        && is_uncoded(request)
    {
        Ok(())
    } else {
        Err(BodyError::NotAForm)
    }
}

/// A parameter of the content type. The type has none of its own; `charset` is tolerated where it changes nothing, and
/// refused where the body would have to be read in another way than it is.
fn leaves_utf_8(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    !name.trim().eq_ignore_ascii_case("charset")
        || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

/// A compressed body is not unpacked: it would be a bomb, or the wrong reading of what a proxy has checked.
fn is_uncoded(request: &HttpRequest) -> bool {
    let identity = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    request.headers().get_all(CONTENT_ENCODING).all(identity)
}

/// 64 KiB.
pub(crate) const MAX_BODY: usize = 64 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn tok_3_2_02__only_a_form_is_a_form() {
        let accepts = |content_type: &str| {
            let request = TestRequest::post()
                .insert_header((CONTENT_TYPE, content_type))
                .to_http_request();
            require_form(&request).is_ok()
        };
        assert!(accepts("application/x-www-form-urlencoded"));
        assert!(accepts("Application/X-WWW-Form-URLencoded; charset=UTF-8"));
        assert!(accepts(
            "application/x-www-form-urlencoded;charset=\"utf-8\"; version=1;"
        ));
        for other in [
            "application/json",
            "multipart/form-data; boundary=x",
            "text/plain",
            "",
            "application/x-www-form-urlencodedx",
            "application/x-www-form-urlencoded; charset=utf-16",
            "application/x-www-form-urlencoded; charset=\"iso-8859-1\"",
            "application/x-www-form-urlencoded; charset=utf-8; CHARSET = utf-7",
            "application/x-www-form-urlencoded; charset",
        ] {
            assert!(!accepts(other), "{other}");
        }
        assert!(require_form(&TestRequest::post().to_http_request()).is_err());
        let twice = TestRequest::post()
            .append_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
            .append_header((CONTENT_TYPE, "application/json"))
            .to_http_request();
        assert!(require_form(&twice).is_err());
        let coded = |coding: &str| {
            let form = (CONTENT_TYPE, "application/x-www-form-urlencoded");
            let request = TestRequest::post().insert_header(form);
            require_form(
                &request
                    .insert_header((CONTENT_ENCODING, coding))
                    .to_http_request(),
            )
            .is_ok()
        };
        assert!(coded("identity"));
        assert!(!coded("gzip") && !coded("deflate, gzip") && !coded("identity, gzip"));
    }
}
