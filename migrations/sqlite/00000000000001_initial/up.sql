-- The whole first schema. The same tables as in migrations/postgres; a test compares them.
-- Ids and other keys are TEXT, times are BIGINT milliseconds since 1970, lists and bounds are JSON in TEXT.
-- Rows with tag_key_id and tag_mac grant something: columns under the tag come first, then the tag, then what may
-- change without a new one.

CREATE TABLE instance (
    singleton INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    schema_note TEXT NOT NULL
);

-- People.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    pseudonym TEXT NOT NULL,
    status TEXT NOT NULL,
    managed_by TEXT NOT NULL,
    credentials_reset_at BIGINT,
    created_at BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL
);
CREATE UNIQUE INDEX users_username ON users (username);

CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

CREATE TABLE user_credentials (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id),
    password_hash TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL
);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    secret BLOB NOT NULL,
    authenticated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX sessions_secret ON sessions (secret);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- What is registered.

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    auth_method TEXT NOT NULL,
    secrets TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    grant_types TEXT NOT NULL,
    scope TEXT NOT NULL,
    accepts_tokens_of TEXT NOT NULL,
    ceilings TEXT NOT NULL,
    status TEXT NOT NULL,
    managed_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL
);

CREATE TABLE providers (
    id TEXT NOT NULL PRIMARY KEY,
    entry TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BLOB,
    hosts BLOB NOT NULL,
    version BIGINT NOT NULL,
    enabled BOOL NOT NULL,
    managed_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL
);

CREATE TABLE admin_keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    secret_key_id TEXT NOT NULL,
    secret_mac BLOB NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL
);

-- A person's leave for a client at our own authorization server.

CREATE TABLE authorizations (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    scope TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL,
    withdrawn_at BIGINT
);
CREATE UNIQUE INDEX authorizations_user_client ON authorizations (user_id, client_id);

CREATE TABLE authorization_codes (
    id TEXT NOT NULL PRIMARY KEY,
    code BLOB NOT NULL,
    authorization_id TEXT NOT NULL REFERENCES authorizations (id),
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    nonce TEXT,
    resource TEXT NOT NULL,
    scope TEXT NOT NULL,
    change_seq BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL,
    redeemed_at BIGINT
);
CREATE UNIQUE INDEX authorization_codes_code ON authorization_codes (code);
CREATE INDEX authorization_codes_expiry ON authorization_codes (expires_at);

-- Codes and sessions are purged before the tokens that came from them: no foreign keys.
CREATE TABLE issued_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    code_id TEXT NOT NULL,
    authorization_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX issued_tokens_code ON issued_tokens (code_id);
CREATE INDEX issued_tokens_authorization ON issued_tokens (authorization_id);
CREATE INDEX issued_tokens_session ON issued_tokens (session_id);
CREATE INDEX issued_tokens_user ON issued_tokens (user_id);
CREATE INDEX issued_tokens_expiry ON issued_tokens (expires_at);

-- The vault.

CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    provider_id TEXT NOT NULL REFERENCES providers (id),
    account_id TEXT NOT NULL,
    account_label TEXT,
    state TEXT NOT NULL,
    state_reason TEXT,
    state_at BIGINT,
    upstream_client_id TEXT NOT NULL,
    hosts BLOB NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX connections_user_provider ON connections (user_id, provider_id);
CREATE INDEX connections_provider_account ON connections (provider_id, account_id);

CREATE TABLE upstream_grants (
    id TEXT NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL REFERENCES connections (id),
    part TEXT NOT NULL,
    scope TEXT NOT NULL,
    refresh_token BLOB,
    data_key_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    refresh_expires_at BIGINT,
    lease_owner TEXT,
    lease_until BIGINT,
    outcome_unknown_since BIGINT,
    updated_at BIGINT NOT NULL
);
CREATE INDEX upstream_grants_connection ON upstream_grants (connection_id);
CREATE INDEX upstream_grants_data_key ON upstream_grants (data_key_id);

CREATE TABLE access_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    upstream_grant_id TEXT NOT NULL REFERENCES upstream_grants (id),
    connection_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    scope_key TEXT NOT NULL,
    scope TEXT NOT NULL,
    token BLOB NOT NULL,
    data_key_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    expires_at BIGINT,
    issued_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX access_tokens_grant_audience_scope ON access_tokens (upstream_grant_id, audience, scope_key);
CREATE INDEX access_tokens_connection ON access_tokens (connection_id);
CREATE INDEX access_tokens_data_key ON access_tokens (data_key_id);

