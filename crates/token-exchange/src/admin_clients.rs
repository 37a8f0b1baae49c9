//! What an administrator does with clients. Each change is on the record with who asked for it.

use vouchsafe_audit::{Event, EventKind, Origin};
use vouchsafe_model::{
    AdminScope, Ceiling, Client, ClientAuthMethod, ClientId, ClientSecretDigest, ClientStatus, ManagedBy,
    ProviderId, ScopeBound, Secret,
};
use vouchsafe_oauth_types::{GrantType, Scope};
use vouchsafe_store::{Page, StoreError, Tx, clients};
use vouchsafe_vault::TagError;

use crate::admin_client_change::{ClientChange, check, differences, touches_trust};
use crate::admin_client_secrets::NewClientSecret;
use crate::authorization_server::AuthorizationServer;
use crate::clients::{InvalidClient, tampered};

/// A client as an administrator wants it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `Client`")]
pub struct ClientRequest {
    pub id: ClientId,
    pub name: String,
    pub auth_method: ClientAuthMethod,
    pub redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    pub scope: Scope,
    pub accepts_tokens_of: Vec<ClientId>,
    pub ceilings: Vec<Ceiling>,
}

/// Why a client was not made or changed. The sentences are for operators.
#[derive(Debug, thiserror::Error)]
pub enum ClientRefusal {
    /// There is none of this id.
    #[error("there is no such client")]
    NotFound,
    /// There is one of this id.
    #[error("there is a client of this id already")]
    Taken,
    /// The configuration file says what it is.
    #[error("this client is managed by the configuration file: change it there")]
    ManagedByConfiguration,
    /// Somebody changed the row (AR-04).
    #[error("the row of the client was changed past the server")]
    Tampered(#[from] TagError),
    /// The change is one of trust, and the caller has not that scope.
    #[error(
        "redirect_uris, auth_method, accepts_tokens_of, trusted marks and allow_unbounded_raw are changed with the \
         scope trust only"
    )]
    TrustNeeded,
    /// What is wanted does not fit together.
    #[error(transparent)]
    Invalid(#[from] InvalidClient),
    /// Two ceilings for one provider.
    #[error("ceilings: there are two for the provider {0}; make them one")]
    CeilingTwice(ProviderId),
    /// A ceiling for a provider that does not exist.
    #[error("ceilings: there is no provider {0}")]
    ProviderUnknown(ProviderId),
    /// A link to a client that does not exist.
    #[error("accepts_tokens_of: there is no client {0}")]
    ClientUnknown(ClientId),
    /// A trusted mark for a provider where the client has no ceiling.
    #[error("the client has no ceiling for this provider: give it one first")]
    CeilingNotFound,
    /// A third secret.
    #[error("the client has two secrets already: delete the one that is no longer used first")]
    SecretsFull,
    /// A secret for a public client.
    #[error("a client with auth_method none has no secrets: change its auth_method first")]
    SecretForPublicClient,
    /// There is no secret of this id.
    #[error("the client has no such secret")]
    SecretNotFound,
    /// The last secret.
    #[error("this is the client's only secret: make another one first, or disable the client")]
    LastSecret,
    /// The database.
    #[error("the server cannot complete the request right now")]
    Unavailable(#[from] StoreError),
}

impl AuthorizationServer {
    /// The client of this id.
    pub async fn client(&self, id: &ClientId) -> Result<Client, ClientRefusal> {
        let (vault, id) = (self.vault.clone(), id.clone());
        let find = move |tx: &mut Tx<'_>| {
            let row = clients::by_id(tx, &id)?.ok_or(ClientRefusal::NotFound)?;
            Ok(vault.verify(row)?)
        };
        self.store.read(find).await
    }

    /// Up to `limit` clients in order of id, beginning behind `after`.
    pub async fn clients(&self, after: Option<ClientId>, limit: i64) -> Result<Page<Client>, StoreError> {
        let vault = self.vault.clone();
        let page = move |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            let page = clients::page(tx, after.as_ref(), limit)?;
            Ok(page.try_map(|row| {
                let id = row.unverified().id.to_string();
                vault.verify(row).map_err(|error| {
                    tracing::error!(client.id = id, error = %error, "a client was changed past the server and is left out");
                    id
                })
            }))
        };
        self.store.read(page).await
    }

    /// Registers a client, with a generated secret where it needs one. A row of this id that was changed past the server
    /// is worth nothing and is replaced.
    pub async fn create_client(
        &self,
        request: ClientRequest,
        origin: &Origin,
    ) -> Result<(Client, Option<NewClientSecret>), ClientRefusal> {
        let (secret, secrets) = if request.auth_method == ClientAuthMethod::None {
            (None, Vec::new())
        } else {
            let (secret, digest) = self.new_secret(&request.id);
            (Some(secret), vec![digest])
        };
        let (server, origin) = (self.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| server.create_in(tx, request, secrets, &origin);
        match self.store.write(work).await {
            // Somebody else was first with the id.
            Err(ClientRefusal::Unavailable(StoreError::Conflict)) => Err(ClientRefusal::Taken),
            Ok(client) => Ok((client, secret)),
            Err(refusal) => Err(refusal),
        }
    }

    /// Changes a client for a caller who has the scopes `own`. Unchanged = no write, no event.
    pub async fn change_client(
        &self,
        id: &ClientId,
        change: ClientChange,
        own: &[AdminScope],
        origin: &Origin,
    ) -> Result<Client, ClientRefusal> {
        let own = own.to_vec();
        let apply = move |tx: &mut Tx<'_>, before: &Client| {
            let after = change.applied_to(before);
            if touches_trust(before, &after) && !own.contains(&AdminScope::Trust) {
                return Err(ClientRefusal::TrustNeeded);
            }
            check(tx, &after)?;
            Ok(after)
        };
        self.administer(id, apply, origin).await
    }

    /// Lets the client do things again, or no longer.
    pub async fn set_client_status(
        &self,
        id: &ClientId,
        status: ClientStatus,
        origin: &Origin,
    ) -> Result<Client, ClientRefusal> {
        let apply = move |_: &mut Tx<'_>, before: &Client| {
            Ok(Client {
                status,
                ..before.clone()
            })
        };
        self.administer(id, apply, origin).await
    }

    /// Sets or removes the mark that this much needs no delegation, unless the user denies it.
    pub async fn set_trusted(
        &self,
        id: &ClientId,
        provider: &ProviderId,
        trusted: Option<ScopeBound>,
        origin: &Origin,
    ) -> Result<Client, ClientRefusal> {
        let provider = provider.clone();
        let apply = move |tx: &mut Tx<'_>, before: &Client| {
            let mut after = before.clone();
            let mut ceilings = after.ceilings.iter_mut();
            let ceiling = ceilings
                .find(|ceiling| ceiling.provider_id == provider)
                .ok_or(ClientRefusal::CeilingNotFound)?;
            ceiling.trusted = trusted;
            check(tx, &after)?;
            Ok(after)
        };
        self.administer(id, apply, origin).await
    }

    /// One change of a client that the configuration does not manage, held while it is made.
    pub(crate) async fn administer(
        &self,
        id: &ClientId,
        apply: impl FnOnce(&mut Tx<'_>, &Client) -> Result<Client, ClientRefusal> + Send + 'static,
        origin: &Origin,
    ) -> Result<Client, ClientRefusal> {
        let (server, id, origin) = (self.clone(), id.clone(), origin.clone());
        let work = move |tx: &mut Tx<'_>| {
            if !clients::hold(tx, &id)? {
                return Err(ClientRefusal::NotFound);
            }
            let row = clients::by_id(tx, &id)?.ok_or(ClientRefusal::NotFound)?;
            let before = server.vault.verify(row)?;
            if before.managed_by == ManagedBy::Config {
                return Err(ClientRefusal::ManagedByConfiguration);
            }
            let after = apply(tx, &before)?;
            if after == before {
                return Ok(after);
            }
            let disabled = after.status == ClientStatus::Disabled && before.status != after.status;
            let kind = if disabled {
                EventKind::ClientDisabled
            } else {
                EventKind::ClientChanged
            };
            let event = server.write_client(tx, &after, (kind, true))?;
            let secrets = (before.secrets != after.secrets).then(|| {
                let ids = after.secrets.iter().map(ClientSecretDigest::id);
                ids.collect::<Vec<String>>()
            });
            let event = event
                .fact("changed", differences(&before, &after))
                .fact_if("secrets", secrets);
            server.ledger().append(tx, origin.note(event))?;
            Ok(after)
        };
        self.store.write(work).await
    }

    fn create_in(
        &self,
        tx: &mut Tx<'_>,
        request: ClientRequest,
        secrets: Vec<ClientSecretDigest>,
        origin: &Origin,
    ) -> Result<Client, ClientRefusal> {
        let held = clients::hold(tx, &request.id)?;
        let found = match clients::by_id(tx, &request.id)?.map(|row| self.vault.verify(row)) {
            None => None,
            Some(Ok(_)) => return Err(ClientRefusal::Taken),
            Some(Err(_)) => Some(tampered(&request.id)),
        };
        let client = Client {
            id: request.id,
            name: request.name,
            auth_method: request.auth_method,
            secrets,
            redirect_uris: request.redirect_uris,
            grant_types: request.grant_types,
            scope: request.scope,
            accepts_tokens_of: request.accepts_tokens_of,
            ceilings: request.ceilings,
            status: ClientStatus::Active,
            managed_by: ManagedBy::Admin,
            created_at: self.clock.now(),
        };
        check(tx, &client)?;
        let created = self
            .write_client(tx, &client, (EventKind::ClientChanged, held))?
            .fact("created", true);
        let events: Vec<Event> = found.into_iter().chain([created]).collect();
        self.ledger()
            .append_all(tx, events.into_iter().map(|event| origin.note(event)))?;
        Ok(client)
    }

    /// A secret and what is kept of it.
    pub(crate) fn new_secret(&self, owner: &ClientId) -> (NewClientSecret, ClientSecretDigest) {
        let secret: Secret<String> = self.ids.secret_text();
        let digest = ClientSecretDigest {
            created_at: Some(self.clock.now()),
            ..self
                .vault
                .client_secret(crate::client_auth::SECRET_KIND, owner.as_str(), &secret)
        };
        let new = NewClientSecret {
            id: digest.id(),
            secret,
        };
        (new, digest)
    }
}
