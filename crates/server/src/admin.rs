//! Who calls the admin API: one bearer, an admin key, with the scope that the operation needs (RFC 6750); or the local
//! operator, who could open the server's own socket.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use vouchsafe_audit::{Administrator, Event, EventKind, Origin};
use vouchsafe_model::{AdminKey, AdminScope};

use crate::origin;
use crate::problem::Problem;
use crate::site::{Peer, Site};

/// Who calls, proven.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    /// Whoever holds this key.
    Key(AdminKey),
    /// Whoever may open the local socket. The file system has decided that; it has every scope.
    LocalOperator,
}

impl Principal {
    /// What the caller may do.
    pub(crate) fn scopes(&self) -> &[AdminScope] {
        match self {
            Self::Key(key) => &key.scopes,
            Self::LocalOperator => &EVERY_SCOPE,
        }
    }

    fn administrator(&self) -> Administrator {
        match self {
            Self::Key(key) => Administrator::Key(key.id.clone()),
            Self::LocalOperator => Administrator::Local,
        }
    }
}

/// The caller, if they have the scope, and the origin that names them on the record. Any caller will do when no scope is
/// needed. A refusal is on the record, some per minute and source, then a count.
pub(crate) async fn authorized(
    site: &Site,
    request: &HttpRequest,
    needs: Option<AdminScope>,
) -> Result<(Principal, Origin), Problem> {
    let principal = authenticated(site, request).await?;
    let origin = Origin {
        administrator: Some(principal.administrator()),
        ..origin::of(request, site)
    };
    match needs {
        Some(scope) if !principal.scopes().contains(&scope) => {
            refused(site, &origin, "insufficient_scope").await;
            Err(Problem::InsufficientScope(scope))
        }
        _ => Ok((principal, origin)),
    }
}

async fn authenticated(site: &Site, request: &HttpRequest) -> Result<Principal, Problem> {
    if site.peer == Peer::LocalOperator && !request.headers().contains_key(AUTHORIZATION) {
        return Ok(Principal::LocalOperator);
    }
    let bearer = bearer(request)?;
    let found = site.app.sign_in.admin(&bearer).await.map_err(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "admin keys cannot be read"
        );
        Problem::Unavailable
    })?;
    let Some(key) = found else {
        refused(site, &origin::of(request, site), "invalid_key").await;
        return Err(Problem::InvalidKey);
    };
    Ok(Principal::Key(key))
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

/// Notes that an operation was refused to somebody who may not do it.
pub(crate) async fn refused(site: &Site, origin: &Origin, reason: &'static str) {
    let Some(tally) = site
        .admin_failures
        .admit(origin.address.as_deref(), site.app.clock.now())
    else {
        return;
    };
    let event = tally.note(Event::new(EventKind::AdminRefused).fact("reason", reason));
    if let Err(error) = site.app.recorder.note(origin.note(event)).await {
        tracing::warn!(error = %error, "a refused admin call could not be recorded");
    }
}

/// Every scope there is.
pub(crate) const EVERY_SCOPE: [AdminScope; 4] = [
    AdminScope::Read,
    AdminScope::Revoke,
    AdminScope::Manage,
    AdminScope::Trust,
];

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
