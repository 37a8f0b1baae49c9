//! The authorization code grant, as a client and a person go through it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::browser::{Browser, Page};
use crate::fixture::Client;
use crate::http::form;
use crate::target::Target;
use crate::token_endpoint::Answer;
use crate::verdict::{Miss, ensure};

/// An authorization request in order, to be put out of order.
#[derive(Clone)]
pub(crate) struct Authorization<'a> {
    target: &'a Target,
    endpoint: &'a str,
    parameters: Vec<(String, String)>,
}

/// What a person's sign-in and consent brought.
pub(crate) struct Session {
    /// The authorization response.
    pub(crate) response: Page,
    /// The answer of the token endpoint.
    pub(crate) token: Answer,
    /// The browser, still signed in.
    pub(crate) browser: Browser,
}

/// The state of every authorization request: what must come back is not only letters.
pub(crate) const STATE: &str = "a state of the client's own: ~*/%41+&=é";

impl Target {
    /// A good request of this client.
    pub(crate) fn authorization<'a>(&'a self, client: &Client) -> Result<Authorization<'a>, Miss> {
        let redirect_uri = client.redirect_uri.as_deref().ok_or_else(|| {
            Miss::not_checked(format!("the fixture names no redirect_uri of {}", client.id))
        })?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", redirect_uri),
            ("state", STATE),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if !client.scope.is_empty() {
            parameters.push(("scope", &client.scope));
        }
        Ok(Authorization {
            target: self,
            endpoint: self.endpoint("authorization_endpoint")?,
            parameters: parameters
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
        })
    }
}

impl Authorization<'_> {
    /// With another value.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// With a further parameter.
    pub(crate) fn and(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.parameters.push((name.to_owned(), value.to_owned()));
        changed
    }

    pub(crate) fn without(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.parameters.retain(|(known, _)| known != name);
        changed
    }

    /// Opens it in a new browser; signs in where the server asks for it first. Ends at a page or at the client's door.
    pub(crate) async fn open(&self) -> Result<Page, Miss> {
        self.open_in(&mut self.target.browser()).await
    }

    /// That the client is told this error, with issuer and state.
    pub(crate) async fn is_told(&self, error: &str) -> Result<Page, Miss> {
        let page = self.open().await?;
        let seen = page.seen();
        ensure!(
            page.redirect().is_some(),
            "{seen} instead of a redirect with {error}"
        );
        let told = page.parameter("error");
        ensure!(told == error, "error is {told:?} instead of {error}");
        ensure!(page.parameter("code").is_empty(), "a code beside the error");
        Ok(page)
    }

    /// That the person sees a page and the client hears nothing.
    pub(crate) async fn is_page(&self, what: &str) -> Result<Page, Miss> {
        let page = self.open().await?;
        let refused = page.reply.is_client_error() && page.redirect().is_none();
        ensure!(refused, "{what}: {} instead of an error page", page.reply.status);
        Ok(page)
    }

    /// The same in this browser.
    pub(crate) async fn open_in(&self, browser: &mut Browser) -> Result<Page, Miss> {
        let url = format!("{}?{}", self.endpoint, form(&self.parameters));
        match self.target.user() {
            Ok(user) => browser.visit_as(&url, user).await,
            Err(_) => browser.visit(&url).await,
        }
    }
}

impl Session {
    pub(crate) async fn begin(target: &Target) -> Result<Self, Miss> {
        target.user()?;
        let client = target.client()?;
        let mut browser = target.browser();
        let page = target.authorization(client)?.open_in(&mut browser).await?;
        let response = match page.question() {
            Some(form) => browser.submit(&page, &form, &form.agreed()).await?,
            None => page,
        };
        let code = response.parameter("code");
        ensure!(!code.is_empty(), "{} instead of a code", response.seen());
        let redirect_uri = client.redirect_uri.as_deref().unwrap_or_default();
        let parameters = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        let token = target.caller(client)?.request(&parameters).await?;
        token.token()?;
        Ok(Self {
            response,
            token,
            browser,
        })
    }
}

/// Long enough (RFC 7636 section 4.1); it protects nothing but this run.
const VERIFIER: &str = "a-verifier-for-black-box-checks-0123456789-abcdef";
