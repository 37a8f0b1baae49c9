//! What the server was given beforehand, so that it can be asked about it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// The contents of `--fixture FILE`. Everything is optional.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fixture {
    /// Clients registered at the server.
    pub clients: Vec<Client>,
    /// A person who can sign in there.
    pub user: Option<User>,
    /// Another one, who has nothing to do with the first.
    pub other_user: Option<User>,
    /// What can be exchanged.
    pub exchange: Option<Exchange>,
    /// An API of the server that takes bearer tokens.
    pub api: Option<Api>,
    /// Who else is believed to certify the server: PEM.
    pub ca: Option<String>,
    /// The file that holds it, beside the fixture.
    pub ca_file: Option<PathBuf>,
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
    /// Whether wrong secrets may be tried at it until the server slows them down. It is used for nothing else.
    #[serde(default)]
    pub guess: bool,
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
    /// Where it is not connected yet: the origin of the provider, whose pages the run may go through in the user's
    /// name.
    pub provider: Option<String>,
    /// What to ask for when connecting; without it, everything that the client may be given.
    pub scope: Option<String>,
    /// A scope that the client may be given and the user never allowed: it is asked for, and no answer is given.
    pub beyond: Option<String>,
}

/// A protected API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// An address that answers `GET`.
    pub url: String,
    /// A token that is good there.
    pub bearer: Option<String>,
    /// The file that holds it, beside the fixture.
    pub bearer_file: Option<PathBuf>,
    /// A good token without the scope that the address needs.
    pub weak_bearer: Option<String>,
    /// The file that holds it, beside the fixture.
    pub weak_bearer_file: Option<PathBuf>,
}

impl Fixture {
    /// Reads a fixture and the files that it names.
    ///
    /// # Errors
    ///
    /// One sentence that says what is wrong, without what stands there: it may be a secret.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = contents("the fixture", file)?;
        let mut fixture: Self = toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
            let (name, what) = (file.display(), error.message());
            io::Error::other(format!(
                "the fixture {name} is wrong in line {line}: {what}; conformance/README.md shows a good one"
            ))
        })?;
        let beside = file.parent().unwrap_or_else(|| Path::new(""));
        let mut named = vec![(&mut fixture.ca, &fixture.ca_file)];
        if let Some(api) = &mut fixture.api {
            named.push((&mut api.bearer, &api.bearer_file));
            named.push((&mut api.weak_bearer, &api.weak_bearer_file));
        }
        for (value, path) in named {
            if let Some(path) = path {
                let text = contents("a file of the fixture", &beside.join(path))?;
                *value = Some(text.trim().to_owned());
            }
        }
        Ok(fixture)
    }
}

fn contents(what: &str, file: &Path) -> io::Result<String> {
    fs::read_to_string(file)
        .map_err(|error| io::Error::other(format!("{what}, {}, cannot be read: {error}", file.display())))
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

    /// One whose secret is presented as it is, and not guessed at.
    pub(crate) const fn is_used(&self) -> bool {
        self.is_confidential() && !self.guess
    }
}
