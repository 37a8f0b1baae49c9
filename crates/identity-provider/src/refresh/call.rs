//! The call upstream. No database connection is held here.

use vouchsafe_model::{EffectiveScope, UnixMillis};
use vouchsafe_oauth_types::Scope;

use super::prepare::Ready;
use crate::catalogue::{
    CatalogueError, RefreshAnswer, RefusedRefresh, TokenAnswer, TokenPart, UpstreamClient, UpstreamFailure,
};
use crate::identity_provider::IdentityProvider;

/// What the provider gave.
pub(super) struct Answered {
    /// The tokens of the grant that was refreshed.
    pub(super) part: TokenPart,
    /// All that came.
    pub(super) answer: TokenAnswer,
    /// Lives are counted from here, by our clock (F24).
    pub(super) received_at: UnixMillis,
}

impl IdentityProvider {
    pub(super) async fn call(&self, ready: &Ready) -> Result<Answered, RefusedRefresh> {
        let inner = self.inner();
        let entry = &ready.provider.entry;
        let client = UpstreamClient {
            client_id: &ready.provider.row.client_id,
            client_secret: ready.client_secret.as_ref(),
        };
        let redirect_uri = format!(
            "{}/connect/callback/{}",
            inner.issuer, ready.connection.provider_id
        );
        let request = entry
            .refresh(
                client,
                &ready.refresh_token,
                &ready.grant.part,
                Some(&redirect_uri),
                ready.want.narrow.as_ref(),
            )
            .map_err(|error| misconfigured(&error))?;
        let raw = inner.egress.send(request).await.map_err(|failure| {
            RefusedRefresh::without_tokens(entry.read_failure_of_transport(failure.sent))
        })?;
        let received_at = inner.clock.now();
        let grant = &ready.grant;
        let RefreshAnswer { mut part, answer } = entry.read_refresh_answer(
            &raw.as_upstream(),
            received_at,
            &held_scope(&grant.scope),
            &grant.part,
        )?;
        if grant.scope == EffectiveScope::Unknown {
            believe_no_less(&mut part, &entry.requested_scope(&Scope::empty()));
        }
        Ok(Answered {
            part,
            answer,
            received_at,
        })
    }
}

/// What a provider's silence about scopes stands for.
fn held_scope(scope: &EffectiveScope) -> Scope {
    match scope {
        EffectiveScope::Known(scope) => scope.clone(),
        EffectiveScope::Unknown => Scope::empty(),
    }
}

/// A grant that can do nobody knows what does not become small because an answer names only what is always asked for: it
/// may as well have named nothing (AR-10).
fn believe_no_less(part: &mut TokenPart, technical: &Scope) {
    if matches!(&part.scope, EffectiveScope::Known(scope) if scope.is_subset(technical)) {
        part.scope = EffectiveScope::Unknown;
    }
}

fn misconfigured(error: &CatalogueError) -> RefusedRefresh {
    tracing::error!(error = %error, "a refresh request cannot be made");
    RefusedRefresh::without_tokens(UpstreamFailure::Operator {
        code: "entry".to_owned(),
    })
}
