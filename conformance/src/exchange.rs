//! A token exchange request in order, to be put out of order.

use crate::target::Target;
use crate::token_endpoint::{Answer, Caller};
use crate::verdict::Miss;

/// The request.
#[derive(Clone)]
pub(crate) struct ExchangeRequest {
    caller: Caller,
    parameters: Vec<(String, String)>,
}

pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(crate) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

impl Target {
    /// A complete request of the first exchanging client for the fixture's target, in its user's name.
    pub(crate) async fn exchange(&self) -> Result<ExchangeRequest, Miss> {
        let caller = self.caller(self.exchanger()?)?;
        let audience = self.audience()?.to_owned();
        let subject = self.session().await?.token.token()?;
        Ok(ExchangeRequest::of(caller, subject).and("audience", &audience))
    }

    /// The same where it succeeds.
    pub(crate) async fn connected(&self) -> Result<ExchangeRequest, Miss> {
        self.leave().await?;
        self.exchange().await
    }

    pub(crate) fn audience(&self) -> Result<&str, Miss> {
        let exchange = self.fixture.exchange.as_ref();
        exchange
            .map(|exchange| exchange.audience.as_str())
            .ok_or_else(|| Miss::not_checked("the fixture names no audience"))
    }

    /// The target as a URI.
    pub(crate) fn resource(&self) -> Result<&str, Miss> {
        let exchange = self.fixture.exchange.as_ref();
        exchange
            .and_then(|exchange| exchange.resource.as_deref())
            .ok_or_else(|| Miss::not_checked("the fixture names no resource"))
    }
}

impl ExchangeRequest {
    /// A request without a target.
    pub(crate) fn of(caller: Caller, subject_token: &str) -> Self {
        let parameters = [
            ("grant_type", GRANT),
            ("subject_token", subject_token),
            ("subject_token_type", ACCESS_TOKEN),
        ];
        Self {
            caller,
            parameters: parameters.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec(),
        }
    }

    /// With a further parameter.
    pub(crate) fn and(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.parameters.push((name.to_owned(), value.to_owned()));
        changed
    }

    /// With another value.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    pub(crate) fn without(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.parameters.retain(|(known, _)| known != name);
        changed
    }

    /// From somebody else.
    pub(crate) fn by(&self, caller: Caller) -> Self {
        Self {
            caller,
            parameters: self.parameters.clone(),
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> &str {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) async fn send(&self) -> Result<Answer, Miss> {
        self.caller.request(&self.parameters).await
    }

    /// With a query beside the body.
    pub(crate) async fn beside(&self, query: &str) -> Result<Answer, Miss> {
        self.caller.beside(query, &self.parameters).await
    }

    /// Everything in the query instead of the body.
    pub(crate) async fn send_in_query(&self) -> Result<Answer, Miss> {
        self.caller.in_query(&self.parameters).await
    }
}
