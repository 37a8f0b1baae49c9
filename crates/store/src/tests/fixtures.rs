//! One of everything.

use std::sync::Arc;

use vouchsafe_model::*;
use vouchsafe_oauth_types::{GrantType, Scope};

use crate::{Store, StoreError, Tx, clients, connections, providers, sessions, upstream_grants, users};

/// A time.
pub(super) const fn at(millis: i64) -> UnixMillis {
    UnixMillis(millis)
}

/// A user with a session and a connection to a provider, and a client.
#[derive(Clone)]
pub(super) struct World {
    pub(super) ids: Ids,
    pub(super) user: User,
    pub(super) session: Session,
    pub(super) client: Client,
    pub(super) provider: Provider,
    pub(super) connection: Connection,
    pub(super) grant: UpstreamGrant,
}

impl World {
    pub(super) fn new() -> Self {
        let clock = FixedClock::at(at(1_795_000_000_000));
        let ids = Ids::new(Arc::new(clock), Arc::new(SeededEntropy::new(1)));
        let user = user(&ids, "alice");
        let session = session(&ids, &user, 1);
        let client = client(&ids);
        let provider = provider();
        let connection = connection(&ids, &user, &provider);
        let grant = grant(&ids, &connection);
        Self {
            ids,
            user,
            session,
            client,
            provider,
            connection,
            grant,
        }
    }

    pub(super) async fn in_store(store: &Store) -> Self {
        let world = Self::new();
        let copy = world.clone();
        store.write(move |tx| copy.insert(tx)).await.unwrap();
        world
    }

    fn insert(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        users::put(tx, &self.tag(self.user.clone()))?;
        sessions::insert(tx, &self.tag(self.session.clone()))?;
        clients::put(tx, &self.tag(self.client.clone()))?;
        providers::put(tx, &self.tag(self.provider.clone()))?;
        connections::insert(tx, &self.connection)?;
        upstream_grants::insert(tx, &self.grant)
    }

    /// Under some tag: this crate cannot tell a good one from a bad one.
    pub(super) fn tag<T>(&self, value: T) -> Tagged<T> {
        Tagged::new(
            value,
            Tag {
                key_id: self.ids.next(),
                mac: self.ids.bytes(),
            },
        )
    }
}

pub(super) fn user(ids: &Ids, username: &str) -> User {
    User {
        id: ids.next(),
        username: username.to_owned(),
        pseudonym: "p".to_owned(),
        status: UserStatus::Active,
        managed_by: ManagedBy::Admin,
        credentials_reset_at: None,
        created_at: at(1),
    }
}

pub(super) fn session(ids: &Ids, user: &User, secret: u8) -> Session {
    Session {
        id: ids.next(),
        user_id: user.id.clone(),
        secret: Digest::from_bytes([secret; 32]),
        authenticated_at: at(2),
        expires_at: at(50_000),
    }
}

fn client(ids: &Ids) -> Client {
    Client {
        id: "agent-1".parse().unwrap(),
        name: "An \"agent\" – with ünïcode".to_owned(),
        auth_method: ClientAuthMethod::ClientSecretBasic,
        secrets: vec![ClientSecretDigest {
            key_id: ids.next(),
            mac: ids.bytes(),
            created_at: None,
        }],
        redirect_uris: vec!["https://agent.example/callback".to_owned()],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::TokenExchange],
        scope: Scope::parse("connections:read").unwrap(),
        accepts_tokens_of: vec!["app".parse().unwrap()],
        ceilings: vec![Ceiling {
            provider_id: "github".parse().unwrap(),
            scope: ScopeBound::Everything,
            allow_unbounded_raw: true,
            trusted: Some(ScopeBound::Scopes(Scope::parse("repo").unwrap())),
        }],
        status: ClientStatus::Active,
        managed_by: ManagedBy::Config,
        created_at: at(1),
    }
}

fn provider() -> Provider {
    Provider {
        id: "github".parse().unwrap(),
        entry: "{\"kind\":\"oauth2\"}".to_owned(),
        client_id: "up".to_owned(),
        client_secret: Some(Sealed::from_bytes(vec![0, 1, 255])),
        hosts: HostsDigest::of(["https://github.example"]),
        version: 1,
        enabled: true,
        managed_by: ManagedBy::Config,
        updated_at: at(1),
    }
}

fn connection(ids: &Ids, user: &User, provider: &Provider) -> Connection {
    Connection {
        id: ids.next(),
        user_id: user.id.clone(),
        provider_id: provider.id.clone(),
        account_id: "4711".to_owned(),
        account_label: Some("work".to_owned()),
        state: ConnectionState::Active,
        upstream_client_id: "up".to_owned(),
        hosts: provider.hosts,
        version: 1,
        created_at: at(1),
        updated_at: at(1),
    }
}

fn grant(ids: &Ids, connection: &Connection) -> UpstreamGrant {
    UpstreamGrant {
        id: ids.next(),
        connection_id: connection.id.clone(),
        part: String::new(),
        scope: EffectiveScope::Known(Scope::parse("repo").unwrap()),
        refresh_token: Some(Sealed::from_bytes(vec![9; 60])),
        data_key_id: ids.next(),
        version: 1,
        refresh_expires_at: None,
        lease_owner: None,
        lease_until: None,
        outcome_unknown_since: None,
        updated_at: at(1),
    }
}
