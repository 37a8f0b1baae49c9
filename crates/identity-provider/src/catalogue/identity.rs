//! Whose account it is (UP-17).

use std::fmt;

use serde_json::Value;
use vouchsafe_model::Secret;

use super::answer::{UpstreamAnswer, scalar};
use super::entry::Entry;
use super::failure::UpstreamFailure;
use super::request::UpstreamRequest;
use super::schema::IdentityOrigin;
use super::token_answer::TokenAnswer;

/// An account at a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The provider's stable id, never an e-mail address.
    pub account_id: String,
    /// A name for people. It is the provider's text: escape it wherever it is shown.
    pub label: Option<String>,
}

/// What an account is read from.
pub enum IdentitySource<'a> {
    /// The answer to [`Entry::identity`].
    Userinfo(UpstreamAnswer<'a>),
    /// The token answer.
    TokenResponse(&'a TokenAnswer),
    /// The claims of an ID token that was verified.
    IdToken(&'a Value),
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(..)")
    }
}

impl Entry {
    /// The call that tells whose `access_token` it is. `None` where the token answer or the ID token tells.
    pub fn identity(&self, access_token: &Secret<String>) -> Option<UpstreamRequest> {
        if self.identity.source != IdentityOrigin::Userinfo {
            return None;
        }
        let request = UpstreamRequest::new(self.identity.method, self.identity.url.clone()?)
            .with_headers(&self.api.headers)
            .with_bearer(&self.api.auth_header, &self.api.auth_scheme, access_token);
        Some(match &self.identity.body {
            Some(body) => request.with_json(body.clone()),
            None => request,
        })
    }

    /// Reads the account from the source that the entry names; another source is refused, its id may mean something
    /// else.
    pub fn read_identity(&self, from: IdentitySource<'_>) -> Result<Account, UpstreamFailure> {
        match (from, self.identity.source) {
            (IdentitySource::Userinfo(answer), IdentityOrigin::Userinfo) => {
                let tree = self.accept(&answer, None).map_err(certain)?;
                self.account_in(tree.value())
            }
            (IdentitySource::TokenResponse(answer), IdentityOrigin::TokenResponse) => answer
                .account
                .clone()
                .ok_or(UpstreamFailure::InvalidAnswer { what: "account_id" }),
            (IdentitySource::IdToken(claims), IdentityOrigin::IdToken) => self.account_in(claims),
            _ => Err(UpstreamFailure::InvalidAnswer {
                what: "identity source",
            }),
        }
    }

    pub(super) fn account_in(&self, value: &Value) -> Result<Account, UpstreamFailure> {
        const INVALID: UpstreamFailure = UpstreamFailure::InvalidAnswer { what: "account_id" };
        let mut pieces = Vec::new();
        for pointer in &self.identity.account_id {
            let piece = value.pointer(pointer).and_then(scalar).ok_or(INVALID)?;
            // Joined ids must not be able to look like one another.
            if self.identity.account_id.len() > 1 && piece.contains(':') {
                return Err(INVALID);
            }
            pieces.push(piece);
        }
        let account_id = pieces.join(":");
        if account_id.len() > MAX_ACCOUNT_ID || account_id.chars().any(char::is_control) {
            return Err(INVALID);
        }
        let labels = self.identity.label.iter().chain([&self.identity.email]);
        let label = labels
            .filter_map(|pointer| scalar(value.pointer(pointer)?))
            .find_map(|text| readable(&text));
        Ok(Account { account_id, label })
    }
}

/// A call that failed spends no refresh token.
fn certain(failure: UpstreamFailure) -> UpstreamFailure {
    match failure {
        UpstreamFailure::Soft { retry_after, .. } => UpstreamFailure::Soft {
            retry_after,
            uncertain: false,
        },
        other => other,
    }
}

/// One line of text, not too long.
fn readable(text: &str) -> Option<String> {
    let line: String = text.chars().filter(|c| !c.is_control()).take(MAX_LABEL).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

const MAX_ACCOUNT_ID: usize = 255;
const MAX_LABEL: usize = 120;
