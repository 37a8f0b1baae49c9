//! Storing fresh tokens: in a new connection, or in place of old ones.

use vouchsafe_model::{
    AccessToken, Connection, ConnectionState, EffectiveScope, ReconnectReason, Secret, UpstreamGrant,
    UpstreamGrantId,
};
use vouchsafe_store::{
    StoreError, Tx, access_tokens, connections, data_keys, revoked_access, upstream_grants,
};
use vouchsafe_vault::OpenDataKey;

use super::ConnectError;
use super::redeem::Redeemed;
use crate::catalogue::{Account, TokenPart};
use crate::holdings::{Holding, Holdings, holdings};
use crate::identity_provider::IdentityProvider;
use crate::sealer::{Filed, Sealer};
use crate::sealing::Owner;

/// What a completed flow has written.
pub(super) struct Stored {
    pub(super) connection: Connection,
    pub(super) renewed: bool,
    /// Grants with their access tokens, as written.
    pub(super) grants: Vec<(UpstreamGrant, AccessToken)>,
    /// Grants that were removed.
    pub(super) removed: Vec<UpstreamGrantId>,
    /// What was granted, for the record.
    pub(super) scope: String,
}

/// How a renewal treats what is there.
struct Plan {
    /// Replaced by the fresh answer, or of no use any more.
    replaced: Vec<Holding>,
    /// Of another part, and as good as before.
    kept: Vec<Holding>,
    /// Whether old refresh tokens still work, and may still go where they would go.
    usable: bool,
}

