//! How a client of the fixture speaks to the token endpoint, and what it gets.

use std::hash::{BuildHasher as _, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::Value;

use crate::fixture::{AuthMethod, Client};
use crate::http::{FORM, Http, Reply, form};
use crate::target::Target;
use crate::verdict::{Checked, Miss, ensure};

/// One way of speaking to the token endpoint.
#[derive(Clone)]
pub(crate) struct Caller {
    http: Http,
    url: String,
    authorization: Option<String>,
    /// Parameters sent with every request.
    always: Vec<(String, String)>,
}

/// An answer of the token endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) json: Value,
}

impl Target {
    /// A client that authenticates as it is registered.
    pub(crate) fn caller(&self, client: &Client) -> Result<Caller, Miss> {
        self.caller_by(client, client.method)
    }

    /// A client that authenticates by this method.
    pub(crate) fn caller_by(&self, client: &Client, method: AuthMethod) -> Result<Caller, Miss> {
        let caller = self.anonymous()?;
        let secret = client.secret.as_deref().unwrap_or_default();
        Ok(match method {
            AuthMethod::ClientSecretBasic => caller.basic(&client.id, secret),
            AuthMethod::ClientSecretPost => caller
                .always("client_id", &client.id)
                .always("client_secret", secret),
            AuthMethod::None => caller.always("client_id", &client.id),
        })
    }

    /// Credentials of nobody, other ones each time: guesses at one name would be slowed down.
    pub(crate) fn nobody(&self) -> Result<Caller, Miss> {
        Ok(self
            .anonymous()?
            .basic(&nobodys_name(), "not-the-secret-not-the-secret-not-it"))
    }

    /// No credentials.
    pub(crate) fn anonymous(&self) -> Result<Caller, Miss> {
        Ok(Caller {
            http: self.http.clone(),
            url: self.endpoint("token_endpoint")?.to_owned(),
            authorization: None,
            always: Vec::new(),
        })
    }
}

impl Caller {
    /// With HTTP Basic (RFC 6749 section 2.3.1: both halves are form-encoded first).
    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        self.pair(&encode(id), &encode(secret))
    }

    /// With HTTP Basic, both halves as they are.
    pub(crate) fn pair(mut self, id: &str, secret: &str) -> Self {
        let pair = STANDARD.encode(format!("{id}:{secret}"));
        self.authorization = Some(format!("Basic {pair}"));
        self
    }

    /// With one more parameter in every request.
    pub(crate) fn always(mut self, name: &str, value: &str) -> Self {
        self.always.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) async fn request<N, V>(&self, parameters: &[(N, V)]) -> Result<Answer, Miss>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        self.raw(form(&self.all(parameters)).into_bytes()).await
    }

    /// Sends a body as it is.
    pub(crate) async fn raw(&self, body: Vec<u8>) -> Result<Answer, Miss> {
        self.post(&self.url, body).await
    }

    /// Sends a body, and a query beside it.
    pub(crate) async fn beside<N, V>(&self, query: &str, parameters: &[(N, V)]) -> Result<Answer, Miss>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let url = format!("{}?{query}", self.url);
        self.post(&url, form(&self.all(parameters)).into_bytes()).await
    }

    /// Sends everything in the query and nothing in the body.
    pub(crate) async fn in_query(&self, parameters: &[(String, String)]) -> Result<Answer, Miss> {
        let url = format!("{}?{}", self.url, form(parameters));
        self.post(&url, Vec::new()).await
    }

    fn all<N, V>(&self, parameters: &[(N, V)]) -> Vec<(String, String)>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let own = parameters
            .iter()
            .map(|(n, v)| (n.as_ref().to_owned(), v.as_ref().to_owned()));
        self.always.iter().cloned().chain(own).collect()
    }

    async fn post(&self, url: &str, body: Vec<u8>) -> Result<Answer, Miss> {
        let mut headers = vec![FORM];
        if let Some(authorization) = &self.authorization {
            headers.push(("authorization", authorization));
        }
        let reply = self.http.send(Method::POST, url, &headers, Some(body)).await?;
        let json = reply.json();
        Ok(Answer { reply, json })
    }
}

impl Answer {
    /// A text member of the body; empty when absent.
    pub(crate) fn member(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or_default()
    }

    /// That it is this error, with the status that belongs to it. Where wrong secrets are slowed down, it cannot be seen.
    pub(crate) fn is_error(&self, error: &str) -> Checked {
        if error == "invalid_client" && self.is_slowed_down() {
            let later = self.reply.header("retry-after");
            return Err(Miss::not_checked(format!(
                "the server has slowed down wrong secrets from here: ask again in {later} seconds"
            )));
        }
        let status = if error == "invalid_client" { 401 } else { 400 };
        let is = self.member("error") == error && self.reply.status == status;
        ensure!(is, "{} instead of {status} {error}", self.reply.seen());
        Ok(())
    }

    /// That the client is not accepted, which may also be said by slowing down.
    pub(crate) fn is_stranger(&self) -> Checked {
        if self.is_slowed_down() {
            return Ok(());
        }
        self.is_error("invalid_client")
    }

    /// Whether it says that there were too many wrong secrets: that it is too much, or no more than before and when to
    /// come back.
    pub(crate) fn is_slowed_down(&self) -> bool {
        let refused = self.member("error") == "invalid_client" && self.reply.status == 401;
        let later = self.reply.header("retry-after").parse::<u32>().is_ok();
        later && (refused || self.reply.status == 429)
    }

    /// The token of a success.
    pub(crate) fn token(&self) -> Result<&str, Miss> {
        let token = self.member("access_token");
        let is = self.reply.status == 200 && !token.is_empty();
        ensure!(is, "{} instead of a token", self.reply.seen());
        Ok(token)
    }

    /// That it is JSON and nobody keeps it (RFC 6749 sections 5.1 and 5.2).
    pub(crate) fn is_uncached_json(&self) -> Checked {
        let kind = self.reply.header("content-type");
        ensure!(
            self.reply.is_json() && self.json.is_object(),
            "the body is {kind}"
        );
        let caching = self.reply.header("cache-control");
        ensure!(caching.contains("no-store"), "Cache-Control is {caching:?}");
        Ok(())
    }

    /// That nothing tells it from another answer.
    pub(crate) fn is_same_as(&self, other: &Self) -> Checked {
        let same = self.reply.status == other.reply.status && self.reply.body == other.reply.body;
        let (one, two) = (self.reply.seen(), other.reply.seen());
        ensure!(same, "the answers differ: {one} and {two}");
        Ok(())
    }
}

/// A client id that no server has.
pub(crate) fn nobodys_name() -> String {
    format!("nobody-{:016x}", RandomState::new().hash_one(()))
}
