//! What the server was given beforehand, so that it can be asked about it.

use serde::{Deserialize, Serialize};

/// The contents of `--fixture FILE`. Everything is optional.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fixture {
    /// Clients registered at the server.
    pub clients: Vec<Client>,
    /// A person who can sign in there.
    pub user: Option<User>,
    /// What can be exchanged.
    pub exchange: Option<Exchange>,
    /// An API of the server that takes bearer tokens.
    pub api: Option<Api>,
}

/// A registered client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; a public client has none.
    pub secret: Option<String>,
    /// The registered `token_endpoint_auth_method`.
    pub method: AuthMethod,
    /// One registered redirect URI. Nothing is ever sent there.
    pub redirect_uri: Option<String>,
    /// What to ask for at the authorization endpoint.
    #[serde(default)]
    pub scope: String,
    /// Whether the client is registered for token exchange.
    #[serde(default)]
    pub exchange: bool,
}

/// `token_endpoint_auth_method` (RFC 7591 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values are those of RFC 7591 section 2, by name")]
pub enum AuthMethod {
    ClientSecretBasic,
    ClientSecretPost,
    None,
}

/// A person.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// What goes into the text field of the sign-in form.
    pub username: String,
    /// What goes into its password field.
    pub password: String,
}

/// What the first exchanging client may exchange the user's token for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// `audience`.
    pub audience: String,
    /// The same target as a `resource` URI.
    pub resource: Option<String>,
    /// Another audience that the server knows and the client may not use.
    pub forbidden: Option<String>,
    /// Whether the user has connected the target and lets the client use it, so that an exchange succeeds.
    #[serde(default)]
    pub connected: bool,
}

/// A protected API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// An address that answers `GET`.
    pub url: String,
    /// A token that is good there.
    pub bearer: Option<String>,
}

impl AuthMethod {
    /// As it stands in the metadata.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
        }
    }
}

impl Client {
    pub(crate) const fn is_confidential(&self) -> bool {
        self.secret.is_some() && !matches!(self.method, AuthMethod::None)
    }
}
