//! Where each secret of this crate is sealed: one place for every context (VA-01).

use vouchsafe_model::{
    AccessToken, ConnectAttempt, Connection, HostsDigest, ProviderId, SealContext, UserId,
};

/// Whose secrets, and where they may go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) user: &'a UserId,
    pub(crate) provider: &'a ProviderId,
    pub(crate) hosts: HostsDigest,
}

impl<'a> Owner<'a> {
    pub(crate) const fn of(connection: &'a Connection) -> Self {
        Self {
            user: &connection.user_id,
            provider: &connection.provider_id,
            hosts: connection.hosts,
        }
    }

    /// A refresh token in its grant.
    pub(crate) fn refresh_token(self, grant: &'a str, version: i64) -> SealContext<'a> {
        self.context(UPSTREAM_GRANTS, REFRESH_TOKEN, grant, version)
    }

    /// An access token in its row, as [`access_token_row`] names it.
    pub(crate) fn access_token(self, row: &'a str, version: i64) -> SealContext<'a> {
        self.context(ACCESS_TOKENS, TOKEN, row, version)
    }

    /// Wherever it was sealed.
    pub(crate) fn context(
        self,
        table: &'a str,
        column: &'a str,
        row: &'a str,
        version: i64,
    ) -> SealContext<'a> {
        SealContext {
            table,
            column,
            row,
            user: self.user.as_str(),
            provider: self.provider.as_str(),
            hosts: self.hosts,
            version,
        }
    }
}

/// The row of an access token, for its seal: the id and everything the row says of the token. What a token can do and
/// when it ends decides whether it is handed out, so a row that the database alone relabels does not open.
pub(crate) fn access_token_row(token: &AccessToken) -> String {
    let claims = (
        token.id.as_str(),
        token.upstream_grant_id.as_str(),
        &token.audience,
        &token.scope_key,
        &token.scope,
        token.expires_at,
        token.issued_at,
    );
    serde_json::to_string(&claims).expect("texts and numbers serialise")
}

/// A column of a connect attempt. It is written once, so the version is free to bind the authority state that the flow
/// began under: the database alone cannot make an old flow look young (AR-19).
pub(crate) fn of_attempt<'a>(attempt: &'a ConnectAttempt, column: &'a str) -> SealContext<'a> {
    let owner = Owner {
        user: &attempt.user_id,
        provider: &attempt.provider_id,
        hosts: attempt.hosts,
    };
    owner.context(
        "connect_attempts",
        column,
        attempt.id.as_str(),
        attempt.change_seq,
    )
}

/// A provider's client secret.
pub(crate) fn client_secret(provider: &ProviderId, hosts: HostsDigest, version: i64) -> SealContext<'_> {
    SealContext {
        table: "providers",
        column: "client_secret",
        row: provider.as_str(),
        user: "",
        provider: provider.as_str(),
        hosts,
        version,
    }
}

pub(crate) const UPSTREAM_GRANTS: &str = "upstream_grants";
pub(crate) const ACCESS_TOKENS: &str = "access_tokens";
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";
pub(crate) const TOKEN: &str = "token";
