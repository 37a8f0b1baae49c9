//! The row of `connect_attempts`.

use diesel::prelude::*;
use vouchsafe_model::{ConnectAttempt, Digest, HostsDigest, Sealed, UnixMillis};

use crate::column::{Keyed, bytes32, from_json, parsed, parsed_option, to_json};
use crate::error::StoreError;

mod schema {
    diesel::table! {
        connect_attempts (id) {
            id -> Text,
            connection_id -> Text,
            reconnect -> Bool,
            user_id -> Text,
            session_id -> Text,
            provider_id -> Text,
            client_id -> Nullable<Text>,
            interaction_id -> Nullable<Text>,
            state_digest -> Binary,
            cookie_digest -> Binary,
            secrets -> Binary,
            redirect_uri -> Text,
            token_url -> Text,
            expected_issuer -> Nullable<Text>,
            upstream_client_id -> Text,
            hosts -> Binary,
            scope -> Text,
            state -> Text,
            quarantine -> Nullable<Binary>,
            change_seq -> BigInt,
            created_at -> BigInt,
            expires_at -> BigInt,
            finished_at -> Nullable<BigInt>,
        }
    }
}
pub(super) use schema::connect_attempts;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = connect_attempts, treat_none_as_default_value = false)]
pub(super) struct ConnectAttemptRow {
    id: String,
    connection_id: String,
    reconnect: bool,
    user_id: String,
    session_id: String,
    provider_id: String,
    client_id: Option<String>,
    interaction_id: Option<String>,
    state_digest: Vec<u8>,
    cookie_digest: Vec<u8>,
    secrets: Vec<u8>,
    redirect_uri: String,
    token_url: String,
    expected_issuer: Option<String>,
    upstream_client_id: String,
    hosts: Vec<u8>,
    scope: String,
    state: String,
    quarantine: Option<Vec<u8>>,
    change_seq: i64,
    created_at: i64,
    expires_at: i64,
}

impl Keyed for ConnectAttemptRow {
    fn key(&self) -> &str {
        &self.id
    }
}

impl From<&ConnectAttempt> for ConnectAttemptRow {
    fn from(attempt: &ConnectAttempt) -> Self {
        Self {
            id: attempt.id.to_string(),
            connection_id: attempt.connection_id.to_string(),
            reconnect: attempt.reconnect,
            user_id: attempt.user_id.to_string(),
            session_id: attempt.session_id.to_string(),
            provider_id: attempt.provider_id.to_string(),
            client_id: attempt.client_id.as_ref().map(ToString::to_string),
            interaction_id: attempt.interaction_id.as_ref().map(ToString::to_string),
            state_digest: attempt.state_digest.as_bytes().to_vec(),
            cookie_digest: attempt.cookie_digest.as_bytes().to_vec(),
            secrets: attempt.secrets.as_bytes().to_vec(),
            redirect_uri: attempt.redirect_uri.clone(),
            token_url: attempt.token_url.clone(),
            expected_issuer: attempt.expected_issuer.clone(),
            upstream_client_id: attempt.upstream_client_id.clone(),
            hosts: attempt.hosts.as_bytes().to_vec(),
            scope: to_json(&attempt.scope),
            state: attempt.state.to_string(),
            quarantine: attempt
                .quarantine
                .as_ref()
                .map(|sealed| sealed.as_bytes().to_vec()),
            change_seq: attempt.change_seq,
            created_at: attempt.created_at.0,
            expires_at: attempt.expires_at.0,
        }
    }
}

impl TryFrom<ConnectAttemptRow> for ConnectAttempt {
    type Error = StoreError;

    fn try_from(row: ConnectAttemptRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parsed(&row.id, TABLE, "id")?,
            connection_id: parsed(&row.connection_id, TABLE, "connection_id")?,
            reconnect: row.reconnect,
            user_id: parsed(&row.user_id, TABLE, "user_id")?,
            session_id: parsed(&row.session_id, TABLE, "session_id")?,
            provider_id: parsed(&row.provider_id, TABLE, "provider_id")?,
            client_id: parsed_option(row.client_id.as_deref(), TABLE, "client_id")?,
            interaction_id: parsed_option(row.interaction_id.as_deref(), TABLE, "interaction_id")?,
            state_digest: Digest::from_bytes(bytes32(&row.state_digest, TABLE, "state_digest")?),
            cookie_digest: Digest::from_bytes(bytes32(&row.cookie_digest, TABLE, "cookie_digest")?),
            secrets: Sealed::from_bytes(row.secrets),
            redirect_uri: row.redirect_uri,
            token_url: row.token_url,
            expected_issuer: row.expected_issuer,
            upstream_client_id: row.upstream_client_id,
            hosts: HostsDigest::from_bytes(bytes32(&row.hosts, TABLE, "hosts")?),
            scope: from_json(&row.scope, TABLE, "scope")?,
            state: parsed(&row.state, TABLE, "state")?,
            quarantine: row.quarantine.map(Sealed::from_bytes),
            change_seq: row.change_seq,
            created_at: UnixMillis(row.created_at),
            expires_at: UnixMillis(row.expires_at),
        })
    }
}

const TABLE: &str = "connect_attempts";
