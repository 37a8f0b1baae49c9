//! One of everything.

use std::sync::Arc;

use vouchsafe_model::*;
use vouchsafe_oauth_types::{GrantType, InteractionReason, Scope};

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

    pub(super) fn authorization(&self) -> Authorization {
        Authorization {
            id: self.ids.next(),
            user_id: self.user.id.clone(),
            client_id: self.client.id.clone(),
            scope: Scope::parse("connections:read").unwrap(),
            granted_at: at(10),
        }
    }

    pub(super) fn code(&self, authorization: &Authorization) -> AuthorizationCode {
        AuthorizationCode {
            id: self.ids.next(),
            code: Digest::from_bytes(self.ids.bytes()),
            authorization_id: authorization.id.clone(),
            user_id: self.user.id.clone(),
            session_id: self.session.id.clone(),
            authenticated_at: at(5),
            client_id: self.client.id.clone(),
            redirect_uri: "https://agent.example/callback".to_owned(),
            code_challenge: "c".repeat(43),
            nonce: None,
            resource: vec!["https://a.example".to_owned(), "https://b.example".to_owned()],
            scope: Scope::default(),
            change_seq: 3,
            expires_at: at(60_000),
        }
    }

    pub(super) fn issued_token(&self, code: &AuthorizationCode) -> IssuedToken {
        IssuedToken {
            id: self.ids.next(),
            code_id: code.id.clone(),
            authorization_id: code.authorization_id.clone(),
            session_id: code.session_id.clone(),
            user_id: code.user_id.clone(),
            client_id: code.client_id.clone(),
            expires_at: at(900_000),
            revoked_at: None,
        }
    }

    pub(super) fn access_token(&self) -> AccessToken {
        AccessToken {
            id: self.ids.next(),
            upstream_grant_id: self.grant.id.clone(),
            connection_id: self.connection.id.clone(),
            audience: String::new(),
            scope_key: "repo".to_owned(),
            scope: EffectiveScope::Unknown,
            token: Sealed::from_bytes(self.ids.bytes::<40>().to_vec()),
            data_key_id: self.grant.data_key_id.clone(),
            version: 1,
            expires_at: None,
            issued_at: at(10),
        }
    }

    pub(super) fn delegation(&self) -> Delegation {
        Delegation {
            id: self.ids.next(),
            user_id: self.user.id.clone(),
            client_id: self.client.id.clone(),
            connection_id: self.connection.id.clone(),
            provider_id: self.provider.id.clone(),
            scope: ScopeBound::Scopes(Scope::parse("repo user").unwrap()),
            decision: DelegationDecision::Granted,
            expires_at: Some(at(99_000)),
            decided_in: self.session.id.clone(),
            decided_at: at(20),
            version: 1,
        }
    }

    pub(super) fn interaction(&self) -> Interaction {
        Interaction {
            id: self.ids.next(),
            binding: Digest::from_bytes([4; 32]),
            user_id: self.user.id.clone(),
            client_id: self.client.id.clone(),
            provider_id: self.provider.id.clone(),
            scope: ScopeBound::Everything,
            reason: InteractionReason::MoreScopes,
            connection_id: Some(self.connection.id.clone()),
            account: None,
            state: InteractionState::Pending,
            change_seq: 0,
            created_at: at(10),
            expires_at: at(1_000),
        }
    }

    pub(super) fn connect_attempt(&self) -> ConnectAttempt {
        ConnectAttempt {
            id: self.ids.next(),
            connection_id: self.ids.next(),
            reconnect: false,
            user_id: self.user.id.clone(),
            session_id: self.session.id.clone(),
            provider_id: self.provider.id.clone(),
            client_id: Some(self.client.id.clone()),
            interaction_id: None,
            state_digest: Digest::from_bytes(self.ids.bytes()),
            cookie_digest: Digest::from_bytes(self.ids.bytes()),
            secrets: Sealed::from_bytes(vec![1, 2, 3]),
            redirect_uri: "https://vouchsafe.example/connect/callback/github".to_owned(),
            token_url: "https://github.example/token".to_owned(),
            expected_issuer: None,
            upstream_client_id: "up".to_owned(),
            hosts: self.provider.hosts,
            scope: Scope::parse("repo").unwrap(),
            state: ConnectAttemptState::Pending,
            quarantine: None,
            change_seq: 0,
            created_at: at(10),
            expires_at: at(1_000),
        }
    }

    pub(super) fn revocation(&self) -> UpstreamRevocation {
        UpstreamRevocation {
            id: self.ids.next(),
            connection_id: self.connection.id.clone(),
            user_id: self.user.id.clone(),
            provider_id: self.provider.id.clone(),
            state: RevocationState::PendingUpstream,
            reason: None,
            attempts: 0,
            deadline_at: at(1_000),
            created_at: at(10),
            forgotten_at: None,
        }
    }

    pub(super) fn revocation_secret(&self, revocation: &UpstreamRevocation) -> RevocationSecret {
        RevocationSecret {
            revocation_id: revocation.id.clone(),
            kind: "refresh_token".to_owned(),
            part: String::new(),
            origin_table: "upstream_grants".to_owned(),
            origin_column: "refresh_token".to_owned(),
            origin_row: self.grant.id.to_string(),
            version: self.grant.version,
            hosts: self.connection.hosts,
            sealed: vec![9; 60],
            data_key_id: self.grant.data_key_id.to_string(),
            expires_at: None,
        }
    }

    pub(super) fn data_key(&self) -> DataKey {
        DataKey {
            id: self.grant.data_key_id.clone(),
            connection_id: self.connection.id.clone(),
            sealed: vec![7; 50],
            created_at: at(1),
        }
    }

    pub(super) fn job(&self, run_at: UnixMillis) -> Job {
        Job {
            id: self.ids.next(),
            kind: "upstream_revocation".to_owned(),
            payload: "{}".to_owned(),
            state: JobState::Waiting,
            run_at,
            attempts: 0,
            lease_until: None,
            created_at: at(1),
        }
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
