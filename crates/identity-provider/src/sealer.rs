//! Sealing fresh tokens into rows.

use vouchsafe_model::{
    AccessToken, AccessTokenId, Connection, Ids, Sealed, Secret, UnixMillis, UpstreamGrant,
};
use vouchsafe_vault::{OpenDataKey, Vault};

use crate::catalogue::TokenPart;
use crate::sealing::Owner;

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

    /// A refresh token, sealed for this grant at its version.
    pub(crate) fn refresh_token(&self, grant: &UpstreamGrant, token: &Secret<String>) -> Sealed<String> {
        let context = Owner::of(self.connection).refresh_token(grant.id.as_str(), grant.version);
        self.vault.seal(self.key, &context, token)
    }

    /// The access token of a part. A new row each time, so its version is always 1.
    pub(crate) fn access_token(&self, grant: &UpstreamGrant, part: &TokenPart) -> AccessToken {
        let id: AccessTokenId = self.ids.next();
        let context = Owner::of(self.connection).access_token(id.as_str(), 1);
        AccessToken {
            upstream_grant_id: grant.id.clone(),
            connection_id: self.connection.id.clone(),
            audience: String::new(),
            scope_key: String::new(),
            scope: part.scope.clone(),
            token: self.vault.seal(self.key, &context, &part.access_token),
            data_key_id: self.key.id.clone(),
            version: 1,
            expires_at: part.expires_at,
            issued_at: self.received_at,
            id,
        }
    }
}
