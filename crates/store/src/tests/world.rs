//! What happens between the things of a [`World`].

use vouchsafe_model::*;
use vouchsafe_oauth_types::{InteractionReason, Scope};

use super::fixtures::{World, at};

impl World {
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
            issued_at: at(10),
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