impl IdentityProvider {
    pub(super) fn store_new(
        &self,
        tx: &mut Tx<'_>,
        redeemed: &Redeemed,
        account: &Account,
    ) -> Result<Stored, ConnectError> {
        let inner = self.inner();
        let attempt = &redeemed.attempt;
        let revoked = revoked_access::of_connections(tx, &attempt.user_id, &attempt.provider_id)?;
        let now = revoked_access::behind(revoked, inner.clock.now());
        let connection = Connection {
            id: attempt.connection_id.clone(),
            user_id: attempt.user_id.clone(),
            provider_id: attempt.provider_id.clone(),
            account_id: account.account_id.clone(),
            account_label: account.label.clone(),
            state: ConnectionState::Active,
            upstream_client_id: attempt.upstream_client_id.clone(),
            hosts: attempt.hosts,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let (key, row) = inner.vault.new_data_key(&connection.id, now);
        connections::insert(tx, &connection)?;
        data_keys::insert(tx, &row)?;
        let grants = self.store_parts(tx, redeemed, &connection, &key, |part| part.refresh_token.clone())?;
        Ok(Stored {
            connection,
            renewed: false,
            grants,
            removed: Vec::new(),
            scope: granted_scope(redeemed),
        })
    }

    /// Keeps the id. Replaced secrets leave under the key that sealed them; the fresh ones get a new one, unless other
    /// parts stay that rest on the old.
    pub(super) fn store_renewed(
        &self,
        tx: &mut Tx<'_>,
        redeemed: &Redeemed,
        account: &Account,
        old: &Connection,
    ) -> Result<Stored, ConnectError> {
        let inner = self.inner();
        let now = inner.clock.now();
        let held = holdings(tx, old)?;
        let old_key = held
            .data_key
            .as_ref()
            .and_then(|key| inner.vault.open_data_key(key).ok());
        let plan = plan(redeemed, old, held);
        let connection = Connection {
            account_label: account.label.clone().or_else(|| old.account_label.clone()),
            state: ConnectionState::Active,
            upstream_client_id: redeemed.attempt.upstream_client_id.clone(),
            hosts: redeemed.attempt.hosts,
            version: old.version + 1,
            updated_at: now,
            ..old.clone()
        };
        if !connections::update(tx, &connection, old.version)? {
            return Err(StoreError::Conflict.into());
        }
        let surviving = |part: &TokenPart| self.refresh_token_to_keep(&plan, old, old_key.as_ref()?, part);
        let parts = redeemed.answer.parts.iter();
        let refresh_tokens: Vec<Option<Secret<String>>> = parts
            .map(|part| part.refresh_token.clone().or_else(|| surviving(part)))
            .collect();
        self.retire(tx, redeemed, old, old_key.as_ref(), &plan.replaced)?;
        let key = if let (false, Some(key)) = (plan.kept.is_empty(), old_key) {
            key
        } else {
            let (key, row) = inner.vault.new_data_key(&connection.id, now);
            data_keys::insert(tx, &row)?;
            key
        };
        let mut rest = refresh_tokens.into_iter();
        let grants = self.store_parts(tx, redeemed, &connection, &key, |_| rest.next().flatten())?;
        data_keys::delete_unused(tx, &connection.id)?;
        Ok(Stored {
            connection,
            renewed: true,
            grants,
            removed: plan
                .replaced
                .into_iter()
                .map(|holding| holding.grant.id)
                .collect(),
            scope: granted_scope(redeemed),
        })
    }

    fn store_parts(
        &self,
        tx: &mut Tx<'_>,
        redeemed: &Redeemed,
        connection: &Connection,
        key: &OpenDataKey,
        mut refresh_token: impl FnMut(&TokenPart) -> Option<Secret<String>>,
    ) -> Result<Vec<(UpstreamGrant, AccessToken)>, StoreError> {
        let inner = self.inner();
        let received_at = redeemed.received_at;
        let sealer = Sealer {
            vault: &inner.vault,
            ids: &inner.ids,
            key,
            connection,
            received_at,
        };
        let mut grants = Vec::new();
        for part in &redeemed.answer.parts {
            let grant: UpstreamGrant = sealer.grant(part, refresh_token(part).as_ref());
            let token: AccessToken = sealer.access_token(&grant, part, Filed::default());
            upstream_grants::insert(tx, &grant)?;
            access_tokens::put(tx, &token)?;
            grants.push((grant, token));
        }
        Ok(grants)
    }

    /// A provider that gives a refresh token only once keeps honouring it (F9); one that was found dead, or that belongs
    /// to other hosts or another client, is of no use.
    fn refresh_token_to_keep(
        &self,
        plan: &Plan,
        old: &Connection,
        key: &OpenDataKey,
        part: &TokenPart,
    ) -> Option<Secret<String>> {
        if !plan.usable {
            return None;
        }
        let grant = &plan
            .replaced
            .iter()
            .find(|holding| holding.grant.part == part.name)?
            .grant;
        let sealed = grant.refresh_token.as_ref()?;
        let context = Owner::of(old).refresh_token(grant.id.as_str(), grant.version);
        self.inner().vault.open(key, &context, sealed).ok()
    }
}

fn plan(redeemed: &Redeemed, old: &Connection, held: Holdings) -> Plan {
    let attempt = &redeemed.attempt;
    let moved = old.hosts != attempt.hosts || old.upstream_client_id != attempt.upstream_client_id;
    let usable = !moved && !is_spent(old);
    let is_fresh = |holding: &Holding| {
        redeemed
            .answer
            .parts
            .iter()
            .any(|part| part.name == holding.grant.part)
    };
    let (replaced, kept) = held
        .grants
        .into_iter()
        .partition(|holding| !usable || is_fresh(holding));
    Plan {
        replaced,
        kept,
        usable,
    }
}

/// Whether its grants are known to be of no use.
fn is_spent(connection: &Connection) -> bool {
    matches!(
        connection.state,
        ConnectionState::NeedsConsent {
            reason: ReconnectReason::GrantDead | ReconnectReason::HostsChanged,
            ..
        }
    )
}

fn granted_scope(redeemed: &Redeemed) -> String {
    let scopes = redeemed.answer.parts.iter().map(|part| match &part.scope {
        EffectiveScope::Known(scope) => scope.to_string(),
        EffectiveScope::Unknown => "*".to_owned(),
    });
    scopes.collect::<Vec<_>>().join(" ")
}
