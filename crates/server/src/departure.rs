//! Leaving for a provider: where forms may lead, and the cookie that the callback will want to see.

use actix_web::HttpResponse;
use vouchsafe_identity_provider::catalogue::AuthorizeParameters;
use vouchsafe_identity_provider::{Departure, load_provider};
use vouchsafe_model::ProviderId;
use vouchsafe_oauth_types::Scope;

use crate::cookies;
use crate::html::{FormTargets, see_other};
use crate::page_error::PageError;
use crate::site::Site;

/// Where a form leads whose answer sends the browser to this provider.
pub(crate) async fn targets(site: &Site, provider_id: &ProviderId) -> Result<FormTargets, PageError> {
    let (vault, id) = (site.app.vault.clone(), provider_id.clone());
    let found = site
        .app
        .recorder
        .store()
        .read(move |tx| load_provider(tx, &vault, &id))
        .await;
    let provider = found.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, provider.id = %provider_id, "a provider cannot be loaded");
        PageError::Unavailable
    })?;
    // Any request will do: only its origin is wanted.
    let any = AuthorizeParameters {
        client_id: "",
        redirect_uri: "",
        state: "",
        code_challenge: Some(""),
        nonce: Some(""),
        scopes: &Scope::empty(),
        login_hint: None,
    };
    let url = provider.and_then(|provider| provider.entry.authorization_url(any).ok());
    Ok(url.map_or_else(FormTargets::own, |url| FormTargets::own().and(&url).and_onward()))
}

/// Off to the provider, with the cookie that only this browser has (CL-03).
pub(crate) fn leave(departure: &Departure) -> Result<HttpResponse, PageError> {
    let mut response = see_other(&departure.url)?;
    let cookie = cookies::set(
        departure.cookie_name.clone(),
        &departure.cookie_value,
        departure.max_age,
    );
    response.add_cookie(&cookie).map_err(|_| PageError::Internal)?;
    Ok(response)
}
