//! Registering clients.

use std::collections::BTreeSet;

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{
    Ceiling, Change, ChangeKind, Client, ClientAuthMethod, ClientId, ClientStatus, ManagedBy, Secret,
};
use vouchsafe_oauth_types::{GrantType, InvalidRedirectUri, RedirectUri, Scope};
use vouchsafe_store::{StoreError, Tx, clients};

use crate::authorization_server::AuthorizationServer;
use crate::client_auth::SECRET_KIND;

/// A client as somebody wants it to be.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `Client`")]
pub struct ClientDefinition {
    pub id: ClientId,
    pub name: String,
    pub auth_method: ClientAuthMethod,
    /// Live secrets, at least 32 characters each; two while one is being replaced.
    pub secrets: Vec<Secret<String>>,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    pub scope: Scope,
    pub accepts_tokens_of: Vec<ClientId>,
    pub ceilings: Vec<Ceiling>,
    pub managed_by: ManagedBy,
}

/// What applying a definition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Nothing: it was so already.
    Unchanged,
    /// The row was written, with its record.
    Changed,
}

/// What is wrong with a definition. The sentences are for operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClient {
    /// A name that cannot be shown.
    #[error("name: it must have 1 to 128 characters, none of them a control character")]
    NameInvalid,
    /// No grant at all, or one of which there is none here yet.
    #[error(
        "grant_types: name authorization_code, urn:ietf:params:oauth:grant-type:token-exchange or both, each once"
    )]
    GrantsInvalid,
    /// A redirect URI cannot be registered.
    #[error("redirect_uris: {0}")]
    RedirectUri(#[from] InvalidRedirectUri),
    /// A confidential client without a secret.
    #[error("a client that uses {0} needs a secret of at least 32 characters, or auth_method = \"none\"")]
    SecretMissing(ClientAuthMethod),
    /// A short secret.
    #[error("a client secret needs at least 32 characters; `openssl rand -hex 32` makes a good one")]
    SecretTooShort,
    /// A public client with a secret.
    #[error("a client with auth_method = \"none\" must not have a secret")]
    SecretForPublicClient,
    /// A public client with a confidential grant (AZ-4.1-15).
    #[error("a client with auth_method = \"none\" cannot have the grant {0}")]
    GrantForPublicClient(GrantType),
    /// The code grant without a redirect URI.
    #[error("a client with the authorization_code grant needs at least one redirect URI")]
    RedirectUriMissing,
    /// A ceiling that trusts more than it allows.
    #[error("the trusted scope for {0} is wider than the ceiling")]
    TrustedBeyondCeiling(String),
}

/// Why a client could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The definition.
    #[error(transparent)]
    Invalid(#[from] InvalidClient),
    /// The store.
    #[error("the client could not be stored")]
    Store(#[from] StoreError),
}

impl ClientDefinition {
    /// Checks what can be checked without the database.
    pub fn check(&self) -> Result<(), InvalidClient> {
        let public = self.auth_method == ClientAuthMethod::None;
        if public && !self.secrets.is_empty() {
            return Err(InvalidClient::SecretForPublicClient);
        }
        if !public && self.secrets.is_empty() {
            return Err(InvalidClient::SecretMissing(self.auth_method));
        }
        if self
            .secrets
            .iter()
            .any(|secret| secret.expose().len() < MIN_SECRET)
        {
            return Err(InvalidClient::SecretTooShort);
        }
        let registration = Registration {
            name: &self.name,
            auth_method: self.auth_method,
            redirect_uris: &self.redirect_uris,
            grant_types: &self.grant_types,
            ceilings: &self.ceilings,
        };
        registration.check()
    }
}

/// What of a client must fit together, whatever its secrets are.
pub(crate) struct Registration<'a> {
    pub(crate) name: &'a str,
    pub(crate) auth_method: ClientAuthMethod,
    pub(crate) redirect_uris: &'a [String],
    pub(crate) grant_types: &'a [GrantType],
    pub(crate) ceilings: &'a [Ceiling],
}

impl Registration<'_> {
    pub(crate) fn check(&self) -> Result<(), InvalidClient> {
        let length = self.name.chars().count();
        if length == 0 || length > LONGEST_NAME || self.name.chars().any(char::is_control) {
            return Err(InvalidClient::NameInvalid);
        }
        let grants: BTreeSet<GrantType> = self.grant_types.iter().copied().collect();
        let here =
            |grant: &GrantType| matches!(grant, GrantType::AuthorizationCode | GrantType::TokenExchange);
        if grants.is_empty() || grants.len() != self.grant_types.len() || !grants.iter().all(here) {
            return Err(InvalidClient::GrantsInvalid);
        }
        for uri in self.redirect_uris {
            RedirectUri::register(uri)?;
        }
        let public = self.auth_method == ClientAuthMethod::None;
        let confidential =
            |grant: &&GrantType| matches!(grant, GrantType::TokenExchange | GrantType::ClientCredentials);
        if public && let Some(grant) = self.grant_types.iter().find(confidential) {
            return Err(InvalidClient::GrantForPublicClient(*grant));
        }
        if self.grant_types.contains(&GrantType::AuthorizationCode) && self.redirect_uris.is_empty() {
            return Err(InvalidClient::RedirectUriMissing);
        }
        for ceiling in self.ceilings {
            if let Some(trusted) = &ceiling.trusted
                && trusted.narrow(&ceiling.scope) != *trusted
            {
                return Err(InvalidClient::TrustedBeyondCeiling(
                    ceiling.provider_id.to_string(),
                ));
            }
        }
        Ok(())
    }
}

