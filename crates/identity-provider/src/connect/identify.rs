//! Whose account it is.

use serde_json::Value;

use super::id_token::{self, Expected, IdTokenError};
use super::redeem::Redeemed;
use crate::catalogue::{Account, IdentityOrigin, IdentitySource, UpstreamFailure};
use crate::identity_provider::IdentityProvider;

/// Why it cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unidentified {
    /// The provider could not answer: the tokens wait.
    NotYet,
    /// What it says is not believed.
    Refused,
}

impl IdentityProvider {
    /// The account behind fresh tokens. An OpenID Provider's ID token is verified in any case (UP-03, UP-08), also where
    /// userinfo names the account; then both must mean the same `sub`.
    pub(super) async fn identify(&self, redeemed: &Redeemed) -> Result<Account, Unidentified> {
        let entry = &redeemed.provider.entry;
        let claims = if entry.uses_nonce() {
            Some(self.verified_claims(redeemed).await?)
        } else {
            None
        };
        match entry.identity_rules().source {
            IdentityOrigin::Userinfo => self.account_of_userinfo(redeemed, claims.as_ref()).await,
            IdentityOrigin::TokenResponse => read(
                redeemed,
                entry.read_identity(IdentitySource::TokenResponse(&redeemed.answer)),
            ),
            IdentityOrigin::IdToken => {
                let claims = claims.ok_or(Unidentified::Refused)?;
                read(redeemed, entry.read_identity(IdentitySource::IdToken(&claims)))
            }
        }
    }

    /// One look at the keys again when the token's key is not among those we have: the provider may have rotated.
    async fn verified_claims(&self, redeemed: &Redeemed) -> Result<Value, Unidentified> {
        let entry = &redeemed.provider.entry;
        let refused = |error: IdTokenError| {
            let provider = &redeemed.attempt.provider_id;
            tracing::warn!(provider.id = %provider, error.reason = %error, "an ID token was refused");
            Unidentified::Refused
        };
        let token = redeemed
            .answer
            .id_token
            .as_ref()
            .ok_or_else(|| refused(IdTokenError::Malformed))?;
        let uri = entry.jwks_uri().ok_or(Unidentified::Refused)?;
        let access_token = &redeemed
            .answer
            .parts
            .first()
            .ok_or(Unidentified::Refused)?
            .access_token;
        let expected = Expected {
            entry,
            client_id: &redeemed.attempt.upstream_client_id,
            nonce: redeemed
                .secrets
                .expose()
                .nonce
                .as_deref()
                .ok_or(Unidentified::Refused)?,
            access_token,
            now: redeemed.received_at,
        };
        let set = self.key_set(uri).await?;
        match id_token::verify(token.expose(), &set.keys, &expected) {
            Err(IdTokenError::KeyUnknown) if !set.just_fetched => {
                let set = self.fetch_key_set(uri).await?;
                id_token::verify(token.expose(), &set.keys, &expected).map_err(refused)
            }
            verified => verified.map_err(refused),
        }
    }

    async fn account_of_userinfo(
        &self,
        redeemed: &Redeemed,
        claims: Option<&Value>,
    ) -> Result<Account, Unidentified> {
        let entry = &redeemed.provider.entry;
        let access_token = &redeemed
            .answer
            .parts
            .first()
            .ok_or(Unidentified::Refused)?
            .access_token;
        let request = entry.identity(access_token).ok_or(Unidentified::Refused)?;
        let answer = self
            .inner()
            .egress
            .send(request)
            .await
            .map_err(|_| Unidentified::NotYet)?;
        let account = read(
            redeemed,
            entry.read_identity(IdentitySource::Userinfo(answer.as_upstream())),
        )?;
        // OpenID Connect Core section 5.3.2.
        if let Some(claims) = claims {
            let userinfo: Value =
                serde_json::from_slice(answer.body.expose()).map_err(|_| Unidentified::Refused)?;
            if userinfo.get("sub") != claims.get("sub") {
                return Err(Unidentified::Refused);
            }
        }
        Ok(account)
    }
}

fn read(redeemed: &Redeemed, account: Result<Account, UpstreamFailure>) -> Result<Account, Unidentified> {
    account.map_err(|failure| {
        tracing::warn!(provider.id = %redeemed.attempt.provider_id, error.reason = %failure, "no account");
        match failure {
            UpstreamFailure::Soft { .. } => Unidentified::NotYet,
            _ => Unidentified::Refused,
        }
    })
}
