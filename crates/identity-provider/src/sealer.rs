//! Sealing fresh tokens into rows.

use vouchsafe_model::{AccessToken, Connection, Ids, Sealed, Secret, UnixMillis, UpstreamGrant};
use vouchsafe_vault::{OpenDataKey, Vault};

use crate::catalogue::TokenPart;
use crate::sealing::{Owner, access_token_row};

/// What tokens are sealed with, and for whom.
pub(crate) struct Sealer<'a> {
    pub(crate) vault: &'a Vault,
    pub(crate) ids: &'a Ids,
    pub(crate) key: &'a OpenDataKey,
    pub(crate) connection: &'a Connection,
    /// When the tokens came: their lives count from here.
    pub(crate) received_at: UnixMillis,
}

impl Sealer<'_> {
    /// A new grant. `refresh_token` is the part's own, or the one to keep (UP-11).
    pub(crate) fn grant(&self, part: &TokenPart, refresh_token: Option<&Secret<String>>) -> UpstreamGrant {
        let mut grant = UpstreamGrant {
            id: self.ids.next(),
            connection_id: self.connection.id.clone(),
            part: part.name.clone(),
            scope: part.scope.clone(),
            refresh_token: None,
            data_key_id: self.key.id.clone(),
            version: 1,
            refresh_expires_at: part.refresh_expires_at,
            lease_owner: None,
            lease_until: None,
            outcome_unknown_since: None,
            updated_at: self.received_at,
        };
        grant.refresh_token = refresh_token.map(|token| self.refresh_token(&grant, token));
        grant
    }

    /// The same grant once more, under another id and this key.
    pub(crate) fn copy_of(&self, grant: &UpstreamGrant, refresh_token: &Secret<String>) -> UpstreamGrant {
        let mut copy = UpstreamGrant {
            id: self.ids.next(),
            data_key_id: self.key.id.clone(),
            version: 1,
            refresh_token: None,
            ..grant.clone()
        };
        copy.refresh_token = Some(self.refresh_token(&copy, refresh_token));
        copy
    }

    /// A refresh token, sealed for this grant at its version.
    pub(crate) fn refresh_token(&self, grant: &UpstreamGrant, token: &Secret<String>) -> Sealed<String> {
        let context = Owner::of(self.connection).refresh_token(grant.id.as_str(), grant.version);
        self.vault.seal(self.key, &context, token)
    }

    /// The access token of a part, filed as one of the whole grant or as what was wanted. A new row each time, so its
    /// version is always 1. It is sealed last: the seal covers what the row says of it.
    pub(crate) fn access_token(
        &self,
        grant: &UpstreamGrant,
        part: &TokenPart,
        filed: Filed<'_>,
    ) -> AccessToken {
        let mut token = AccessToken {
            id: self.ids.next(),
            upstream_grant_id: grant.id.clone(),
            connection_id: self.connection.id.clone(),
            audience: filed.audience.to_owned(),
            scope_key: filed.scope_key.to_owned(),
            scope: part.scope.clone(),
            token: Sealed::from_bytes(Vec::new()),
            data_key_id: self.key.id.clone(),
            version: 1,
            expires_at: part.expires_at,
            issued_at: self.received_at,
        };
        let row = access_token_row(&token);
        let context = Owner::of(self.connection).access_token(&row, token.version);
        token.token = self.vault.seal(self.key, &context, &part.access_token);
        token
    }
}

/// Under which audience and narrowing a token is found again; empty = the whole grant.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Filed<'a> {
    pub(crate) audience: &'a str,
    pub(crate) scope_key: &'a str,
}