impl AuthorizationServer {
    /// Makes a client what the definition says. Unchanged = no write, no event.
    pub async fn apply_client(
        &self,
        definition: ClientDefinition,
        origin: &Origin,
    ) -> Result<Applied, ApplyError> {
        definition.check()?;
        let once = || {
            let (server, origin, definition) = (self.clone(), origin.clone(), definition.clone());
            self.store
                .write(move |tx| server.put_client(tx, &definition, &origin))
        };
        let applied = match once().await {
            // Another replica with the same configuration was first: what it made is what we find now.
            Err(StoreError::Conflict) => once().await,
            applied => applied,
        };
        Ok(applied?)
    }

    /// Switches a client off, at once and everywhere.
    pub async fn disable_client(&self, id: &ClientId, origin: &Origin) -> Result<Applied, StoreError> {
        let (server, id, origin) = (self.clone(), id.clone(), origin.clone());
        self.store
            .write(move |tx| {
                clients::hold(tx, &id)?;
                let Some(row) = clients::by_id(tx, &id)? else {
                    return Ok(Applied::Unchanged);
                };
                let claimed = row.unverified().clone();
                let (mut client, found) = match server.vault.verify(row) {
                    Ok(client) if client.status == ClientStatus::Disabled => return Ok(Applied::Unchanged),
                    Ok(client) => (client, None),
                    // Whatever it claims must not come under a good tag again.
                    Err(_) => (stripped(claimed), Some(tampered(&id))),
                };
                client.status = ClientStatus::Disabled;
                let disabled = server.write_client(tx, &client, (EventKind::ClientDisabled, true))?;
                let events = found.into_iter().chain([disabled]);
                server
                    .ledger()
                    .append_all(tx, events.map(|event| origin.note(event)))?;
                Ok(Applied::Changed)
            })
            .await
    }

    fn put_client(
        &self,
        tx: &mut Tx<'_>,
        definition: &ClientDefinition,
        origin: &Origin,
    ) -> Result<Applied, StoreError> {
        // Replicas that start together change it one after the other.
        let held = clients::hold(tx, &definition.id)?;
        let (existing, found) = match clients::by_id(tx, &definition.id)?.map(|row| self.vault.verify(row)) {
            Some(Err(error)) => {
                tracing::error!(client.id = %definition.id, error = %error, "the row of a client was changed past the server; it is written anew");
                (None, Some(tampered(&definition.id)))
            }
            genuine => (genuine.and_then(Result::ok), None),
        };
        let secret = |secret| {
            self.vault
                .client_secret(SECRET_KIND, definition.id.as_str(), secret)
        };
        let wanted = Client {
            id: definition.id.clone(),
            name: definition.name.clone(),
            auth_method: definition.auth_method,
            secrets: definition.secrets.iter().map(secret).collect(),
            redirect_uris: definition.redirect_uris.clone(),
            grant_types: definition.grant_types.clone(),
            scope: definition.scope.clone(),
            accepts_tokens_of: definition.accepts_tokens_of.clone(),
            ceilings: definition.ceilings.clone(),
            status: ClientStatus::Active,
            managed_by: definition.managed_by,
            created_at: existing
                .as_ref()
                .map_or_else(|| self.clock.now(), |client| client.created_at),
        };
        if existing.as_ref() == Some(&wanted) {
            return Ok(Applied::Unchanged);
        }
        let changed = self.write_client(tx, &wanted, (EventKind::ClientChanged, held))?;
        self.ledger().append_all(
            tx,
            found.into_iter().chain([changed]).map(|event| origin.note(event)),
        )?;
        Ok(Applied::Changed)
    }

    /// Writes the row, in place of the one that is held if one is; the event is for the end of the transaction, since
    /// the head comes last.
    pub(crate) fn write_client(
        &self,
        tx: &mut Tx<'_>,
        client: &Client,
        (kind, held): (EventKind, bool),
    ) -> Result<Event, StoreError> {
        let row = self.vault.tag(client.clone());
        let event = Event::new(kind)
            .fact("client_id", client.id.as_str())
            .fact("managed_by", client.managed_by.as_str())
            .fact("status", client.status.as_str())
            .row("clients", &client.id, &row)
            .changes(Change::of(ChangeKind::Client, &client.id));
        if held {
            clients::put(tx, &row)?;
        } else {
            clients::insert(tx, &row)?;
        }
        Ok(event)
    }
}

pub(crate) fn tampered(id: &ClientId) -> Event {
    Event::new(EventKind::TamperedRow)
        .fact("table", "clients")
        .fact("row", id.as_str())
}

/// A client of this id that has and may nothing.
fn stripped(claimed: Client) -> Client {
    Client {
        name: claimed.id.to_string(),
        auth_method: ClientAuthMethod::None,
        secrets: Vec::new(),
        redirect_uris: Vec::new(),
        grant_types: Vec::new(),
        scope: Scope::empty(),
        accepts_tokens_of: Vec::new(),
        ceilings: Vec::new(),
        ..claimed
    }
}

const MIN_SECRET: usize = 32;

const LONGEST_NAME: usize = 128;
