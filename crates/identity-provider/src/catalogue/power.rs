//! What a provider can and cannot do, for those who decide what to hand out.

use serde_json::Value;
use vouchsafe_model::ScopeBound;
use vouchsafe_oauth_types::Scope;

use super::entry::Entry;
use super::schema::{
    IssuerCheck, Kind, Pkce, RefreshNarrowing, RefreshSupport, Reuse, RevokeEffect, RevokeShape,
    RevokeTokens, Rotation, SendScope, is_guid,
};

/// Whether a refresh can return less than the grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrowing {
    /// It cannot.
    No,
    /// By `scope`: the access token is really smaller, and the grant stays as it is.
    RefreshScope,
    /// Only the audience can be chosen: the token still can do everything consented there.
    AudienceOnly,
}

impl Entry {
    /// Whether a refresh can return less than the grant. Narrowing that would shrink the grant for good is `No`.
    pub const fn can_narrow(&self) -> Narrowing {
        match (
            self.refresh.support,
            self.refresh.send_scope,
            self.narrow.refresh_scope,
        ) {
            (RefreshSupport::RefreshToken, SendScope::Narrow, RefreshNarrowing::Yes) => {
                Narrowing::RefreshScope
            }
            (RefreshSupport::RefreshToken, SendScope::Narrow, RefreshNarrowing::AudienceOnly) => {
                Narrowing::AudienceOnly
            }
            _ => Narrowing::No,
        }
    }

    /// The least that a ceiling must include for any token of this provider to be handed out: what every connection asks
    /// for, and a provider that cannot narrow leaves in. What nobody can tell counts as everything (AR-10).
    pub fn least_ceiling(&self) -> ScopeBound {
        if self.can_narrow() == Narrowing::RefreshScope {
            return ScopeBound::Scopes(Scope::default());
        }
        if !self.tells_scopes() {
            return ScopeBound::Everything;
        }
        ScopeBound::Scopes(
            self.identity
                .scopes
                .as_scope()
                .difference(self.scope.offline.as_scope()),
        )
    }

    /// Whether the provider can end an access token before its time.
    pub const fn revocable(&self) -> bool {
        let takes_access = match self.revoke.effect {
            RevokeEffect::Grant => true,
            RevokeEffect::Token => !matches!(self.revoke.tokens, RevokeTokens::Refresh),
        };
        !matches!(self.revoke.shape, RevokeShape::None) && self.revoke.url.is_some() && takes_access
    }

    /// Whether access tokens may live without end (AR-08). What a token's own answer said counts more: a token without
    /// `expires_at` is unbounded.
    pub const fn unbounded_access_tokens(&self) -> bool {
        self.expires.zero_means_never || (!self.expires.always && self.expires.default_s.is_none())
    }

    /// Whether a refresh returns another refresh token.
    pub const fn rotation(&self) -> Rotation {
        self.refresh.rotation
    }

    /// Whether a refresh ends the access token before it.
    pub const fn kills_access_token(&self) -> bool {
        self.refresh.kills_access_token
    }

    /// Whether a refresh whose answer is lost may have spent the refresh token.
    pub(super) fn a_lost_answer_may_spend_the_token(&self) -> bool {
        self.refresh.support != RefreshSupport::None
            && self.refresh.rotation != Rotation::Never
            && self.refresh.reuse != Reuse::Idempotent
    }

    /// Whether the flow must bring a `code_challenge`.
    pub fn uses_pkce(&self) -> bool {
        self.pkce != Pkce::Omit
    }

    /// Whether the flow must bring a `nonce`, and verify the ID token that carries it (UP-03).
    pub fn uses_nonce(&self) -> bool {
        self.kind == Kind::Oidc
    }

    /// The `iss` that every authorization response must carry (RFC 9207), where the provider said that it sends one. An
    /// `iss` that comes without that is still compared with [`Entry::issuer`] (UP-05).
    pub fn expects_iss(&self) -> Option<&str> {
        if self.iss_parameter_supported {
            self.issuer()
        } else {
            None
        }
    }

    /// Whether `iss` of a verified ID token is this provider's. `claims` name the tenant where one issuer URL stands
    /// for many.
    pub fn issuer_matches(&self, iss: &str, claims: &Value) -> bool {
        let Some(issuer) = self.issuer() else {
            return false;
        };
        match (self.issuer_check, &self.issuer_template) {
            (IssuerCheck::Template, Some(template)) if !names_one_tenant(issuer, template) => {
                let tenant = claims
                    .get("tid")
                    .and_then(Value::as_str)
                    .filter(|tid| is_guid(tid));
                tenant.is_some_and(|tenant| template.replace("{tid}", tenant) == iss)
            }
            _ => iss == issuer,
        }
    }
}

/// Whether the configured issuer is the template with a tenant in it: then only that tenant is meant.
pub(super) fn names_one_tenant(issuer: &str, template: &str) -> bool {
    let Some((before, after)) = template.split_once("{tid}") else {
        return true;
    };
    issuer
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
        .is_some_and(is_guid)
}