-- A data key may be made before its connection: no foreign key.
CREATE TABLE data_keys (
    id TEXT NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX data_keys_connection ON data_keys (connection_id);

CREATE TABLE server_keys (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    state TEXT NOT NULL,
    sealed BLOB NOT NULL,
    public BLOB,
    created_at BIGINT NOT NULL
);

CREATE TABLE delegations (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    client_id TEXT NOT NULL REFERENCES clients (id),
    connection_id TEXT NOT NULL REFERENCES connections (id),
    provider_id TEXT NOT NULL REFERENCES providers (id),
    scope TEXT NOT NULL,
    decision TEXT NOT NULL,
    expires_at BIGINT,
    decided_in TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    tag_key_id TEXT NOT NULL,
    tag_mac BLOB NOT NULL
);
CREATE UNIQUE INDEX delegations_user_client_connection ON delegations (user_id, client_id, connection_id);
CREATE INDEX delegations_connection ON delegations (connection_id);

-- Everything of a user, a client or a provider that was there at this time is revoked. Each row is swept by a job, and
-- counts from the moment that it is here.
CREATE TABLE revoked_access (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revoked_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- When a person must act.

CREATE TABLE interactions (
    id TEXT NOT NULL PRIMARY KEY,
    binding BLOB NOT NULL,
    user_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    connection_id TEXT,
    account TEXT,
    state TEXT NOT NULL,
    change_seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_at BIGINT
);
CREATE INDEX interactions_binding ON interactions (binding);
CREATE INDEX interactions_user_client ON interactions (user_id, client_id);

-- The connection may not exist yet, and the attempt outlives its session: no foreign keys.
CREATE TABLE connect_attempts (
    id TEXT NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL,
    reconnect BOOL NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    client_id TEXT,
    interaction_id TEXT,
    state_digest BLOB NOT NULL,
    cookie_digest BLOB NOT NULL,
    secrets BLOB NOT NULL,
    redirect_uri TEXT NOT NULL,
    token_url TEXT NOT NULL,
    expected_issuer TEXT,
    upstream_client_id TEXT NOT NULL,
    hosts BLOB NOT NULL,
    scope TEXT NOT NULL,
    state TEXT NOT NULL,
    quarantine BLOB,
    change_seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE UNIQUE INDEX connect_attempts_state_digest ON connect_attempts (state_digest);
CREATE INDEX connect_attempts_state ON connect_attempts (state);
CREATE INDEX connect_attempts_expiry ON connect_attempts (expires_at);

-- The record. Written only under the head: no foreign keys, and no index on anything random.

-- INTEGER PRIMARY KEY is the row id itself: the record is one B-tree that only grows at its end.
CREATE TABLE records (
    seq INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL,
    time BIGINT NOT NULL,
    event TEXT NOT NULL,
    body BLOB NOT NULL,
    salt BLOB,
    details TEXT,
    leaf BLOB NOT NULL,
    chain BLOB NOT NULL,
    change_seq BIGINT NOT NULL,
    signature BLOB,
    key_id TEXT
);

CREATE TABLE changes (
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (seq, kind, id)
) WITHOUT ROWID;

CREATE TABLE replay_ids (
    bucket BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (kind, id, bucket)
) WITHOUT ROWID;
CREATE INDEX replay_ids_bucket ON replay_ids (bucket);

-- What is left to do.

CREATE TABLE upstream_revocations (
    id TEXT NOT NULL PRIMARY KEY,
    connection_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL,
    deadline_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    forgotten_at BIGINT
);
CREATE INDEX upstream_revocations_connection ON upstream_revocations (connection_id);
CREATE INDEX upstream_revocations_forgotten ON upstream_revocations (forgotten_at);

CREATE TABLE upstream_revocation_secrets (
    revocation_id TEXT NOT NULL REFERENCES upstream_revocations (id),
    kind TEXT NOT NULL,
    part TEXT NOT NULL,
    origin_table TEXT NOT NULL,
    origin_column TEXT NOT NULL,
    origin_row TEXT NOT NULL,
    version BIGINT NOT NULL,
    hosts BLOB NOT NULL,
    sealed BLOB NOT NULL,
    data_key_id TEXT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (revocation_id, origin_table, origin_column, origin_row)
);
CREATE INDEX upstream_revocation_secrets_data_key ON upstream_revocation_secrets (data_key_id);

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    lease_until BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (state, run_at);
