//! Who is looking at a page.

use actix_web::HttpRequest;
use url::form_urlencoded::Serializer;
use vouchsafe_sign_in::SignedIn;

use crate::cookies;
use crate::page_error::PageError;
use crate::return_to::ReturnTo;
use crate::site::Site;

/// The person signed in here, if any.
pub(crate) async fn visitor(site: &Site, request: &HttpRequest) -> Result<Option<SignedIn>, PageError> {
    match cookies::named(request, cookies::SESSION) {
        Some(cookie) => Ok(site.app.sign_in.session(&cookie).await?),
        None => Ok(None),
    }
}

/// The person signed in here; anyone else is sent to sign in and comes back to this very page.
pub(crate) async fn required(site: &Site, request: &HttpRequest) -> Result<SignedIn, PageError> {
    visitor(site, request)
        .await?
        .ok_or_else(|| sign_in_first(site, request))
}

/// As [`required`], and they proved lately who they are (AR-01).
pub(crate) async fn recent(site: &Site, request: &HttpRequest) -> Result<SignedIn, PageError> {
    let signed_in = required(site, request).await?;
    if site.app.sign_in.is_recent(&signed_in.session) {
        Ok(signed_in)
    } else {
        Err(sign_in_first(site, request))
    }
}

/// To the sign-in page, and back here.
pub(crate) fn sign_in_first(site: &Site, request: &HttpRequest) -> PageError {
    PageError::SignIn {
        location: sign_in_path(site, request),
    }
}

/// The sign-in page that leads back here.
pub(crate) fn sign_in_path(site: &Site, request: &HttpRequest) -> String {
    let path = site.within(request.path());
    let here = match request.query_string() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    };
    // A page that cannot be returned to, such as a form's target, leads to the list of connections.
    let query = ReturnTo::parse(&here).map(|here| {
        Serializer::new(String::new())
            .append_pair("return_to", here.as_str())
            .finish()
    });
    match query {
        Some(query) => format!("{}?{query}", site.path("/login")),
        None => site.path("/login"),
    }
}
