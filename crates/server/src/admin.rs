//! Who calls the admin API: one bearer, an admin key, with the scope that the route needs (RFC 6750).

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use vouchsafe_audit::{Event, EventKind};
use vouchsafe_model::{AdminKey, AdminScope};

use crate::origin;
use crate::problem::Problem;
use crate::site::Site;

/// The admin key of the call. A refusal is on the record, some per minute and source, then a count.
pub(crate) async fn authenticated(
    site: &Site,
    request: &HttpRequest,
    scope: AdminScope,
) -> Result<AdminKey, Problem> {
    let bearer = bearer(request)?;
    let found = site.app.sign_in.admin(&bearer).await.map_err(|error| {
        tracing::error!(error = %error, "admin keys cannot be read");
        Problem::Unavailable
    })?;
    match found {
        Some(key) if key.scopes.contains(&scope) => Ok(key),
        Some(key) => {
            refused(site, request, Some(&key), "insufficient_scope").await;
            Err(Problem::InsufficientScope(scope))
        }
        None => {
            refused(site, request, None, "invalid_key").await;
            Err(Problem::InvalidKey)
        }
    }
}

/// One header, one scheme, one token.
fn bearer(request: &HttpRequest) -> Result<String, Problem> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else {
        return Err(Problem::NoCredentials);
    };
    if headers.next().is_some() {
        return Err(Problem::BadCredentials);
    }
    let (scheme, token) = header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or(Problem::BadCredentials)?;
    if scheme.eq_ignore_ascii_case("Bearer") {
        Ok(token.trim().to_owned())
    } else {
        Err(Problem::BadCredentials)
    }
}

async fn refused(site: &Site, request: &HttpRequest, key: Option<&AdminKey>, reason: &'static str) {
    let origin = origin::of(request, site);
    let source = origin.address.as_deref().unwrap_or_default();
    let Some(count) = site.admin_failures.admit(source, site.app.clock.now()) else {
        return;
    };
    let event = Event::new(EventKind::AdminRefused)
        .fact_if("admin_key_id", key.map(|key| key.id.as_str()))
        .fact("reason", reason)
        .fact("count", count);
    if let Err(error) = site.app.recorder.note(origin.note(event)).await {
        tracing::warn!(error = %error, "a refused admin call could not be recorded");
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn presented(headers: &[&str]) -> Result<String, Problem> {
        let request = headers.iter().fold(TestRequest::get(), |request, header| {
            request.append_header((AUTHORIZATION, *header))
        });
        bearer(&request.to_http_request())
    }

    #[test]
    fn bt_2_1_01__the_scheme_is_read_in_any_case() {
        assert_eq!(presented(&["Bearer abc"]).unwrap(), "abc");
        assert_eq!(presented(&["bEARER abc"]).unwrap(), "abc");
        assert_eq!(presented(&[]), Err(Problem::NoCredentials));
    }

    #[test]
    fn bt_3_04__a_malformed_or_repeated_header_is_a_bad_request() {
        for headers in [&["Basic abc"][..], &["Bearer"], &["Bearer a", "Bearer b"], &[""]] {
            assert_eq!(presented(headers), Err(Problem::BadCredentials), "{headers:?}");
        }
    }
}
