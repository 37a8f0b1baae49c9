//! The server that is asked, with what the fixture says about it.

use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use crate::authorization::Session;
use crate::browser::Browser;
use crate::connection;
use crate::fixture::{AuthMethod, Client, Fixture, User};
use crate::http::{Http, Reply};
use crate::verdict::{Checked, Miss};

/// A running server.
pub(crate) struct Target {
    pub(crate) issuer: String,
    pub(crate) fixture: Fixture,
    pub(crate) http: Http,
    /// The answer at the well-known address.
    pub(crate) document: Result<Reply, Miss>,
    metadata: Value,
    session: OnceCell<Result<Session, Miss>>,
    leave: OnceCell<Checked>,
}

impl Target {
    /// Reads the metadata document, which says where everything else is.
    pub(crate) async fn discover(issuer: &str, fixture: Fixture) -> Result<Self, Miss> {
        let http = Http::new(fixture.ca.as_deref())?;
        let document = match well_known(issuer) {
            Some(url) => http.get(&url).await,
            None => Err(Miss::failed("the issuer is no URL")),
        };
        let metadata = document.as_ref().map(Reply::json).unwrap_or_default();
        Ok(Self {
            issuer: issuer.to_owned(),
            fixture,
            http,
            document,
            metadata,
            session: OnceCell::new(),
            leave: OnceCell::new(),
        })
    }

    /// The metadata document, if there is one.
    pub(crate) fn metadata(&self) -> Result<&Value, Miss> {
        if self.metadata.is_object() {
            return Ok(&self.metadata);
        }
        Err(Miss::not_checked("there is no metadata document"))
    }

    /// An address from the metadata.
    pub(crate) fn endpoint(&self, member: &str) -> Result<&str, Miss> {
        self.metadata()?[member]
            .as_str()
            .ok_or_else(|| Miss::not_checked(format!("the metadata has no {member}")))
    }

    /// A list from the metadata.
    pub(crate) fn list(&self, member: &str) -> Result<Vec<&str>, Miss> {
        let list = self.metadata()?[member].as_array();
        let list = list.ok_or_else(|| Miss::failed(format!("the metadata has no list {member}")))?;
        Ok(list.iter().filter_map(Value::as_str).collect())
    }

    /// A client that authenticates; one that may exchange, if there is one.
    pub(crate) fn client(&self) -> Result<&Client, Miss> {
        self.exchanger()
            .or_else(|_| self.find("a client with a secret", Client::is_used))
    }

    /// A client that authenticates and may exchange.
    pub(crate) fn exchanger(&self) -> Result<&Client, Miss> {
        self.find("a client with a secret that may exchange", |client| {
            client.is_used() && client.exchange
        })
    }

    /// Another one.
    pub(crate) fn second_exchanger(&self) -> Result<&Client, Miss> {
        let first = self.exchanger()?.id.as_str();
        self.find("a second client that may exchange", |client| {
            client.is_used() && client.exchange && client.id != first
        })
    }

    /// A client that authenticates and may not exchange.
    pub(crate) fn without_exchange(&self) -> Result<&Client, Miss> {
        self.find("a client with a secret that may not exchange", |client| {
            client.is_used() && !client.exchange
        })
    }

    /// A public client.
    pub(crate) fn public_client(&self) -> Result<&Client, Miss> {
        self.find("a public client", |client| client.method == AuthMethod::None)
    }

    /// A client with a redirect URI.
    pub(crate) fn redirected(&self) -> Result<&Client, Miss> {
        let found = self.client().ok().filter(|client| client.redirect_uri.is_some());
        found.map_or_else(
            || {
                self.find("a client with a redirect_uri", |client| {
                    client.redirect_uri.is_some()
                })
            },
            Ok,
        )
    }

    pub(crate) fn user(&self) -> Result<&User, Miss> {
        self.fixture
            .user
            .as_ref()
            .ok_or_else(|| Miss::not_checked("the fixture names no user"))
    }

    pub(crate) fn other_user(&self) -> Result<&User, Miss> {
        self.fixture
            .other_user
            .as_ref()
            .ok_or_else(|| Miss::not_checked("the fixture names no other_user"))
    }

    /// A client whose secret may be guessed at.
    pub(crate) fn guessed(&self) -> Result<&Client, Miss> {
        self.find("a client with a secret that may be guessed at", |client| {
            client.is_confidential() && client.guess
        })
    }

    /// A browser that knows the server, and the provider where the fixture names it.
    pub(crate) fn browser(&self) -> Browser {
        let exchange = self.fixture.exchange.as_ref();
        let provider = exchange.and_then(|exchange| exchange.provider.as_deref());
        Browser::new(self.http.clone(), provider)
    }

    /// The user's leave for the exchanging client, had once. The check that is about it fails without it.
    pub(crate) async fn connection(&self) -> Checked {
        self.leave.get_or_init(|| connection::connect(self)).await.clone()
    }

    /// The same for checks that only need it.
    pub(crate) async fn leave(&self) -> Checked {
        let had = self.connection().await;
        had.map_err(|miss| miss.as_lack("the target could not be connected"))
    }

    /// The user's sign-in and consent, done once. The check that is about it fails without it.
    pub(crate) async fn sign_in(&self) -> Result<&Session, Miss> {
        let begun = self.session.get_or_init(|| Session::begin(self)).await;
        begun.as_ref().map_err(Clone::clone)
    }

    /// The same for checks that only need it.
    pub(crate) async fn session(&self) -> Result<&Session, Miss> {
        let begun = self.sign_in().await;
        begun.map_err(|miss| miss.as_lack("the user's token could not be had"))
    }

    fn find(&self, what: &str, fits: impl Fn(&Client) -> bool) -> Result<&Client, Miss> {
        self.fixture
            .clients
            .iter()
            .find(|client| fits(client))
            .ok_or_else(|| Miss::not_checked(format!("the fixture names no such thing as {what}")))
    }
}

/// Where the metadata of an issuer lies (RFC 8414 section 3.1).
pub(crate) fn well_known(issuer: &str) -> Option<String> {
    let url = Url::parse(issuer).ok()?;
    let path = url.path().trim_end_matches('/');
    let origin = url.origin().ascii_serialization();
    Some(format!("{origin}/.well-known/oauth-authorization-server{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_segment_stands_before_the_path() {
        let at = |issuer| well_known(issuer).unwrap();
        let plain = "https://v.example/.well-known/oauth-authorization-server";
        assert_eq!(at("https://v.example"), plain);
        assert_eq!(at("https://v.example/one"), format!("{plain}/one"));
        assert_eq!(well_known("v.example"), None);
    }
}
